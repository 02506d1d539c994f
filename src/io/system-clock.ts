/** This machine's clocks and timers, for whoever is given a clock. */
export interface SystemClock {
  /** Monotonic, in milliseconds. */
  now(): number;
  /** Seconds from the Unix epoch. */
  epochSeconds(): number;
  setTimeout(callback: () => void, delayMs: number): unknown;
  clearTimeout(timer: unknown): void;
}

export const systemClock: SystemClock = {
  now: () => performance.now(),
  epochSeconds: () => Date.now() / 1000,
  setTimeout: (callback, delayMs) => setTimeout(callback, delayMs),
  clearTimeout: (timer) => {
    clearTimeout(timer as NodeJS.Timeout | undefined);
  },
};
