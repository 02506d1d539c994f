/** How far a stage has looked at the audio, and who waits for it to get there. */
export class Progress {
  #position = 0;
  readonly #waiting = new Map<string, { sample: number; callback: () => void }>();

  get position(): number {
    return this.#position;
  }

  /** Moves on, never back; calls back those whose sample has been passed. */
  advance(position: number): void {
    if (position <= this.#position) return;
    this.#position = position;
    for (const [key, { sample, callback }] of this.#waiting) {
      if (sample > position) continue;
      this.#waiting.delete(key);
      callback();
    }
  }

  /** Everybody's wait is over: nothing more will be looked at. */
  finish(): void {
    this.advance(Infinity);
  }

  /** A new start from a position that nothing has been looked at yet. */
  restart(position: number): void {
    this.#position = position;
  }

  /** Calls back once `sample` has been passed, perhaps at once; a second wait with the same key replaces the first. */
  when(key: string, sample: number, callback: () => void): void {
    this.#waiting.delete(key);
    if (this.#position >= sample) callback();
    else this.#waiting.set(key, { sample, callback });
  }

  cancel(key: string): void {
    this.#waiting.delete(key);
  }
}
