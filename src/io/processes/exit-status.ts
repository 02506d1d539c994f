/** How a process ended, or that it never began: then both code and signal are null. */
export interface ExitStatus {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** For a person, to follow on the program's name: `exited with code 1`, `killed by SIGSEGV (crashed)`. */
  readonly description: string;
}

/** What a signal means that nobody here has sent. */
const MEANINGS: Readonly<Partial<Record<NodeJS.Signals, string>>> = {
  SIGABRT: 'gave itself up',
  SIGBUS: 'crashed',
  SIGFPE: 'crashed',
  SIGHUP: 'its terminal was closed',
  SIGILL: 'crashed',
  SIGINT: 'interrupted',
  SIGKILL: 'out of memory, or by hand',
  SIGPIPE: 'its reader is gone',
  SIGSEGV: 'crashed',
  SIGSYS: 'did what it may not',
  SIGTERM: 'asked to end',
  SIGTRAP: 'crashed',
  SIGXCPU: 'out of processor time',
  SIGXFSZ: 'wrote too large a file',
};

/** What shells mean by a code; a program of its own may mean something else. */
const SHELL_CODES: Readonly<Record<number, string>> = {
  126: 'a command cannot be executed',
  127: 'a command was not found',
};

/** Puts an end into words; `why` is the reason of a signal that we sent ourselves. */
export function exitStatus(
  code: number | null,
  signal: NodeJS.Signals | null,
  why: string | null,
): ExitStatus {
  if (signal !== null) {
    const meaning = why ?? MEANINGS[signal];
    const description = `killed by ${signal}${meaning === undefined ? '' : ` (${meaning})`}`;
    return { code, signal, description };
  }
  const meaning = code === null ? undefined : SHELL_CODES[code];
  const description = `exited with code ${String(code)}${meaning === undefined ? '' : ` (${meaning})`}`;
  return { code, signal, description };
}

export function neverStarted(problem: string): ExitStatus {
  return { code: null, signal: null, description: `could not be started: ${problem}` };
}
