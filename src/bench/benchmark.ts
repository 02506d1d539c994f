/** What must hold of a figure; by its end a benchmark passes or fails. */
export interface Bound {
  /** One sentence without a full stop. */
  readonly what: string;
  readonly measured: number;
  readonly atMost: number;
}

/** A heading, and rows with a row of titles first. */
export interface Table {
  readonly title: string;
  readonly rows: readonly (readonly string[])[];
}

/** What a benchmark found: the same for a program and for a person. */
export interface Report {
  readonly figures: Readonly<Record<string, unknown>>;
  readonly tables: readonly Table[];
  readonly bounds: readonly Bound[];
  /** Sentences that a reader of the figures has to know: what was left out, and why. */
  readonly notes?: readonly string[];
}

export interface BenchmarkRun {
  /** With a few short repetitions: enough to see that it works, and too few to judge. */
  readonly isQuick: boolean;
  /** Hears what is measured, and how much of it is done, 0 to 1. */
  onProgress(what: string, share: number): void;
}

/** Something that can be measured; it tells figures and judges none. */
export interface Benchmark {
  readonly name: string;
  /** One sentence without a full stop why it cannot be run on this machine, or null. */
  problem?(): string | null;
  run(options: BenchmarkRun): Promise<Report>;
}
