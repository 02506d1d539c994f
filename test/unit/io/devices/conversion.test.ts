import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { measureLevel } from '../../../../src/audio/level.ts';
import { writeWav } from '../../../../src/audio/wav-writer.ts';
import type { BackendName } from '../../../../src/domain/capture.ts';
import { msToSamples } from '../../../../src/domain/pcm.ts';
import { backendOf } from '../../../../src/io/devices/device-list.ts';
import { DeviceSource } from '../../../../src/io/devices/device-source.ts';
import { systemClock } from '../../../../src/io/system-clock.ts';
import { OwnCard, portAudioProblem } from '../../../support/on-virtual-card.ts';

const AMPLITUDE = 0.5;
const PLAYED_DBFS = 20 * Math.log10(AMPLITUDE / Math.SQRT2);
const TONE_MS = 1_000;
/** From the beginning of one tone to that of the next. */
const STEP_MS = 1_200;
const FADE_MS = 50;
/** What is measured at once; a single click must not decide. */
const WINDOW_MS = 50;

/** One tone after the other, each faded in and out, so that nothing but the tone is in the signal. */
function tones(frequenciesHz: readonly number[], sampleRateHz: number): Int16Array {
  const perMs = sampleRateHz / 1000;
  const samples = new Int16Array(frequenciesHz.length * STEP_MS * perMs);
  frequenciesHz.forEach((frequencyHz, index) => {
    const from = index * STEP_MS * perMs;
    for (let i = 0; i < TONE_MS * perMs; i++) {
      const edge = Math.min(1, i / (FADE_MS * perMs), TONE_MS / FADE_MS - i / (FADE_MS * perMs));
      const fade = Math.sin((edge * Math.PI) / 2) ** 2;
      const phase = (2 * Math.PI * frequencyHz * i) / sampleRateHz;
      samples[from + i] = Math.round(32_767 * AMPLITUDE * fade * Math.sin(phase));
    }
  });
  return samples;
}

/** The level of the tone of that place, where `begin` is the place of the first one; the median of many windows. */
function levelOf(heard: Int16Array, begin: number, place: number): number {
  const from = begin + msToSamples(place * STEP_MS + 2 * FADE_MS);
  const windows = Math.floor((TONE_MS - 4 * FADE_MS) / WINDOW_MS);
  const levels = Array.from({ length: windows }, (_, index) => {
    const at = from + index * msToSamples(WINDOW_MS);
    return measureLevel(heard.subarray(at, at + msToSamples(WINDOW_MS))).rmsDbfs;
  });
  return levels.sort((a, b) => a - b)[windows >> 1] ?? NaN;
}

const CARDS = [
  ['44.1 kHz, mono and float', { sampleRateHz: 44_100, channels: 1, format: 'float32le' }],
  ['48 kHz and stereo', { sampleRateHz: 48_000, channels: 2, format: 's16le' }],
] as const;

// tones --paplay--> card of its own rate --sound server--> parec or PortAudio --> 16 kHz, mono
for (const backend of ['parec', 'portaudio'] as const satisfies BackendName[]) {
  for (const [title, options] of CARDS) {
    describe(`a card of ${title} through ${backend}`, function () {
      this.timeout(60_000);
      let own: OwnCard;
      let heard: Int16Array;
      let begin: number;

      before(async function () {
        own = await OwnCard.start(this, { ...options, noise: false });
        const problem = backend === 'portaudio' ? await portAudioProblem() : null;
        if (problem !== null) {
          process.stderr.write(`      not run on this machine, which lacks: ${problem}\n`);
          this.skip();
        }
        heard = await record([1_000, 9_000, 11_000], options.sampleRateHz);
        begin = heard.findIndex((sample) => Math.abs(sample) > 1_000);
      });

      after(async () => {
        await (own as OwnCard | undefined)?.stop();
      });

      async function record(frequenciesHz: number[], sampleRateHz: number): Promise<Int16Array> {
        const folder = mkdtempSync(join(tmpdir(), 'rtap-test-'));
        const path = join(folder, 'tones.wav');
        writeFileSync(path, writeWav(tones(frequenciesHz, sampleRateHz), sampleRateHz));
        const source = new DeviceSource({
          backend: backendOf(backend),
          device: 'mic',
          clock: systemClock,
        });
        const frames: Int16Array[] = [];
        const enough = msToSamples((frequenciesHz.length + 1) * STEP_MS);
        try {
          await source.open();
          await new Promise<void>((resolve, reject) => {
            let playedFrom = Infinity;
            source.start({
              frame: (samples) => {
                frames.push(samples);
                const isLoud = samples.some((sample) => Math.abs(sample) > 1_000);
                if (isLoud && playedFrom === Infinity) playedFrom = frames.length;
                if ((frames.length - playedFrom) * samples.length >= enough) resolve();
              },
              gap: () => undefined,
              lost: ({ message }) => {
                reject(new Error(message));
              },
            });
            own.card.play(path).catch(reject);
          });
        } finally {
          await source.stop();
          rmSync(folder, { recursive: true });
        }
        return Int16Array.from(frames.flatMap((frame) => [...frame]));
      }

      it('keeps the level of 1 kHz', () => {
        expect(levelOf(heard, begin, 0)).to.be.closeTo(PLAYED_DBFS, 0.1);
      });

      for (const [place, frequency] of [
        [1, '9 kHz'],
        [2, '11 kHz'],
      ] as const) {
        it(`lets hardly anything through of ${frequency}, which 16 kHz cannot hold`, () => {
          expect(levelOf(heard, begin, place) - PLAYED_DBFS).to.be.below(-60);
        });
      }
    });
  }
}
