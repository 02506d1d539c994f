/**
 * Things that happen to a microphone at random, for longer than the tests do it:
 *
 *   npx tsx test/pipeline/microphone-campaign.ts [--count N] [--seed S] [--steps N] [--backends LIST]
 */
import { parseArgs } from 'node:util';
import { Chance } from '../conformance/otp/chance.ts';
import { childrenOf } from '../support/daemon.ts';
import { expectAccounted } from '../support/accounted.ts';
import { Microphone } from '../support/microphone.ts';
import { tryMicrophone } from './microphone-trial.ts';

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
    steps: { type: 'string', default: '6' },
    backends: { type: 'string', default: 'parec,portaudio' },
  },
});

const microphone = await Microphone.start({ set: [`audio.backends=${values.backends}`] });
await microphone.event('source_opened');
let faults = 0;
for (let trial = 0; trial < Number(values.count); trial += 1) {
  const seed = Number(values.seed) + trial;
  try {
    const done = await tryMicrophone(microphone, new Chance(seed), Number(values.steps));
    faults += done.length;
    expectAccounted((await microphone.status()).samples);
  } catch (thrown) {
    process.stdout.write(`seed ${String(seed)}: ${String(thrown)}\n`);
    process.exitCode = 1;
    break;
  }
  const processes = childrenOf(microphone.daemon.pid).length;
  process.stdout.write(
    `seed ${String(seed)}: heard; ${String(faults)} things done, ${String(processes)} processes\n`,
  );
}
await microphone.end();
