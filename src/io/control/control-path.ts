import { lstatSync, mkdirSync, type Stats } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { RtapError } from '../../domain/errors.ts';
import { errorCodeOf } from '../outlets/bind-error.ts';

/** Longest path that a unix socket can have everywhere. */
const MAX_PATH_BYTES = 103;

/**
 * Where the control socket of an instance is: in `$XDG_RUNTIME_DIR/rtap` when that directory is
 * the user's own, else in `/tmp/rtap-<uid>`. Throws `USAGE` for a name that is no file name, and
 * `STATE_DIRECTORY` for a path that no socket can have.
 */
export function controlSocketPath(
  instance: string,
  env: Readonly<Record<string, string | undefined>> = process.env,
  uid: number = ownUid(),
): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(instance)) {
    throw new RtapError(
      'USAGE',
      'An instance name has up to 64 letters, digits, dots, dashes and underscores.',
    );
  }
  const runtime = env['XDG_RUNTIME_DIR'];
  const directory =
    runtime !== undefined && isOwnDirectory(runtime, uid)
      ? join(runtime, 'rtap')
      : `/tmp/rtap-${uid}`;
  const path = join(directory, `${instance}.sock`);
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) {
    throw new RtapError(
      'STATE_DIRECTORY',
      `The control socket's path ${path} is longer than ${MAX_PATH_BYTES} bytes.`,
    );
  }
  return path;
}

/** Makes the directory when there is none, and refuses one that others could use or have planted. */
export function prepareControlDirectory(directory: string, uid: number = ownUid()): void {
  try {
    mkdirSync(directory, { mode: 0o700 });
  } catch (thrown) {
    if (errorCodeOf(thrown) !== 'EEXIST') {
      throw new RtapError(
        'STATE_DIRECTORY',
        `The control directory ${directory} cannot be made (${errorCodeOf(thrown)}).`,
      );
    }
  }
  verifyControlDirectory(directory, uid);
}

/** Throws `STATE_DIRECTORY` unless it is a real directory of this user that nobody else can open. */
export function verifyControlDirectory(directory: string, uid: number = ownUid()): void {
  const stats = lstatSync(directory);
  const problem = problemOf(stats, uid);
  if (problem === null) return;
  throw new RtapError('STATE_DIRECTORY', `The control directory ${directory} ${problem}.`);
}

function problemOf(stats: Stats, uid: number): string | null {
  if (stats.isSymbolicLink()) return 'is a symbolic link, which could lead anywhere';
  if (!stats.isDirectory()) return 'is not a directory';
  if (stats.uid !== uid) return `belongs to the user ${stats.uid}, not to ${uid}`;
  if ((stats.mode & 0o077) !== 0) return 'is open to other users; its mode must be 0700';
  return null;
}

function isOwnDirectory(path: string, uid: number): boolean {
  if (!isAbsolute(path)) return false;
  const stats = lstatSync(path, { throwIfNoEntry: false });
  return stats !== undefined && stats.isDirectory() && stats.uid === uid;
}

function ownUid(): number {
  return process.getuid?.() ?? 0;
}
