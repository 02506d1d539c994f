export interface BackoffOptions {
  initialMs: number;
  maxMs: number;
  /** The same seed gives the same delays. */
  seed: number;
}

/** Owns the delays between tries: doubling up to a cap, each shortened by up to half at random. */
export class Backoff {
  readonly #options: BackoffOptions;
  #state: number;
  #attempt = 0;

  constructor(options: BackoffOptions) {
    if (!(options.initialMs > 0) || options.maxMs < options.initialMs) {
      throw new RangeError('A backoff needs 0 < initialMs <= maxMs.');
    }
    this.#options = options;
    this.#state = options.seed >>> 0;
  }

  nextMs(): number {
    const { initialMs, maxMs } = this.#options;
    const fullMs = Math.min(maxMs, initialMs * 2 ** Math.min(this.#attempt, 30));
    this.#attempt += 1;
    return Math.round(fullMs * (1 - 0.5 * this.#random()));
  }

  reset(): void {
    this.#attempt = 0;
  }

  /** mulberry32: 0 to 1, 1 excluded. */
  #random(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }
}
