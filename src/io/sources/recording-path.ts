import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../package-root.ts';

/** Where the bundled recording is; undefined when it was not shipped. */
export function recordingPath(): string | undefined {
  const path = join(packageRoot(), 'src/assets/recording/first-minute.wav');
  return existsSync(path) ? path : undefined;
}
