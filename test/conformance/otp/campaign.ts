/** Thousands of random scenarios on both: `tsx test/conformance/otp/campaign.ts --count 5000 --seed 1`. */
import { parseArgs } from 'node:util';
import { disagreements, sample, told } from './comparison.ts';
import { prepareErlang } from './twin.ts';

const USAGE = 'usage: tsx test/conformance/otp/campaign.ts [--count N] [--seed N]\n';

/** So many are begun with one node, and in memory. */
const BATCH = 1_000;
/** Of so many disagreements the traces are printed. */
const MOST_TOLD = 20;

interface Order {
  readonly count: number;
  readonly seed: number;
}

function orderOf(args: string[]): Order | null {
  try {
    const { values } = parseArgs({
      args,
      options: {
        count: { type: 'string', default: '1000' },
        seed: { type: 'string', default: '1' },
      },
    });
    const order = { count: Number(values.count), seed: Number(values.seed) };
    return Object.values(order).every((one) => Number.isInteger(one) && one > 0) ? order : null;
  } catch {
    return null;
  }
}

async function campaign({ count, seed }: Order): Promise<boolean> {
  let left = count;
  let next = seed;
  let closeCalls = 0;
  let decisions = 0;
  let differing = 0;
  while (left > 0) {
    const batch = await sample(Math.min(BATCH, left), next);
    left -= batch.scenarios.length;
    next += batch.scenarios.length + batch.closeCalls + batch.decisions;
    closeCalls += batch.closeCalls;
    decisions += batch.decisions;
    for (const one of await disagreements(batch.scenarios)) {
      differing += 1;
      if (differing <= MOST_TOLD) process.stdout.write(`${told(one)}\n\n`);
    }
    process.stdout.write(`${count - left} of ${count}, ${differing} differ\n`);
  }
  process.stdout.write(
    `set aside: ${decisions} that differ by decision, ${closeCalls} close calls\n` +
      `${count - differing} of ${count} scenarios agree with OTP's supervisor (seeds ${seed} to ${next - 1})\n`,
  );
  return differing === 0;
}

const order = orderOf(process.argv.slice(2));
const lacking = prepareErlang();
if (order === null) {
  process.stderr.write(USAGE);
  process.exitCode = 2;
} else if (lacking !== undefined) {
  process.stderr.write(`this takes ${lacking}\n`);
  process.exitCode = 2;
} else if (!(await campaign(order))) {
  process.exitCode = 1;
}
