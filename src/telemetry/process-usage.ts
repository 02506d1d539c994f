/** The process's own measures, as functions so that a test can give its own. */
export interface ProcessUsage {
  residentBytes(): number;
  heapBytes(): number;
  /** Percent of one core since this was last asked. */
  cpuPercent(): number;
}

/** Measures this process; each call of `cpuPercent` starts the next interval. */
export function processUsage(): ProcessUsage {
  let lastMs = performance.now();
  let last = process.cpuUsage();
  let percent = 0;
  return {
    residentBytes: () => process.memoryUsage.rss(),
    heapBytes: () => process.memoryUsage().heapUsed,
    cpuPercent: () => {
      const nowMs = performance.now();
      const elapsedMs = nowMs - lastMs;
      // Two scrapes on each other's heels would measure noise.
      if (elapsedMs < 100) return percent;
      const used = process.cpuUsage(last);
      percent = ((used.user + used.system) / 1000 / elapsedMs) * 100;
      last = process.cpuUsage();
      lastMs = nowMs;
      return percent;
    },
  };
}
