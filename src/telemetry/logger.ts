import { destination, pino, type DestinationStream, type Logger } from 'pino';
import { SPOKEN_FIELDS } from './spoken-fields.ts';

export type { Logger } from 'pino';

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

export interface LoggerOptions {
  level: LogLevel;
  /** Fields of every line, such as the instance. */
  base?: Readonly<Record<string, unknown>>;
  /** Lets what was said into the log; off unless a person asked for it. */
  transcriptText?: boolean;
  /** Standard error unless given. */
  stream?: DestinationStream;
}

const SECRET_FIELDS = ['token', 'password', 'secret', 'authorization', 'secret_key'] as const;

const MAX_DEPTH = 5;

/**
 * Makes the daemon's logger: one JSON object a line, written synchronously so that the last line
 * before an exit is there. Fields that can hold secrets or speech are blotted out down to five
 * levels; it cannot look into the message itself, so text never belongs there.
 */
export function createLogger(options: LoggerOptions): Logger {
  const { level, base = {}, transcriptText = false, stream } = options;
  const fields = transcriptText ? SECRET_FIELDS : [...SECRET_FIELDS, ...SPOKEN_FIELDS];
  return pino(
    {
      level,
      base: { ...base },
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: fields.flatMap(pathsOf), censor: '[redacted]' },
    },
    stream ?? destination({ dest: 2, sync: true }),
  );
}

function pathsOf(field: string): string[] {
  return Array.from({ length: MAX_DEPTH }, (_, depth) => [...stars(depth), field].join('.'));
}

function stars(count: number): string[] {
  return Array.from({ length: count }, () => '*');
}
