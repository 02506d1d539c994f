/**
 * Owns what waits for one socket, bounded by count and bytes; full, it gives up the oldest.
 * It does not send anything.
 */
export class PublicationQueue<T> {
  readonly #maxCount: number;
  readonly #maxBytes: number;
  readonly #items: { value: T; sizeBytes: number }[] = [];
  #head = 0;
  #bytes = 0;

  constructor(maxCount: number, maxBytes: number) {
    this.#maxCount = maxCount;
    this.#maxBytes = maxBytes;
  }

  get length(): number {
    return this.#items.length - this.#head;
  }

  /** Adds one and returns what had to go for it, oldest first; the newest is always kept. */
  push(value: T, sizeBytes: number): T[] {
    this.#items.push({ value, sizeBytes });
    this.#bytes += sizeBytes;
    const dropped: T[] = [];
    while (this.length > 1 && (this.length > this.#maxCount || this.#bytes > this.#maxBytes)) {
      const oldest = this.shift();
      if (oldest !== undefined) dropped.push(oldest);
    }
    return dropped;
  }

  shift(): T | undefined {
    const item = this.#items[this.#head];
    if (item === undefined) return undefined;
    this.#head += 1;
    this.#bytes -= item.sizeBytes;
    // Moves the rest down only now and then, so that a shift costs constant time on average.
    if (this.#head > 64 && this.#head * 2 > this.#items.length) {
      this.#items.splice(0, this.#head);
      this.#head = 0;
    }
    return item.value;
  }
}
