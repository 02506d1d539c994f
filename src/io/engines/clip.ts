import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { RtapError, describeError } from '../../domain/errors.ts';
import { packageRoot } from '../package-root.ts';

const HEADER_BYTES = 44;

/** The samples of a warm-up clip that ships with RTAP: 16-bit, mono, 16 kHz, with the plainest WAV header. */
export function readClip(name: string): Int16Array {
  const path = join(packageRoot(), 'src', 'assets', 'warmup', `${name}.wav`);
  try {
    const bytes = readFileSync(path);
    if (bytes.toString('latin1', 36, 40) !== 'data') throw new Error(`${path} is no plain WAV`);
    const samples = new Int16Array((bytes.length - HEADER_BYTES) >> 1);
    for (let index = 0; index < samples.length; index += 1) {
      samples[index] = bytes.readInt16LE(HEADER_BYTES + 2 * index);
    }
    return samples;
  } catch (thrown) {
    throw new RtapError('ENGINE_LOAD', `a warm-up clip cannot be read: ${describeError(thrown)}`, {
      path,
    });
  }
}
