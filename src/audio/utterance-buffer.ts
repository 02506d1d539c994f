import type { SampleRing } from './sample-ring.ts';

/**
 * Owns the samples of one utterance, from `firstSample` on, apart from the ring that they came out of.
 * It grows by doubling up to `maxSamples`; what does not fit is left where it is.
 * Positions are absolute sample counts.
 */
export class UtteranceBuffer {
  readonly firstSample: number;
  readonly maxSamples: number;
  #samples: Int16Array;
  #length = 0;

  constructor(firstSample: number, maxSamples: number) {
    if (!Number.isSafeInteger(maxSamples) || maxSamples < 1) {
      throw new RangeError(
        `An utterance buffer holds at least one sample, not ${String(maxSamples)}`,
      );
    }
    this.firstSample = firstSample;
    this.maxSamples = maxSamples;
    this.#samples = new Int16Array(Math.min(maxSamples, 16_000));
  }

  get length(): number {
    return this.#length;
  }

  /** The position after the last sample held. */
  get endSample(): number {
    return this.firstSample + this.#length;
  }

  /** Appends what the ring has up to `to`, as far as it fits; throws RangeError when the ring does not hold all that fits. */
  appendFrom(ring: SampleRing, to: number): void {
    const count = Math.min(to - this.endSample, this.maxSamples - this.#length);
    if (count <= 0) return;
    this.#grow(this.#length + count);
    ring.copyInto(this.#samples.subarray(this.#length, this.#length + count), this.endSample);
    this.#length += count;
  }

  /** The samples of `[from, to)` in a new array; throws RangeError when they are not wholly held. */
  slice(from: number = this.firstSample, to: number = this.endSample): Int16Array {
    if (from < this.firstSample || to > this.endSample || from > to) {
      throw new RangeError(
        `The utterance holds samples ${String(this.firstSample)} to ${String(this.endSample)}, not ${String(from)} to ${String(to)}`,
      );
    }
    return this.#samples.slice(from - this.firstSample, to - this.firstSample);
  }

  #grow(needed: number): void {
    if (needed <= this.#samples.length) return;
    const grown = new Int16Array(
      Math.min(this.maxSamples, Math.max(needed, 2 * this.#samples.length)),
    );
    grown.set(this.#samples.subarray(0, this.#length));
    this.#samples = grown;
  }
}
