import type { Rnnoise } from '@echogarden/rnnoise-wasm';
import { FrameCutter } from '../audio/frame-cutter.ts';
import { TRIPLE_DELAY_SAMPLES, ThirdRate, TripledRate } from '../audio/triple-rate.ts';
import { RtapError, describeError } from '../domain/errors.ts';

/** RNNoise's own frame: 10 ms at 48 kHz. */
const NOISE_FRAME_SAMPLES = 480;
const HOP_SAMPLES = 160;

/** Both conversions, and the frame by which RNNoise is late, in samples at 16 kHz. */
const DELAY_SAMPLES = 2 * TRIPLE_DELAY_SAMPLES + HOP_SAMPLES;

/**
 * Takes noise out of 16 kHz speech with RNNoise, whose home is 48 kHz. Its delay is accounted for: the n-th sample that
 * comes out belongs to the n-th that went in, and `flush` brings those that are still inside. What is above 7 kHz is
 * lost. It makes no promise about anything but speech, and what it gives is recognised worse than the original.
 */
export class Denoiser {
  readonly #rnnoise: Rnnoise;
  readonly #frame: number;
  #state: number;
  readonly #cutter = new FrameCutter(HOP_SAMPLES);
  readonly #scaled = new Float32Array(HOP_SAMPLES);
  readonly #up = new TripledRate(HOP_SAMPLES);
  readonly #down = new ThirdRate(NOISE_FRAME_SAMPLES);
  #toSkip = DELAY_SAMPLES;
  /** Samples that went in and have not come out. */
  #inside = 0;

  /** Made by {@link Denoiser.load} alone. */
  constructor(rnnoise: Rnnoise) {
    this.#rnnoise = rnnoise;
    this.#frame = rnnoise._malloc(NOISE_FRAME_SAMPLES * Float32Array.BYTES_PER_ELEMENT);
    this.#state = rnnoise._rnnoise_create(0);
  }

  /** Rejects with `ENGINE_LOAD`. */
  static async load(): Promise<Denoiser> {
    try {
      // Only when it is asked for, since it is WebAssembly of 16 MB.
      const { default: load } = await import('@echogarden/rnnoise-wasm');
      return new Denoiser(await load());
    } catch (thrown) {
      throw new RtapError('ENGINE_LOAD', `RNNoise cannot be loaded: ${describeError(thrown)}`);
    }
  }

  /** The samples that are clean by now, in order. */
  push(samples: Int16Array): Int16Array {
    this.#inside += samples.length;
    const hops = this.#cutter.push(samples);
    const clean = new Int16Array(hops.length * HOP_SAMPLES);
    hops.forEach((hop, index) => {
      this.#process(hop, clean.subarray(index * HOP_SAMPLES));
    });
    const skipped = Math.min(this.#toSkip, clean.length);
    this.#toSkip -= skipped;
    const due = clean.subarray(skipped);
    this.#inside -= due.length;
    return due;
  }

  /** The samples that are still inside; it starts afresh after them. */
  flush(): Int16Array {
    const missing = this.#inside;
    const silence = new Int16Array(DELAY_SAMPLES + HOP_SAMPLES);
    const rest = missing === 0 ? silence : this.push(silence);
    this.#rnnoise._rnnoise_destroy(this.#state);
    this.#state = this.#rnnoise._rnnoise_create(0);
    this.#up.reset();
    this.#down.reset();
    this.#cutter.rest();
    this.#toSkip = DELAY_SAMPLES;
    this.#inside = 0;
    return rest.subarray(0, missing);
  }

  #process(hop: Int16Array, clean: Int16Array): void {
    for (let index = 0; index < HOP_SAMPLES; index++) this.#scaled[index] = hop[index] ?? 0;
    const rnnoise = this.#rnnoise;
    const at = this.#frame / Float32Array.BYTES_PER_ELEMENT;
    const frame = rnnoise.HEAPF32.subarray(at, at + NOISE_FRAME_SAMPLES);
    frame.set(this.#up.push(this.#scaled));
    rnnoise._rnnoise_process_frame(this.#state, this.#frame, this.#frame);
    const lowered = this.#down.push(frame);
    for (let index = 0; index < HOP_SAMPLES; index++) {
      clean[index] = Math.max(-32_768, Math.min(32_767, Math.round(lowered[index] ?? 0)));
    }
  }
}
