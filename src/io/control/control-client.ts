import { lstatSync } from 'node:fs';
import { connect } from 'node:net';
import { basename, dirname } from 'node:path';
import { RtapError } from '../../domain/errors.ts';
import { errorCodeOf } from '../outlets/bind-error.ts';
import type { FeedLine } from './control-feed.ts';
import { readResult } from './control-messages.ts';
import { verifyControlDirectory } from './control-path.ts';
import { LineSplitter } from './line-splitter.ts';

const MAX_RESPONSE_BYTES = 16 * 1024 * 1024;

/**
 * Sends one command to the daemon at a control socket and resolves with its result. Rejects with
 * `NOT_RUNNING` when no daemon is there, `STATE_DIRECTORY` when the socket could be another
 * user's, `PROTOCOL` when no answer came within the deadline, or with what the daemon refused with.
 */
export async function requestControl(
  path: string,
  command: string,
  args: unknown,
  options: { deadlineMs: number },
): Promise<unknown> {
  if (lstatSync(dirname(path), { throwIfNoEntry: false }) === undefined) throw notRunning(path);
  verifyControlDirectory(dirname(path));
  return new Promise((resolve, reject) => {
    const lines = new LineSplitter(MAX_RESPONSE_BYTES);
    const socket = connect(path);
    const timer = setTimeout(() => {
      fail(
        new RtapError(
          'PROTOCOL',
          `The daemon at ${path} did not answer "${command}" within ${options.deadlineMs} ms.`,
        ),
      );
    }, options.deadlineMs);
    const finish = () => {
      clearTimeout(timer);
      socket.destroy();
    };
    const fail = (reason: unknown) => {
      finish();
      reject(reason instanceof Error ? reason : new Error(String(reason)));
    };
    socket.on('error', (failure) => {
      fail(connectError(failure, path));
    });
    socket.on('close', () => {
      fail(new RtapError('PROTOCOL', `The daemon at ${path} hung up before it answered.`));
    });
    socket.on('connect', () => {
      socket.write(`${JSON.stringify({ id: 1, command, args })}\n`);
    });
    socket.on('data', (chunk) => {
      const complete = lines.push(chunk);
      if (complete === 'too_long') {
        fail(new RtapError('PROTOCOL', `The daemon at ${path} answered with too much.`));
        return;
      }
      const [line] = complete;
      if (line === undefined) return;
      try {
        resolve(readResult(line));
        finish();
      } catch (thrown) {
        fail(thrown);
      }
    });
  });
}

function connectError(failure: unknown, path: string): RtapError {
  const code = errorCodeOf(failure);
  if (code === 'ENOENT' || code === 'ECONNREFUSED') return notRunning(path);
  return new RtapError('PROTOCOL', `The control socket ${path} cannot be used (${code}).`);
}

function notRunning(path: string): RtapError {
  const instance = basename(path, '.sock');
  return new RtapError(
    'NOT_RUNNING',
    `No daemon of the instance "${instance}" is running here (nothing listens on ${path}).`,
    { instance, path },
  );
}

/**
 * Follows one command's feed: calls back with each line until the signal is aborted, and then resolves. Rejects like
 * {@link requestControl}, and with `NOT_RUNNING` when the daemon goes away meanwhile.
 */
export async function followControl(
  path: string,
  command: string,
  args: unknown,
  options: { signal: AbortSignal; onLine(line: FeedLine): void },
): Promise<void> {
  if (lstatSync(dirname(path), { throwIfNoEntry: false }) === undefined) throw notRunning(path);
  verifyControlDirectory(dirname(path));
  return new Promise((resolve, reject) => {
    const lines = new LineSplitter(MAX_RESPONSE_BYTES);
    const socket = connect(path);
    const fail = (thrown: unknown): void => {
      socket.destroy();
      reject(thrown instanceof Error ? thrown : new Error(String(thrown)));
    };
    let hasBegun = false;
    options.signal.addEventListener('abort', () => {
      socket.destroy();
      resolve();
    });
    socket.on('error', (failure) => {
      fail(connectError(failure, path));
    });
    socket.on('close', () => {
      fail(notRunning(path));
    });
    socket.on('connect', () => {
      socket.write(`${JSON.stringify({ id: 1, command, args })}\n`);
    });
    socket.on('data', (chunk) => {
      const complete = lines.push(chunk);
      if (complete === 'too_long') {
        fail(new RtapError('PROTOCOL', `The daemon at ${path} answered with too much.`));
        return;
      }
      try {
        for (const line of complete) {
          if (hasBegun) options.onLine(JSON.parse(line) as FeedLine);
          else readResult(line);
          hasBegun = true;
        }
      } catch (thrown) {
        fail(thrown);
      }
    });
  });
}
