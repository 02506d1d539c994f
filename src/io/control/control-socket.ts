import { chmodSync, lstatSync, renameSync, unlinkSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { basename, dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { RtapError } from '../../domain/errors.ts';
import { bindError, errorCodeOf } from '../outlets/bind-error.ts';
import { FeedWriter } from './control-feed.ts';
import {
  failureOf,
  readRequest,
  type ControlRequest,
  type ControlResponse,
} from './control-messages.ts';
import { prepareControlDirectory } from './control-path.ts';
import { LineSplitter } from './line-splitter.ts';

export type ControlHandler = (args: unknown) => unknown;

/**
 * A command whose answer goes on: called with the arguments and a way to send events, it returns how to end that. It
 * ends when the client hangs up.
 */
export type ControlFeed = (args: unknown, emit: (event: unknown) => void) => () => void;

export interface ControlServerOptions {
  path: string;
  /** By command; what a handler returns, or resolves with, is the result. */
  handlers: Readonly<Record<string, ControlHandler>>;
  /** By command; a connection that asked for one is for it alone. */
  feeds?: Readonly<Record<string, ControlFeed>>;
  maxLineBytes?: number;
  maxClients?: number;
  idleTimeoutMs?: number;
}

/**
 * Owns the control socket of one instance: one JSON request a line, answered in order. Only the
 * owner can reach it, by the mode of its directory; it authenticates nobody beyond that.
 */
export class ControlServer {
  readonly #options: Required<ControlServerOptions>;
  readonly #sockets = new Set<Socket>();
  #server: Server | null = null;

  constructor(options: ControlServerOptions) {
    this.#options = {
      maxLineBytes: 64 * 1024,
      maxClients: 16,
      idleTimeoutMs: 300_000,
      feeds: {},
      ...options,
    };
  }

  /**
   * Takes the socket's place. The file of a dead process is replaced; a live one rejects with
   * `PORT_IN_USE`, naming the instance. Rejects with `STATE_DIRECTORY` when the directory is not
   * this user's alone.
   */
  async open(): Promise<void> {
    const { path } = this.#options;
    prepareControlDirectory(dirname(path));
    try {
      this.#server = await this.#listen();
    } catch (thrown) {
      if (errorCodeOf(thrown) !== 'EADDRINUSE') throw bindError(thrown, 'Control', path);
      await this.#removeStale();
      this.#server = await this.#listen().catch((again: unknown) => {
        throw errorCodeOf(again) === 'EADDRINUSE'
          ? alreadyRunning(path)
          : bindError(again, 'Control', path);
      });
    }
    chmodSync(path, 0o600);
  }

  /** Answers what is being answered, then closes and removes the socket, within the deadline. */
  async close(deadlineMs: number): Promise<void> {
    const server = this.#server;
    if (server === null) return;
    this.#server = null;
    const closed = new Promise<void>((resolve) => {
      server.close(() => {
        resolve();
      });
    });
    for (const socket of this.#sockets) socket.end();
    const cancel = new AbortController();
    const expired = delay(deadlineMs, undefined, { signal: cancel.signal }).catch(() => undefined);
    await Promise.race([closed, expired]);
    cancel.abort();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #listen(): Promise<Server> {
    return new Promise((resolve, reject) => {
      // Half-open, so that a client may end its side and still get its answer.
      const server = createServer({ allowHalfOpen: true }, (socket) => {
        this.#accept(socket);
      });
      server.once('error', reject);
      server.listen(this.#options.path, () => {
        server.off('error', reject);
        server.on('error', () => undefined);
        resolve(server);
      });
    });
  }

  /** Moves the file away and asks it again there: another start may have replaced it meanwhile. */
  async #removeStale(): Promise<void> {
    const { path } = this.#options;
    if (await isAnswered(path)) throw alreadyRunning(path);
    if (lstatSync(path, { throwIfNoEntry: false })?.isSocket() === false) {
      throw new RtapError('STATE_DIRECTORY', `The control socket's place ${path} holds a file.`);
    }
    const aside = `${path}.${process.pid}`;
    try {
      renameSync(path, aside);
    } catch (thrown) {
      if (errorCodeOf(thrown) === 'ENOENT') return;
      throw bindError(thrown, 'Control', path);
    }
    if (await isAnswered(aside)) {
      renameSync(aside, path);
      throw alreadyRunning(path);
    }
    unlinkSync(aside);
  }

  #accept(socket: Socket): void {
    socket.on('error', () => socket.destroy());
    if (this.#sockets.size >= this.#options.maxClients) {
      const refusal = new RtapError(
        'PROTOCOL',
        `The control socket has ${this.#options.maxClients} clients already, which is the limit.`,
      );
      socket.end(encode({ id: null, ok: false, error: failureOf(refusal) }));
      socket.resume();
      return;
    }
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.setTimeout(this.#options.idleTimeoutMs, () => socket.destroy());
    const lines = new LineSplitter(this.#options.maxLineBytes);
    socket.on('end', () => socket.end());
    socket.on('data', (chunk) => {
      const complete = lines.push(chunk);
      if (complete === 'too_long') {
        const message = `A line is longer than ${this.#options.maxLineBytes} bytes.`;
        const error = failureOf(new RtapError('PROTOCOL', message));
        socket.end(encode({ id: null, ok: false, error }));
        socket.destroySoon();
        return;
      }
      if (complete.length === 0) return;
      // Nothing more is read until these are answered, which bounds what one client can ask.
      socket.pause();
      void this.#answerAll(complete, socket).then(() => {
        if (!socket.destroyed) socket.resume();
      });
    });
  }

  async #answerAll(lines: readonly string[], socket: Socket): Promise<void> {
    for (const line of lines) {
      const response = await this.#answer(line, socket);
      if (!socket.destroyed) socket.write(encode(response));
    }
  }

  /** Ends with its connection. */
  #feed(feed: ControlFeed, { id, args }: ControlRequest, socket: Socket): void {
    const writer = new FeedWriter(socket, id);
    const end = feed(args, (event) => {
      // After the answer that says that it has begun.
      setImmediate(() => {
        writer.write(event);
      });
    });
    socket.setTimeout(0);
    socket.once('close', end);
  }

  async #answer(line: string, socket: Socket): Promise<ControlResponse> {
    let id: string | number | null = null;
    try {
      const request = readRequest(line);
      id = request.id;
      const { handlers, feeds } = this.#options;
      const feed = Object.hasOwn(feeds, request.command) ? feeds[request.command] : undefined;
      if (feed !== undefined) {
        this.#feed(feed, request, socket);
        return { id, ok: true, result: null };
      }
      const handler = Object.hasOwn(handlers, request.command)
        ? handlers[request.command]
        : undefined;
      if (handler === undefined) {
        const known = [...Object.keys(handlers), ...Object.keys(feeds)].join(', ');
        throw new RtapError('USAGE', `There is no command "${request.command}"; known: ${known}.`);
      }
      return { id, ok: true, result: (await handler(request.args)) ?? null };
    } catch (thrown) {
      return { id, ok: false, error: failureOf(thrown) };
    }
  }
}

function encode(response: ControlResponse): string {
  try {
    return `${JSON.stringify(response)}\n`;
  } catch (thrown) {
    return encode({ id: response.id, ok: false, error: failureOf(thrown) });
  }
}

function alreadyRunning(path: string): RtapError {
  const instance = basename(path, '.sock');
  return new RtapError(
    'PORT_IN_USE',
    `The instance "${instance}" is already running (its control socket is ${path}).`,
    { instance, path },
  );
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => {
      resolve(false);
    });
  });
}
