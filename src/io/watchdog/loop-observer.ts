/** What a look showed of the event loop; `durationMs` counts from the last beat before. */
export interface Sighting {
  readonly type: 'blocked' | 'recovered' | 'expired';
  readonly durationMs: number;
}

export interface LoopObserverOptions {
  /** Time between two looks. */
  readonly pollMs: number;
  /** Silence that makes a blocked loop. */
  readonly noticeMs: number;
  /** Silence after which it has expired; 0 for never. */
  readonly limitMs: number;
}

/** A look that is later than this many polls was late itself. */
const LATE_POLLS = 2;

/**
 * Decides from beats and times whether another thread's event loop is blocked. Only time in which the observer itself
 * ran is counted, so that a machine that was asleep and a process that was stopped are no blocked loop.
 */
export class LoopObserver {
  readonly #options: LoopObserverOptions;
  #beat: number;
  #lookedAtMs: number;
  #silentMs = 0;
  #isBlocked = false;
  #hasExpired = false;

  constructor(options: LoopObserverOptions, beat: number, nowMs: number) {
    this.#options = options;
    this.#beat = beat;
    this.#lookedAtMs = nowMs;
  }

  get isBlocked(): boolean {
    return this.#isBlocked;
  }

  /** Takes the beat as it is now; null where nothing has changed. */
  look(beat: number, nowMs: number): Sighting | null {
    const { pollMs, noticeMs, limitMs } = this.#options;
    this.#silentMs += Math.min(nowMs - this.#lookedAtMs, LATE_POLLS * pollMs);
    this.#lookedAtMs = nowMs;
    const durationMs = Math.round(this.#silentMs);
    if (beat !== this.#beat) {
      const wasBlocked = this.#isBlocked;
      this.#beat = beat;
      this.#silentMs = 0;
      this.#isBlocked = false;
      this.#hasExpired = false;
      return wasBlocked ? { type: 'recovered', durationMs } : null;
    }
    if (!this.#isBlocked && durationMs >= noticeMs) {
      this.#isBlocked = true;
      return { type: 'blocked', durationMs };
    }
    if (this.#isBlocked && !this.#hasExpired && limitMs > 0 && durationMs >= limitMs) {
      this.#hasExpired = true;
      return { type: 'expired', durationMs };
    }
    return null;
  }
}
