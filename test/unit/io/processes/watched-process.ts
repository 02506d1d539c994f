import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { ExitStatus } from '../../../../src/io/processes/exit-status.ts';
import { OwnedProcess } from '../../../../src/io/processes/owned-process.ts';
import type { ProcessEvent, ProcessOptions } from '../../../../src/io/processes/owned-process.ts';

type EventOf<TType extends ProcessEvent['type']> = Extract<ProcessEvent, { type: TType }>;

/** A real process, and everything that it tells. */
export interface WatchedProcess {
  readonly process: OwnedProcess;
  readonly events: ProcessEvent[];
  readonly pid: number;
  /** The first event of this type, past or to come. */
  told<TType extends ProcessEvent['type']>(type: TType): Promise<EventOf<TType>>;
  /** How it ended, once it has. */
  exit(): Promise<ExitStatus>;
}

const started = new Set<OwnedProcess>();

export function startProcess(options: ProcessOptions): WatchedProcess {
  const events: ProcessEvent[] = [];
  const waiting = new Set<() => void>();
  const process = new OwnedProcess(options, (event) => {
    events.push(event);
    for (const look of waiting) look();
  });
  started.add(process);
  const told = <TType extends ProcessEvent['type']>(type: TType): Promise<EventOf<TType>> =>
    new Promise((resolve) => {
      function look(): void {
        const event = events.find((one): one is EventOf<TType> => one.type === type);
        if (event === undefined) return;
        waiting.delete(look);
        resolve(event);
      }
      waiting.add(look);
      look();
    });
  return {
    process,
    events,
    told,
    get pid() {
      if (process.pid === null) throw new Error('it does not run');
      return process.pid;
    },
    exit: async () => (await told('exited')).status,
  };
}

/** A shell, which runs the script. */
export function startShell(
  script: string,
  options: Omit<ProcessOptions, 'command'> = {},
): WatchedProcess {
  return startProcess({ ...options, command: 'sh', args: ['-c', script] });
}

/** For what a failed test has left. */
export async function killStarted(): Promise<void> {
  await Promise.all([...started].map((process) => process.kill()));
  started.clear();
}

/** The kernel's letter for what a process does; null when there is none of that number. */
function stateOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
    return stat.charAt(stat.lastIndexOf(')') + 2);
  } catch {
    return null;
  }
}

/** True when no such process runs; what is left of it, until somebody reads its exit code, does not count. */
export function isGone(pid: number): boolean {
  const state = stateOf(pid);
  return state === null || state === 'Z';
}

/** Waits for what other processes do, and for what the event loop still has to close. */
export async function isSoon(isSo: () => boolean): Promise<boolean> {
  const until = performance.now() + 10_000;
  while (!isSo() && performance.now() < until) await delay(5);
  return isSo();
}

/** Waits for the end of a process that is no child of ours. */
export function isGoneSoon(pid: number): Promise<boolean> {
  return isSoon(() => isGone(pid));
}

/** Resolves when it is frozen: of signals that wait together, SIGTERM would come before SIGSTOP. */
export async function freeze(pid: number): Promise<void> {
  process.kill(pid, 'SIGSTOP');
  if (!(await isSoon(() => stateOf(pid) === 'T'))) throw new Error('it does not freeze');
}
