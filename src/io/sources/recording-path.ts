import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const RECORDING = 'src/assets/recording/first-minute.wav';

/** Where the bundled recording is, from the sources and from the built files alike; undefined when it was not shipped. */
export function recordingPath(): string | undefined {
  let folder = dirname(fileURLToPath(import.meta.url));
  for (let parent = dirname(folder); parent !== folder; parent = dirname(folder)) {
    folder = parent;
    const path = join(folder, RECORDING);
    if (existsSync(path)) return path;
  }
  return undefined;
}
