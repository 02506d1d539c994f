/** Three times the rate, and back: what stands between 16 and 48 kHz. */
const FACTOR = 3;

/** Taps of the filter at the higher rate; odd, so that its delay is a whole number of samples. */
const TAPS = 97;

/** The band that is kept, as a share of the lower rate: 7.2 of 8 kHz. */
const CUTOFF = 0.45;

/** What either conversion delays the signal by, in samples of the lower rate. */
export const TRIPLE_DELAY_SAMPLES = (TAPS - 1) / 2 / FACTOR;

const FILTER = lowPass();

/**
 * Raises a stream to three times its rate, block by block; a block has any length, and the result lives until the next
 * call. Cheaper by far than a converter of any ratio; flat to about 6 kHz at 16 kHz, images below -70 dB.
 */
export class TripledRate {
  readonly #line: Float32Array;
  readonly #raised: Float32Array;
  readonly #history = (TAPS - 1) / FACTOR;

  constructor(maxBlock: number) {
    this.#line = new Float32Array(this.#history + maxBlock);
    this.#raised = new Float32Array(FACTOR * maxBlock);
  }

  push(block: Float32Array): Float32Array {
    const line = this.#line;
    line.set(block, this.#history);
    for (let index = 0; index < block.length; index++) {
      const newest = index + this.#history;
      for (let phase = 0; phase < FACTOR; phase++) {
        let sum = 0;
        for (let tap = phase, at = newest; tap < TAPS; tap += FACTOR, at--) {
          sum += (FILTER[tap] ?? 0) * (line[at] ?? 0);
        }
        this.#raised[FACTOR * index + phase] = FACTOR * sum;
      }
    }
    line.copyWithin(0, block.length, block.length + this.#history);
    return this.#raised.subarray(0, FACTOR * block.length);
  }

  reset(): void {
    this.#line.fill(0);
  }
}

/** Brings a stream back to a third of its rate; the length of a block is a multiple of three. */
export class ThirdRate {
  readonly #line: Float32Array;
  readonly #lowered: Float32Array;
  readonly #history = TAPS - 1;

  constructor(maxBlock: number) {
    this.#line = new Float32Array(this.#history + maxBlock);
    this.#lowered = new Float32Array(maxBlock / FACTOR);
  }

  push(block: Float32Array): Float32Array {
    const line = this.#line;
    line.set(block, this.#history);
    const count = block.length / FACTOR;
    for (let index = 0; index < count; index++) {
      const newest = FACTOR * index + this.#history;
      let sum = 0;
      for (let tap = 0; tap < TAPS; tap++) sum += (FILTER[tap] ?? 0) * (line[newest - tap] ?? 0);
      this.#lowered[index] = sum;
    }
    line.copyWithin(0, block.length, block.length + this.#history);
    return this.#lowered.subarray(0, count);
  }

  reset(): void {
    this.#line.fill(0);
  }
}

/** A windowed sinc (Blackman) whose sum is 1. */
function lowPass(): Float32Array {
  const taps = Float64Array.from({ length: TAPS }, (_, index) => {
    const at = index - (TAPS - 1) / 2;
    const turn = (2 * Math.PI * index) / (TAPS - 1);
    const window = 0.42 - 0.5 * Math.cos(turn) + 0.08 * Math.cos(2 * turn);
    const share = (2 * CUTOFF) / FACTOR;
    return window * (at === 0 ? share : Math.sin(Math.PI * share * at) / (Math.PI * at));
  });
  const sum = taps.reduce((total, tap) => total + tap, 0);
  return Float32Array.from(taps, (tap) => tap / sum);
}
