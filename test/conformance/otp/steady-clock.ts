/** How near two things may come that happen at different times, before a run in real time could swap them. */
const CLOSE_MS = 12;

/** Timers of this length and more are bounds and periods, which no scenario waits for but by whole seconds. */
const LONG_MS = 900;

interface Timer {
  readonly atMs: number;
  /** Neither a bound nor at once. */
  readonly isMoment: boolean;
  readonly callback: () => void;
}

/**
 * Virtual time that is taken timer by timer, and notices close calls: two moments that lie so near to each other that
 * their order in real time would be chance.
 */
export class SteadyClock {
  #nowMs = 0;
  #lastId = 0;
  #lastMomentMs = -Infinity;
  #hasCloseCall = false;
  readonly #timers = new Map<number, Timer>();

  now(): number {
    return this.#nowMs;
  }

  get hasCloseCall(): boolean {
    return this.#hasCloseCall;
  }

  setTimeout(callback: () => void, delayMs: number): number {
    this.#lastId += 1;
    const atMs = this.#nowMs + Math.max(0, delayMs);
    this.#timers.set(this.#lastId, { atMs, isMoment: delayMs > 0 && delayMs < LONG_MS, callback });
    return this.#lastId;
  }

  clearTimeout(id: number): void {
    const timer = this.#timers.get(id);
    if (timer === undefined) return;
    if (timer.isMoment && timer.atMs - this.#nowMs < CLOSE_MS) this.#hasCloseCall = true;
    this.#timers.delete(id);
  }

  /** Something happens at that time, or would happen if all had not ended by then. */
  note(atMs: number): void {
    if (atMs - this.#lastMomentMs < CLOSE_MS) this.#hasCloseCall = true;
    this.#lastMomentMs = atMs;
  }

  /** Fires the next timer that is due by then, and returns whether there was one; else it is then. */
  step(untilMs: number): boolean {
    let nextId: number | undefined;
    let next: Timer | undefined;
    for (const [id, timer] of this.#timers) {
      if (timer.atMs <= untilMs && (next === undefined || timer.atMs < next.atMs)) {
        nextId = id;
        next = timer;
      }
    }
    if (nextId === undefined || next === undefined) {
      this.#nowMs = Math.max(this.#nowMs, untilMs);
      return false;
    }
    this.#nowMs = next.atMs;
    this.#timers.delete(nextId);
    if (next.isMoment) this.note(next.atMs);
    next.callback();
    return true;
  }
}
