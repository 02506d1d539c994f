/** Makes the bundled recording out of the test clips; run as a program, it writes the file. */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { WavReader } from '../../src/audio/wav.ts';
import { writeWav } from '../../src/audio/wav-writer.ts';
import { msToSamples } from '../../src/domain/pcm.ts';

const CLIPS = new URL('../fixtures/audio/', import.meta.url);
export const RECORDING = new URL('../../src/assets/recording/first-minute.wav', import.meta.url);

/** Clips, and between them pauses in milliseconds. */
const SCORE: readonly (string | number)[] = [
  300,
  'jarviscmd_af_heart.wav',
  1200,
  'hey_jarvis_bm_george.wav',
  350,
  'cmd2_bm_george.wav',
  1200,
  'hey_jarvis_am_michael.wav',
  350,
  'cmd5_am_michael.wav',
  1200,
  'hey_jarvis_bf_emma.wav',
  350,
  'cmd1_bf_emma.wav',
  1500,
];

/** Peak of the noise floor: a triangular distribution of about -70 dBFS, since no room is digitally silent. */
const NOISE_PEAK = 25;

/** What is quieter than this at a clip's ends is no speech: about -50 dBFS. */
const SPEECH_PEAK = 100;
const MARGIN_SAMPLES = msToSamples(100);

/** The recording as a WAV file; the same bytes every time. */
export function makeRecording(): Uint8Array {
  const parts = SCORE.map((part) =>
    typeof part === 'number' ? new Int16Array(msToSamples(part)) : readSpeech(part),
  );
  const random = uniform(1);
  const samples = parts.flatMap((part) =>
    Array.from(part, (sample) => {
      const noise = Math.round((random() - random()) * NOISE_PEAK);
      return Math.max(-32_768, Math.min(32_767, sample + noise));
    }),
  );
  return writeWav(Int16Array.from(samples));
}

/** A clip without the silence at its ends, so that the pauses of the score are what is heard. */
function readSpeech(name: string): Int16Array {
  const samples = new WavReader(name).push(readFileSync(new URL(name, CLIPS)));
  const clip = Int16Array.from(samples, (sample) => sample * 32_768);
  const isSpeech = (sample: number): boolean => Math.abs(sample) > SPEECH_PEAK;
  const first = Math.max(0, clip.findIndex(isSpeech) - MARGIN_SAMPLES);
  return clip.subarray(first, clip.findLastIndex(isSpeech) + 1 + MARGIN_SAMPLES);
}

/** A linear congruential generator from 0 to 1, so that the noise is the same on every machine. */
function uniform(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 0x1_0000_0000;
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(RECORDING, makeRecording());
