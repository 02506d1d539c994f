import { spawnSync } from 'node:child_process';
import { findOnPath } from './program-path.ts';

export interface Command {
  readonly command: string;
  readonly args: readonly string[];
}

/**
 * The command that runs another one so that the kernel kills it, even frozen, when its parent dies. Where the machine
 * has no working `setpriv` it is the same command, and the child has to notice by a closed pipe.
 *
 * Not guaranteed: the kernel's promise begins with the program, a millisecond after its process, and a parent that dies
 * in between is survived; it is forgotten by a program that changes its user, and not passed on to its children; started
 * in a worker thread, a program dies with that thread.
 */
export function dyingWithParent({ command, args }: Command): Command {
  const setpriv = workingSetpriv();
  if (setpriv === null) return { command, args };
  return { command: setpriv, args: ['--pdeathsig', 'KILL', '--', command, ...args] };
}

/** Whether children die with this process though they notice nothing. */
export function isDeathPassedOn(): boolean {
  return workingSetpriv() !== null;
}

let tried: { readonly setpriv: string | null } | null = null;

function workingSetpriv(): string | null {
  tried ??= { setpriv: findWorkingSetpriv() };
  return tried.setpriv;
}

/** Tried rather than only looked for: not every `setpriv` knows the option. */
function findWorkingSetpriv(): string | null {
  const path = findOnPath('setpriv');
  if (path === null) return null;
  const { status } = spawnSync(path, ['--pdeathsig', 'KILL', '--', 'true'], {
    stdio: 'ignore',
    timeout: 1_000,
  });
  return status === 0 ? path : null;
}
