import { createRequire } from 'node:module';
import { extname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Command } from './parent-death.ts';

/** The command that runs a sibling of the module at `here` in a Node process: of the same kind, source or built. */
export function nodeModule(name: string, here: string, args: readonly string[]): Command {
  const extension = extname(fileURLToPath(here));
  const loader = extension === '.ts' ? ['--import', loaderUrl()] : [];
  const path = fileURLToPath(new URL(`./${name}${extension}`, here));
  return { command: process.execPath, args: [...loader, path, ...args] };
}

/** Under the TypeScript loader the child needs it too; as a URL, since its working directory may be another. */
function loaderUrl(): string {
  return pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
}
