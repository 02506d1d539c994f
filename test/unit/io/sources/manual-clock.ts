import { setImmediate } from 'node:timers/promises';
import type { SourceClock } from '../../../../src/io/sources/source.ts';

interface Timer {
  dueMs: number;
  callback: () => void;
}

/** A clock that moves only when it is told to, and lets everything run between two timers. */
export class ManualClock implements SourceClock {
  readonly #timers = new Set<Timer>();
  #nowMs = 0;

  now(): number {
    return this.#nowMs;
  }

  setTimeout(callback: () => void, delayMs: number): unknown {
    const timer = { dueMs: this.#nowMs + delayMs, callback };
    this.#timers.add(timer);
    return timer;
  }

  clearTimeout(timer: unknown): void {
    this.#timers.delete(timer as Timer);
  }

  get pending(): number {
    return this.#timers.size;
  }

  /** Time passes as for an idle process: each timer fires at its time. */
  async advance(durationMs: number): Promise<void> {
    const endMs = this.#nowMs + durationMs;
    await settle();
    for (;;) {
      const next = [...this.#timers]
        .filter((timer) => timer.dueMs <= endMs)
        .sort((a, b) => a.dueMs - b.dueMs)[0];
      if (next === undefined) break;
      this.#nowMs = Math.max(this.#nowMs, next.dueMs);
      await this.#fire(next);
    }
    this.#nowMs = Math.max(this.#nowMs, endMs);
  }

  /** Time passes as for a process that was blocked: no timer fires until later. */
  block(durationMs: number): void {
    this.#nowMs += durationMs;
  }

  /** Fires the one timer that is due first, if any is due now. */
  async turn(): Promise<void> {
    await settle();
    const due = [...this.#timers].find((timer) => timer.dueMs <= this.#nowMs);
    if (due !== undefined) await this.#fire(due);
  }

  async #fire(timer: Timer): Promise<void> {
    this.#timers.delete(timer);
    timer.callback();
    await settle();
  }
}

/** Lets promises and immediates that are ready run. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await setImmediate();
}
