/**
 * One configuration key: what convict needs, and what messages and the generated document say of it.
 * A key has a default, so every key always has a value.
 */
export interface Leaf<T> {
  readonly default: T;
  /** What the key does, in one sentence without a full stop. */
  readonly doc: string;
  /** What is accepted, so that "must be ..." reads well; the reason follows where there is one choice. */
  readonly accepts: string;
  /** Throws when a value is not accepted; convict calls it too. */
  readonly format: (value: unknown) => void;
  /** Reads a variable or an option; text that makes no sense is returned as it is, for `format` to refuse. */
  readonly fromText: (text: string) => unknown;
  /** An environment variable beside `RTAP_SECTION_KEY`, kept from v1. */
  readonly alias?: string;
  /** Values of v1 that are taken as one of this version's, with a notice. */
  readonly mapped?: Readonly<Record<string, T>>;
}

interface Common<T> {
  readonly default: T;
  readonly doc: string;
  readonly alias?: string;
}

function leaf<T>(
  common: Common<T>,
  accepts: string,
  isAccepted: (value: unknown) => boolean,
  fromText: (text: string) => unknown,
): Leaf<T> {
  return {
    ...common,
    accepts,
    fromText,
    format: (value) => {
      if (!isAccepted(value)) throw new Error(`must be ${accepts}`);
    },
  };
}

function numberFromText(text: string): unknown {
  return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
}

function flagFromText(text: string): unknown {
  return text === 'true' ? true : text === 'false' ? false : text;
}

/** Reads what may be meant where another type is expected, so that a refusal shows it as it was written. */
function wordFromText(text: string): unknown {
  const read = flagFromText(text);
  return typeof read === 'boolean' ? read : numberFromText(text);
}

function asItIs(text: string): string {
  return text;
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

/** A whole number within bounds, both included. */
export function integer(
  options: Common<number> & { readonly min: number; readonly max: number },
): Leaf<number> {
  const { min, max, ...common } = options;
  return leaf(
    common,
    `a whole number from ${String(min)} to ${String(max)}`,
    (value) => Number.isInteger(value) && Number(value) >= min && Number(value) <= max,
    numberFromText,
  );
}

/** A number within bounds, both included. */
export function fraction(
  options: Common<number> & { readonly min: number; readonly max: number },
): Leaf<number> {
  const { min, max, ...common } = options;
  return leaf(
    common,
    `a number from ${String(min)} to ${String(max)}`,
    (value) => typeof value === 'number' && value >= min && value <= max,
    numberFromText,
  );
}

/** A TCP port; 0 lets the system choose one. */
export function port(options: Common<number>): Leaf<number> {
  const whole = integer({ ...options, min: 0, max: 65_535 });
  return { ...whole, accepts: `${whole.accepts} (0: any free port)` };
}

/** True or false. */
export function flag(options: Common<boolean>): Leaf<boolean> {
  return leaf(options, 'true or false', (value) => typeof value === 'boolean', flagFromText);
}

/** One of a few words. */
export function choice<const T extends string>(
  options: Common<NoInfer<T>> & { readonly of: readonly T[] },
): Leaf<T> {
  const { of, ...common } = options;
  const words: readonly string[] = of;
  return leaf(
    common,
    `one of ${words.join(', ')}`,
    (value) => isText(value) && words.includes(value),
    asItIs,
  );
}

/** Text of a given form; `accepts` says the form in words. */
export function text(
  options: Common<string> & { readonly pattern: RegExp; readonly accepts: string },
): Leaf<string> {
  const { pattern, accepts, ...common } = options;
  return leaf(common, accepts, (value) => isText(value) && pattern.test(value), asItIs);
}

/** A list of different texts of a given form: in a file a list, elsewhere separated by commas. */
export function list(
  options: Common<readonly string[]> & {
    readonly pattern: RegExp;
    readonly min: number;
    readonly max: number;
    readonly accepts: string;
  },
): Leaf<readonly string[]> {
  const { pattern, min, max, accepts, ...common } = options;
  return leaf(
    common,
    accepts,
    (value) =>
      Array.isArray(value) &&
      value.length >= min &&
      value.length <= max &&
      new Set(value).size === value.length &&
      value.every((item: unknown) => isText(item) && pattern.test(item)),
    (given) => (given.trim() === '' ? [] : given.split(',').map((item) => item.trim())),
  );
}

/** A key of v1 that has one possible value here; anything else is refused with the reason. */
export function fixed<const T extends string | number | boolean>(
  value: T,
  options: { readonly doc: string; readonly because: string },
): Leaf<T> {
  return leaf<T>(
    { default: value, doc: options.doc },
    `${value === '' ? 'empty' : String(value)}: ${options.because}`,
    (given) => given === value,
    (given) => (given === String(value) ? value : wordFromText(given)),
  );
}
