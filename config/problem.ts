import { RtapError } from '../src/domain/errors.ts';

/** The layers, weakest first: a value of a later one replaces that of an earlier one. */
export const LAYERS = ['default', 'profile', 'file', 'environment', 'command line'] as const;

export type Layer = (typeof LAYERS)[number];

/** Where a value came from. */
export interface Origin {
  readonly layer: Layer;
  /** The profile, the file and line, the variable or the option; `built in` for a default. */
  readonly name: string;
}

/** One thing that is wrong with the configuration. */
export interface ConfigProblem {
  /** Dotted path of the key; empty when the layer as a whole is meant. */
  readonly path: string;
  /** The offending value; undefined where there is none, or where it might be a secret. */
  readonly value: unknown;
  readonly layer: Layer;
  /** The name of the {@link Origin}. */
  readonly where: string;
  /** One sentence without a full stop. */
  readonly message: string;
}

const SHOWN_VALUE_CHARACTERS = 80;

/** A value as a person writes it in a file, shortened. */
export function showValue(value: unknown): string {
  const shown = typeof value === 'number' ? String(value) : JSON.stringify(value);
  return shown.length <= SHOWN_VALUE_CHARACTERS
    ? shown
    : `${shown.slice(0, SHOWN_VALUE_CHARACTERS)}...`;
}

/** One problem on one line: the key, its value, where it was set, and what is wrong. */
export function describeProblem(problem: ConfigProblem): string {
  const subject =
    problem.value === undefined ? problem.path : `${problem.path} = ${showValue(problem.value)}`;
  const place = `(${problem.layer}: ${problem.where})`;
  return `${subject === '' ? '' : `${subject} `}${place}: ${problem.message}`;
}

/** The error that carries every problem: one line each in its message, and as data in `details.problems`. */
export function configInvalid(problems: readonly ConfigProblem[]): RtapError {
  const lines = problems.map(describeProblem);
  const message =
    lines.length === 1
      ? `The configuration is invalid: ${lines.join('')}`
      : [`The configuration has ${String(lines.length)} problems:`, ...lines].join('\n  ');
  return new RtapError('CONFIG_INVALID', message, { problems });
}

/** The problems that an error carries, or null when it is not about the configuration. */
export function problemsOf(thrown: unknown): readonly ConfigProblem[] | null {
  if (!(thrown instanceof RtapError) || thrown.code !== 'CONFIG_INVALID') return null;
  return thrown.details['problems'] as readonly ConfigProblem[];
}
