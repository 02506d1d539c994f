/** The fields that can hold what a person said. */
export const SPOKEN_FIELDS = ['transcript', 'text', 'words', 'partial', 'lastPartial'] as const;

const SPOKEN: ReadonlySet<string> = new Set(SPOKEN_FIELDS);
const MAX_DEPTH = 12;

/** A copy of a JSON value in which everything that was said is told by its length alone; too deep parts are cut. */
export function withoutSpeech(value: unknown, depth = 0): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= MAX_DEPTH) return '[deeper]';
  if (Array.isArray(value)) return value.map((one) => withoutSpeech(one, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]: [string, unknown]) => [
      key,
      SPOKEN.has(key) && typeof inner === 'string'
        ? `[${String(inner.length)} characters]`
        : withoutSpeech(inner, depth + 1),
    ]),
  );
}
