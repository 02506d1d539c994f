import { readFileSync } from 'node:fs';
import { WavReader } from '../../src/audio/wav.ts';
import { clip } from './daemon.ts';

/** All samples of a clip in the fixtures, which are 16 bits at 16 kHz. */
export function clipSamples(name: string): Int16Array {
  const samples = new WavReader(name).push(readFileSync(clip(name)));
  return Int16Array.from(samples, (sample) => Math.round(sample * 32_768));
}
