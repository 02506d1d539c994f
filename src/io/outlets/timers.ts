/** The repeating timer that an outlet is given, so that a test can beat it by hand. */
export interface Timers {
  setInterval(callback: () => void, intervalMs: number): unknown;
  clearInterval(handle: unknown): void;
}

/** The process's own timers; they do not keep the process alive. */
export const SYSTEM_TIMERS: Timers = {
  setInterval: (callback, intervalMs) => setInterval(callback, intervalMs).unref(),
  clearInterval: (handle) => {
    clearInterval(handle as NodeJS.Timeout);
  },
};
