/** What one reader lost, from the first position to the last; `samples` of them were captured. */
export interface Loss {
  readonly reader: string;
  readonly firstSample: number;
  readonly lastSample: number;
  readonly samples: number;
}

/**
 * Owns the losses that nobody has been told of yet, one entry a reader, so that a long overrun is a few entries and
 * none is lost while nobody asks. The positions of an entry are the outermost; its count is exact.
 */
export class LossLedger {
  readonly #untold = new Map<string, Loss>();

  note(loss: Loss): void {
    const { reader } = loss;
    const before = this.#untold.get(reader);
    if (before === undefined) this.#untold.set(reader, loss);
    else {
      this.#untold.set(reader, {
        reader,
        firstSample: Math.min(before.firstSample, loss.firstSample),
        lastSample: Math.max(before.lastSample, loss.lastSample),
        samples: before.samples + loss.samples,
      });
    }
  }

  /** The readers that have lost something. */
  get readers(): string[] {
    return [...this.#untold.keys()];
  }

  /** What the reader lost since it was last taken, or null. */
  take(reader: string): Loss | null {
    const loss = this.#untold.get(reader) ?? null;
    this.#untold.delete(reader);
    return loss;
  }
}
