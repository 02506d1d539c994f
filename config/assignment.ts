import type { ConfigProblem, Origin } from './problem.ts';

/** A value that a layer gives to a key of the schema, not yet checked. */
export interface Assignment {
  readonly path: string;
  readonly value: unknown;
  readonly origin: Origin;
}

/** What one layer says: its assignments in order, and what in it could not be understood. */
export interface LayerReading {
  readonly assignments: readonly Assignment[];
  readonly problems: readonly ConfigProblem[];
}
