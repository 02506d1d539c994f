/** One thing that a history holds, and its place among all that were added. */
export interface HistoryEntry<T> {
  readonly value: T;
  readonly sizeBytes: number;
}

/**
 * Owns the last entries of one gapless sequence, bounded by count and by bytes.
 * The newest entry is kept whatever its size; an older one may be gone at any time.
 */
export class BoundedHistory<T> {
  readonly #maxCount: number;
  readonly #maxBytes: number;
  readonly #ring: (HistoryEntry<T> | undefined)[];
  #last = 0;
  #count = 0;
  #bytes = 0;

  constructor(maxCount: number, maxBytes: number) {
    if (!Number.isInteger(maxCount) || maxCount < 1) throw new RangeError('maxCount is at least 1');
    if (!(maxBytes > 0)) throw new RangeError('maxBytes is more than 0');
    this.#maxCount = maxCount;
    this.#maxBytes = maxBytes;
    this.#ring = new Array<HistoryEntry<T> | undefined>(maxCount);
  }

  /** Sequence number of the newest entry; 0 before the first. */
  get last(): number {
    return this.#last;
  }

  /** Sequence number of the oldest entry that is still held; `last + 1` when none is. */
  get oldest(): number {
    return this.#last - this.#count + 1;
  }

  get sizeBytes(): number {
    return this.#bytes;
  }

  append(value: T, sizeBytes: number): void {
    if (this.#count === this.#maxCount) this.#forgetOldest();
    this.#last += 1;
    this.#count += 1;
    this.#bytes += sizeBytes;
    this.#ring[this.#last % this.#maxCount] = { value, sizeBytes };
    while (this.#bytes > this.#maxBytes && this.#count > 1) this.#forgetOldest();
  }

  at(sequence: number): T | undefined {
    if (sequence < this.oldest || sequence > this.#last) return undefined;
    return this.#ring[sequence % this.#maxCount]?.value;
  }

  #forgetOldest(): void {
    const index = this.oldest % this.#maxCount;
    this.#bytes -= this.#ring[index]?.sizeBytes ?? 0;
    this.#ring[index] = undefined;
    this.#count -= 1;
  }
}
