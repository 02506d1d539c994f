import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';

/** The full path of a program, or null where the machine has none of that name. */
export function findOnPath(program: string, path = process.env['PATH'] ?? ''): string | null {
  return candidates(program, path).find(isExecutable) ?? null;
}

/**
 * Why a program cannot be started, or null when nothing speaks against it; the system's own answer comes only with the
 * attempt. A relative path with a slash is looked up in `cwd`, as the system does.
 */
export function programProblem(program: string, cwd: string, path: string): string | null {
  if (!isFolder(cwd)) return `there is no folder ${cwd}`;
  const found = program.includes('/') ? [resolve(cwd, program)] : candidates(program, path);
  if (found.some(isExecutable)) return null;
  return found.some((one) => existsSync(one))
    ? `${program} is not executable`
    : `no such program ${program}`;
}

function candidates(program: string, path: string): string[] {
  return path.split(delimiter).map((folder) => join(folder, program));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
