/** The clock and timers of the runtimes; machines have their own, through XState. */
export interface Clock {
  /** Monotonic, in milliseconds. */
  now(): number;
  /** Seconds from the Unix epoch. */
  epochSeconds(): number;
  setTimeout(callback: () => void, delayMs: number): unknown;
  clearTimeout(timer: unknown): void;
}
