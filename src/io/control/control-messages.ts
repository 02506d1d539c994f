import { describeError, ERROR_CODES, RtapError, type ErrorCode } from '../../domain/errors.ts';

export interface ControlRequest {
  id: string | number;
  command: string;
  args: unknown;
}

export type ControlResponse =
  | { id: string | number | null; ok: true; result: unknown }
  | { id: string | number | null; ok: false; error: ControlFailure };

export interface ControlFailure {
  code: ErrorCode;
  message: string;
  details: Readonly<Record<string, unknown>>;
}

/** Reads one line; throws `PROTOCOL` in one sentence when it is no request. */
export function readRequest(line: string): ControlRequest {
  const parsed = parseObject(line, 'A request must be one JSON object on one line.');
  const { id, command, args = null } = parsed;
  if (typeof id !== 'string' && typeof id !== 'number') {
    throw new RtapError('PROTOCOL', 'A request needs an id, a string or a number.');
  }
  if (typeof command !== 'string') {
    throw new RtapError('PROTOCOL', 'A request needs a command, a string.');
  }
  return { id, command, args };
}

/** The result that a response line carries; throws what the daemon refused with. */
export function readResult(line: string): unknown {
  const parsed = parseObject(line, 'The daemon answered with something that is no response.');
  if (parsed['ok'] === true) return parsed['result'];
  const { error } = parsed;
  if (typeof error !== 'object' || error === null || !('message' in error)) {
    throw new RtapError('PROTOCOL', 'The daemon refused without a reason.');
  }
  const code = 'code' in error ? ERROR_CODES.find((known) => known === error.code) : undefined;
  const details = 'details' in error && isRecord(error.details) ? error.details : {};
  throw new RtapError(code ?? 'PROTOCOL', String(error.message), details);
}

export function failureOf(thrown: unknown): ControlFailure {
  if (thrown instanceof RtapError) {
    return { code: thrown.code, message: thrown.message, details: thrown.details };
  }
  return { code: 'PROTOCOL', message: describeError(thrown), details: {} };
}

function parseObject(line: string, complaint: string): Record<string, unknown> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    throw new RtapError('PROTOCOL', complaint);
  }
  if (!isRecord(parsed)) throw new RtapError('PROTOCOL', complaint);
  return parsed;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
