import type { Positions } from './ledger.ts';

/** Where a client says it was; a stream it does not name goes on with what is new. */
export interface ResumeRequest {
  epoch: number;
  positions: Partial<Positions>;
}

/** Reads `epoch`, `events` and `transcripts`; null when none is there, a sentence when one is wrong. */
export function readResumeRequest(query: URLSearchParams): ResumeRequest | null | string {
  const values: Partial<Record<'epoch' | 'events' | 'transcripts', number>> = {};
  for (const name of ['epoch', 'events', 'transcripts'] as const) {
    const text = query.get(name);
    if (text === null) continue;
    const value = Number(text);
    if (!/^\d{1,16}$/.test(text) || !Number.isSafeInteger(value)) {
      return `The resume position "${name}" must be a whole number from 0.`;
    }
    values[name] = value;
  }
  const { epoch, ...positions } = values;
  if (epoch === undefined) {
    return Object.keys(positions).length === 0 ? null : 'A resume position needs its epoch.';
  }
  return { epoch, positions };
}
