import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { writeWav } from '../../src/audio/wav-writer.ts';
import type { EventMessage } from '../../src/domain/messages.ts';
import { clipSamples } from '../support/clip-samples.ts';
import { LIVENESS_MS } from '../support/daemon.ts';
import { Microphone } from '../support/microphone.ts';
import { expectAccounted } from '../support/accounted.ts';
import { portAudioProblem, requireSoundServer } from '../support/on-virtual-card.ts';

const COMMAND = 'Turn on the kitchen lights.';

interface Fault {
  readonly name: string;
  readonly causes: readonly string[];
  readonly lose: (microphone: Microphone) => unknown;
  readonly undo: (microphone: Microphone) => unknown;
}

const nothing = (): void => undefined;

const FAULTS: readonly Fault[] = [
  {
    name: 'the card is pulled out and put in again',
    causes: ['removed', 'device_failed'],
    lose: ({ card }) => card.unplug(),
    undo: ({ card }) => card.plug(),
  },
  {
    name: 'the source is suspended and resumed',
    causes: ['suspended'],
    lose: ({ card }) => card.suspend(),
    undo: ({ card }) => card.resume(),
  },
  {
    name: 'the sound server freezes and thaws',
    causes: ['server_frozen'],
    lose: ({ card }) => card.freeze(),
    undo: ({ card }) => card.thaw(),
  },
  {
    name: 'the sound server is killed and started again',
    causes: ['server_lost', 'device_failed'],
    lose: ({ card }) => card.kill(),
    undo: async ({ card }) => {
      await card.startServer();
      await card.plug();
    },
  },
  {
    name: 'the server moves the stream to another microphone',
    causes: ['moved', 'device_failed'],
    lose: async ({ card }) => {
      await card.second();
      await card.unplug();
    },
    undo: async ({ card }) => {
      await card.plug();
      await card.removeSecond();
    },
  },
  {
    name: 'the process that holds it is killed',
    causes: ['process_killed'],
    lose: (microphone) => {
      microphone.signalCaptures('SIGKILL');
    },
    undo: nothing,
  },
  {
    name: 'the process that holds it is frozen',
    causes: ['stalled'],
    lose: (microphone) => {
      microphone.signalCaptures('SIGSTOP');
    },
    undo: nothing,
  },
];

/** What the events of one loss say of the samples fits together. */
function expectOneGap(lost: EventMessage, gap: EventMessage, opened: EventMessage): void {
  const { first_sample, last_sample, samples, duration_ms, cause } = gap.metadata;
  expect(cause).to.equal(lost.metadata['cause']);
  expect(first_sample).to.equal(lost.metadata['end_sample']);
  expect(opened.metadata['base_sample']).to.equal(Number(last_sample) + 1);
  expect(samples).to.equal(Number(last_sample) - Number(first_sample) + 1);
  expect(duration_ms).to.be.closeTo(Number(samples) / 16, 0.1);
}

/** The wake phrase, and eleven seconds that follow it. */
function longSpeech(): Uint8Array {
  const parts = ['hey_jarvis_af_heart', 'jfk'].map(clipSamples);
  return writeWav(Int16Array.from(parts.flatMap((samples) => [...samples])));
}

// clip --paplay--> sound server --parec or PortAudio--> daemon --WebSocket--> client
for (const backend of ['parec', 'portaudio'] as const) {
  describe(`the daemon with a microphone through ${backend}`, function () {
    this.timeout(2 * LIVENESS_MS);
    let microphone: Microphone;

    before(async function () {
      requireSoundServer(this);
      const problem = backend === 'portaudio' ? await portAudioProblem() : null;
      if (problem !== null) {
        process.stderr.write(`      not run on this machine, which lacks: ${problem}\n`);
        this.skip();
      }
      microphone = await Microphone.start({ set: [`audio.backends=${backend}`] });
      const opened = await microphone.event('source_opened');
      expect(opened.metadata).to.include({ kind: 'device', name: 'mic', backend });
    });

    after(async () => {
      await (microphone as Microphone | undefined)?.end();
    });

    it('hears a command after the wake phrase', async () => {
      const final = await microphone.say();
      expect(final.transcript).to.equal(COMMAND);
      expect(final.audio_source).to.equal('device');
    });

    for (const { name, causes, lose, undo } of FAULTS) {
      it(`says what was lost and why when ${name}, and hears the next command whole`, async () => {
        await lose(microphone);
        const lost = await microphone.event('device_lost');
        expect(causes).to.include(lost.metadata['cause']);
        expect(lost.metadata['backend']).to.equal(backend);
        await undo(microphone);
        const gap = await microphone.event('audio_gap');
        const opened = await microphone.event('source_opened');
        expect(opened.metadata).to.include({ name: 'mic', is_reopened: true });
        expectOneGap(lost, gap, opened);
        const final = await microphone.say('jarviscmd_bm_george');
        expect(final.transcript).to.equal(COMMAND);
        expectAccounted((await microphone.status()).samples);
      });
    }

    it('keeps its clock by that of the world across a loss', async () => {
      const spokenAt = async (): Promise<[spokenMs: number, heardSeconds: number]> => {
        const startedMs = Date.now();
        const final = await microphone.say();
        return [startedMs, final.audio_start_time];
      };
      const [firstMs, firstHeard] = await spokenAt();
      await microphone.card.unplug();
      await microphone.event('device_lost');
      await microphone.card.plug();
      await microphone.event('source_opened');
      const [secondMs, secondHeard] = await spokenAt();
      const passed = (secondMs - firstMs) / 1000;
      expect(secondHeard - firstHeard).to.be.closeTo(passed, 0.3);
    });

    it('finishes what was being said with what was heard, and marks it', async () => {
      const path = join(microphone.sandbox.folder, 'long.wav');
      writeFileSync(path, longSpeech());
      const reasons: string[] = [];
      // The speaker may pause at the moment of the loss; not every time.
      while (!reasons.includes('gap') && reasons.length < 5) {
        const playing = microphone.card.play(path).catch(() => undefined);
        const { utterance_id } = await microphone.text(/fellow/i);
        await microphone.card.unplug();
        // Before the microphone is back.
        reasons.push(await microphone.endOf(utterance_id));
        await playing;
        await microphone.card.plug();
        await microphone.event('source_opened');
      }
      expect(reasons).to.include('gap');
    });

    it('stops within its bound while the sound server is frozen', async () => {
      await microphone.card.freeze();
      await microphone.event('device_lost');
      const { code } = await microphone.daemon.stop();
      await microphone.card.thaw();
      expect(code).to.equal(0);
    });
  });
}
