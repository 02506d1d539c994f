/** What is told of a set of samples; `n` says how many there were. */
export interface Summary {
  readonly median: number;
  /** By nearest rank: of few samples it is the largest. */
  readonly p95: number;
  readonly n: number;
}

/** Throws without samples: a figure that was not measured is none. */
export function summarise(samples: readonly number[]): Summary {
  const sorted = samples.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.ceil(sorted.length / 2) - 1];
  const p95 = sorted[Math.ceil(sorted.length * 0.95) - 1];
  if (upper === undefined || lower === undefined || p95 === undefined) {
    throw new Error('there are no samples');
  }
  return { median: (lower + upper) / 2, p95, n: sorted.length };
}

/** How long the tail of a set of samples is; by nearest rank, so that each figure is a sample. */
export interface Distribution {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
  readonly n: number;
}

/** Throws without samples: a figure that was not measured is none. */
export function distribution(samples: Float64Array): Distribution {
  const sorted = samples.toSorted();
  const max = sorted.at(-1);
  if (max === undefined) throw new Error('there are no samples');
  const rank = (share: number): number => sorted[Math.ceil(sorted.length * share) - 1] ?? max;
  return { p50: rank(0.5), p95: rank(0.95), p99: rank(0.99), max, n: sorted.length };
}

/** Each sample over the one of the same place: those that were taken one after the other. */
export function ratios(above: readonly number[], below: readonly number[]): number[] {
  if (above.length !== below.length) throw new Error('the samples are not pairs');
  return above.map((sample, index) => sample / (below[index] ?? Number.NaN));
}
