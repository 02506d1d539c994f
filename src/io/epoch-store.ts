import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { RtapError, describeError } from '../domain/errors.ts';

/**
 * Raises the epoch that an instance keeps on disk and returns it: it is on the disk before it is used, so that it
 * only ever grows. Throws `STATE_DIRECTORY`, naming the file, when it cannot be read, understood or written.
 */
export function raiseEpoch(directory: string, instance: string): number {
  const path = join(directory, `${instance}.epoch`);
  const epoch = readEpoch(path) + 1;
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const next = `${path}.next`;
    const file = openSync(next, 'w', 0o600);
    writeSync(file, `${String(epoch)}\n`);
    fsyncSync(file);
    closeSync(file);
    renameSync(next, path);
  } catch (thrown) {
    throw new RtapError(
      'STATE_DIRECTORY',
      `the epoch cannot be written to ${path}: ${describeError(thrown)}; cluster.state_directory names another folder`,
      { path },
    );
  }
  return epoch;
}

function readEpoch(path: string): number {
  let text: string;
  try {
    text = readFileSync(path, 'utf8').trim();
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw new RtapError('STATE_DIRECTORY', `the epoch cannot be read: ${describeError(thrown)}`, {
      path,
    });
  }
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new RtapError(
    'STATE_DIRECTORY',
    `${path} is damaged: it should hold one whole number, the last epoch; write a number higher than any that was published`,
    { path },
  );
}
