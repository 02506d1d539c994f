import { OwnedProcess } from './owned-process.ts';
import type { ProcessOptions } from './owned-process.ts';
import type { ExitStatus } from './exit-status.ts';

const MAX_OUTPUT_CHARACTERS = 1_048_576;

export interface ProgramRun {
  readonly status: ExitStatus;
  /** No more than its first MiB. */
  readonly stdout: string;
  /** Only the last of it. */
  readonly stderr: string;
}

/**
 * Runs a program to its end, or kills it at the deadline or when `signal` is aborted; never rejects. What it starts itself
 * is not ended with it.
 */
export async function runProgram(
  options: Pick<ProcessOptions, 'command' | 'args' | 'env'>,
  deadlineMs: number,
  signal?: AbortSignal,
): Promise<ProgramRun> {
  let tellEnd: (status: ExitStatus) => void = () => undefined;
  const ended = new Promise<ExitStatus>((resolve) => {
    tellEnd = resolve;
  });
  const program = new OwnedProcess({ ...options, lines: true }, (event) => {
    if (event.type === 'exited') tellEnd(event.status);
  });
  let stdout = '';
  program.pipe(1)?.on('data', (text: string) => {
    stdout += text.slice(0, MAX_OUTPUT_CHARACTERS - stdout.length);
  });
  const abort = (): void => {
    void program.kill();
  };
  if (signal?.aborted === true) abort();
  signal?.addEventListener('abort', abort);
  await program.stop(deadlineMs, () => {
    // It ends by itself.
  });
  signal?.removeEventListener('abort', abort);
  return { status: await ended, stdout, stderr: program.stderrTail };
}
