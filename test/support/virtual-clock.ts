interface Timer {
  readonly id: number;
  readonly atMs: number;
  readonly callback: () => void;
}

/** A clock for XState that steps from timer to timer, so that each fires at its own time and in order. */
export class VirtualClock {
  #nowMs = 0;
  #lastId = 0;
  readonly #timers = new Map<number, Timer>();

  now(): number {
    return this.#nowMs;
  }

  setTimeout(callback: () => void, delayMs: number): number {
    this.#lastId += 1;
    const id = this.#lastId;
    this.#timers.set(id, { id, atMs: this.#nowMs + Math.max(0, delayMs), callback });
    return id;
  }

  clearTimeout(id: number): void {
    this.#timers.delete(id);
  }

  get pending(): number {
    return this.#timers.size;
  }

  /** Fires the next timer, if it is due by then; or else it is then, and false. */
  step(untilMs: number): boolean {
    const next = this.#next();
    if (next === undefined || next.atMs > untilMs) {
      this.#nowMs = untilMs;
      return false;
    }
    this.#nowMs = next.atMs;
    this.#timers.delete(next.id);
    next.callback();
    return true;
  }

  advance(durationMs: number): void {
    const endMs = this.#nowMs + durationMs;
    while (this.step(endMs));
  }

  /** Of those that are due at the same time the one that was set first. */
  #next(): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers.values()) {
      if (next === undefined || timer.atMs < next.atMs) next = timer;
    }
    return next;
  }
}
