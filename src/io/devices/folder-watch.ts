import { watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';

/** A device that is plugged in makes several files, one after the other. */
const SETTLE_MS = 300;

/** Where the kernel has its sound devices. */
export const SOUND_NODES = '/dev/snd';

/** Tells, a moment after, that files came or went in a folder; a folder that is not there, or cannot be watched, is never told of. */
export class FolderWatch {
  readonly #watcher: FSWatcher | null;
  #timer: NodeJS.Timeout | undefined;

  constructor(folder: string, onChange: () => void) {
    this.#watcher = tryToWatch(folder, () => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(onChange, SETTLE_MS);
    });
    this.#watcher?.on('error', () => {
      this.close();
    });
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#watcher?.close();
  }
}

function tryToWatch(folder: string, onChange: () => void): FSWatcher | null {
  try {
    return watch(folder, { persistent: false }, onChange);
  } catch {
    return null;
  }
}
