import { KEYS, SECTIONS } from './schema.ts';
import { nearest } from './suggestion.ts';

/** Keys that exist in v1 or in the product's plan, and that nothing here would obey. */
const NOT_IN_THIS_VERSION = [
  'resilience.circuit_breaker',
  'resilience.bulkhead.max_concurrent',
  'journal',
  'security',
  'output.audio',
] as const;

function isUnder(path: string, prefix: string): boolean {
  return path === prefix || path.startsWith(`${prefix}.`);
}

/** Says what is wrong with a path that is no key, and which key may be meant. */
export function explainUnknownKey(path: string): string {
  if (SECTIONS.has(path)) return 'is a section: set one of its keys';
  if (NOT_IN_THIS_VERSION.some((later) => isUnder(path, later))) {
    return 'is not supported in this version';
  }
  const name = path.split('.').at(-1) ?? path;
  const elsewhere = [...KEYS.keys()].filter((known) => known.endsWith(`.${name}`));
  const meant =
    nearest(path, [...KEYS.keys(), ...SECTIONS]) ?? (elsewhere.length === 1 ? elsewhere[0] : null);
  return meant === null || meant === undefined
    ? 'is not a key'
    : `is not a key; did you mean ${meant}?`;
}
