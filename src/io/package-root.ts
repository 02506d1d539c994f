import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of RTAP's own package.json, from the sources and from the built files alike. */
export function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  for (;;) {
    const path = join(folder, 'package.json');
    if (existsSync(path) && nameIn(path) === 'rtap') return folder;
    const parent = dirname(folder);
    if (parent === folder) throw new Error('the package.json of rtap is not above this file');
    folder = parent;
  }
}

function nameIn(path: string): unknown {
  return (JSON.parse(readFileSync(path, 'utf8')) as { name?: unknown }).name;
}
