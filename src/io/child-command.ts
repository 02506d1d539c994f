import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, extname, join } from 'node:path';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** How to run one of our modules in a process of its own that dies with this one. */
export interface ChildCommand {
  readonly modulePath: string;
  readonly execPath: string;
  readonly execArgv: readonly string[];
}

/**
 * The command for a sibling of the module at `here`: of the same kind, source or built. Where the machine has `setpriv`,
 * the kernel kills the child when its parent dies, even one that is frozen; elsewhere the child has to notice.
 */
export function childCommand(name: string, here: string): ChildCommand {
  const extension = extname(fileURLToPath(here));
  const nodeArguments = extension === '.ts' ? ['--import', loaderUrl()] : [];
  const modulePath = fileURLToPath(new URL(`./${name}${extension}`, here));
  if (setpriv === null) {
    return { modulePath, execPath: process.execPath, execArgv: nodeArguments };
  }
  return {
    modulePath,
    execPath: setpriv,
    execArgv: ['--pdeathsig', 'KILL', '--', process.execPath, ...nodeArguments],
  };
}

/** Under the TypeScript loader the child needs it too; as a URL, since its working directory may be another. */
function loaderUrl(): string {
  return pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
}

/** Tried rather than only looked for: not every `setpriv` knows the option. */
const setpriv = findWorkingSetpriv();

function findWorkingSetpriv(): string | null {
  const path = findOnPath('setpriv');
  if (path === null) return null;
  const { status } = spawnSync(path, ['--pdeathsig', 'KILL', 'true']);
  return status === 0 ? path : null;
}

/** The full path of a program, or null where the machine has none of that name. */
export function findOnPath(program: string): string | null {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, program);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not in this folder.
    }
  }
  return null;
}
