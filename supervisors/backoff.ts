import type { Backoff } from './child-spec.ts';

/** Milliseconds before the restart; the jitter comes from the seed, so that a replay waits as long. */
export function backoffMs(
  backoff: Backoff,
  seed: number,
  childId: string,
  attempt: number,
): number {
  const exponent = Math.max(0, attempt - 1);
  const fullMs = Math.min(backoff.capMs, backoff.baseMs * backoff.factor ** exponent);
  const share = hashToUnit(`${String(seed)}/${childId}/${String(attempt)}`);
  return Math.round(fullMs * (1 - backoff.jitter * share));
}

/** FNV-1a, scaled to 0..1. */
function hashToUnit(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash ^= text.charCodeAt(index);
    hash = Math.imul(hash, 0x01000193);
  }
  return (hash >>> 0) / 2 ** 32;
}
