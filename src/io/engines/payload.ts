import { RtapError } from '../../domain/errors.ts';

/** A field of a request that should hold whole blocks of samples. Throws `ENGINE_REQUEST`. */
export function samplesIn(payload: unknown, field: string, multiple: number): Int16Array {
  const value = fieldOf(payload, field);
  if (value instanceof Int16Array && value.length > 0 && value.length % multiple === 0)
    return value;
  throw new RtapError(
    'ENGINE_REQUEST',
    `the request's ${field} must be 16-bit samples, a multiple of ${String(multiple)} of them`,
  );
}

export function booleanIn(payload: unknown, field: string): boolean {
  const value = fieldOf(payload, field);
  if (typeof value === 'boolean') return value;
  throw new RtapError('ENGINE_REQUEST', `the request's ${field} must be true or false`);
}

export function textIn(payload: unknown, field: string): string {
  const value = fieldOf(payload, field);
  if (typeof value === 'string') return value;
  throw new RtapError('ENGINE_REQUEST', `the request's ${field} must be text`);
}

function fieldOf(payload: unknown, field: string): unknown {
  return typeof payload === 'object' && payload !== null
    ? (payload as Record<string, unknown>)[field]
    : undefined;
}
