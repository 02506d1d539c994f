import { createRequire } from 'node:module';
import type * as LibSampleRate from '@alexanderolsen/libsamplerate-js';
import { SAMPLE_RATE_HZ } from '../domain/pcm.ts';

/** Mono samples from -1 to 1 at any rate in, 16-bit samples at 16 kHz out; a stream, not thread-safe. */
export interface Resampler {
  push(samples: Float32Array): Int16Array;
  /** The tail that the filter still holds; afterwards `round(in * 16000 / rate)` samples have come out. Ends the stream. */
  flush(): Int16Array;
  /** Frees the converter; idempotent. */
  close(): void;
}

interface Converter {
  full(samples: Float32Array): Float32Array;
  destroy(): void;
}

/** One conversion's input: libsamplerate takes 4 MB at once, and mishandles views into larger arrays beyond that. */
const CHUNK_SAMPLES = 16_384;

/** The highest rate that the package accepts by name; only the ratio of the two rates matters to it. */
const MAX_CONVERTER_RATE_HZ = 192_000;

/**
 * A streaming converter to 16 kHz. At 16 kHz it only rounds to 16 bits, exactly for samples that were 16 bits.
 * Otherwise it is libsamplerate's medium sinc: flat to about 7 kHz, aliases below -100 dB, its delay compensated.
 */
export async function createResampler(sampleRateHz: number): Promise<Resampler> {
  if (sampleRateHz === SAMPLE_RATE_HZ) {
    return { push: toInt16, flush: () => new Int16Array(0), close: () => undefined };
  }
  const divisor = sampleRateHz > MAX_CONVERTER_RATE_HZ ? 2 : 1;
  const library = loadLibrary();
  const converter = await library.create(1, sampleRateHz / divisor, SAMPLE_RATE_HZ / divisor, {
    converterType: library.ConverterType.SRC_SINC_MEDIUM_QUALITY,
  });
  return new ConvertingResampler(converter, SAMPLE_RATE_HZ / sampleRateHz);
}

/** Only when it is needed, since it brings 2 MB of WebAssembly; by require, since the package is CommonJS. */
function loadLibrary(): typeof LibSampleRate {
  return createRequire(import.meta.url)('@alexanderolsen/libsamplerate-js') as typeof LibSampleRate;
}

class ConvertingResampler implements Resampler {
  readonly #converter: Converter;
  readonly #ratio: number;
  #inSamples = 0;
  #outSamples = 0;
  #closed = false;

  constructor(converter: Converter, ratio: number) {
    this.#converter = converter;
    this.#ratio = ratio;
  }

  push(samples: Float32Array): Int16Array {
    this.#inSamples += samples.length;
    const parts: Float32Array[] = [];
    for (let at = 0; at < samples.length; at += CHUNK_SAMPLES) {
      parts.push(this.#converter.full(samples.subarray(at, at + CHUNK_SAMPLES)));
    }
    const converted = toInt16(joined(parts));
    this.#outSamples += converted.length;
    return converted;
  }

  flush(): Int16Array {
    const missing = Math.round(this.#inSamples * this.#ratio) - this.#outSamples;
    const zeros = new Float32Array(Math.ceil(256 / this.#ratio));
    const parts: Float32Array[] = [];
    let found = 0;
    while (found < missing) {
      const part = this.#converter.full(zeros);
      if (part.length === 0) break;
      parts.push(part);
      found += part.length;
    }
    const tail = toInt16(joined(parts).subarray(0, Math.max(0, missing)));
    this.#outSamples += tail.length;
    return tail;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#converter.destroy();
  }
}

function joined(parts: Float32Array[]): Float32Array {
  const [only] = parts;
  if (only !== undefined && parts.length === 1) return only;
  const whole = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function toInt16(samples: Float32Array): Int16Array {
  const rounded = new Int16Array(samples.length);
  samples.forEach((sample, index) => {
    rounded[index] = Math.max(-32_768, Math.min(32_767, Math.round(sample * 32_768)));
  });
  return rounded;
}
