/**
 * Every error that RTAP tells a person, by its stable code.
 * A message names what is wrong and where; it never carries a stack, a secret or transcript text.
 */
export const ERROR_CODES = [
  'CONFIG_INVALID',
  'USAGE',
  'SOURCE_NOT_FOUND',
  'SOURCE_NOT_READABLE',
  'SOURCE_IS_DIRECTORY',
  'SOURCE_NOT_WAV',
  'SOURCE_UNSUPPORTED',
  'SOURCE_EMPTY',
  'SOURCE_TRUNCATED',
  'SOURCE_BAD_SAMPLES',
  'SOURCE_FAILED',
  'DEVICE_NOT_FOUND',
  'DEVICE_UNAVAILABLE',
  'DEVICE_LOST',
  'ENGINE_NOT_FOUND',
  'ENGINE_DIGEST',
  'ENGINE_LOAD',
  'ENGINE_WRONG_ANSWER',
  'ENGINE_DOWN',
  'ENGINE_LOST',
  'ENGINE_DEADLINE',
  'ENGINE_REQUEST',
  'PORT_IN_USE',
  'PORT_DENIED',
  'STATE_DIRECTORY',
  'NOT_RUNNING',
  'PROTOCOL',
  'ESCALATED',
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

/** An expected failure: `message` is one sentence for a person, `details` is JSON for a program. */
export class RtapError extends Error {
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, details: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.name = 'RtapError';
    this.code = code;
    this.details = details;
  }
}

/** One line for a person, from anything that was thrown. */
export function describeError(thrown: unknown): string {
  if (thrown instanceof Error) return thrown.message === '' ? thrown.name : thrown.message;
  return String(thrown);
}

/** The process's exit codes. */
export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  escalated: 3,
  shutdownOverran: 4,
  interrupted: 130,
  terminated: 143,
} as const;
