/** A clock for XState that steps from timer to timer, so that each fires at its own time and in order. */
export class VirtualClock {
  #nowMs = 0;
  #lastId = 0;
  readonly #timers = new Map<number, { at: number; callback: () => void }>();

  now(): number {
    return this.#nowMs;
  }

  setTimeout(callback: () => void, delayMs: number): number {
    this.#lastId += 1;
    this.#timers.set(this.#lastId, { at: this.#nowMs + Math.max(0, delayMs), callback });
    return this.#lastId;
  }

  clearTimeout(id: number): void {
    this.#timers.delete(id);
  }

  get pending(): number {
    return this.#timers.size;
  }

  advance(durationMs: number): void {
    const end = this.#nowMs + durationMs;
    for (;;) {
      const next = [...this.#timers]
        .filter(([, timer]) => timer.at <= end)
        .sort(([idA, a], [idB, b]) => a.at - b.at || idA - idB)
        .at(0);
      if (next === undefined) break;
      const [id, timer] = next;
      this.#nowMs = timer.at;
      this.#timers.delete(id);
      timer.callback();
    }
    this.#nowMs = end;
  }
}
