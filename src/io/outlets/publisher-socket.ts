import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Publisher } from 'zeromq';
import { describeError } from '../../domain/errors.ts';
import { bindError, errorCodeOf, hostAndPort } from './bind-error.ts';
import { PublicationQueue } from './publication-queue.ts';

export type DropReason = 'queue_full' | 'send_failed' | 'closed';

export interface PublisherBounds {
  /** Bounds of what waits in this process. */
  readonly maxQueuedMessages: number;
  readonly maxQueuedBytes: number;
}

/** How what is published becomes the parts of a ZeroMQ message. */
export interface PublisherFormat<T> {
  sizeBytes(value: T): number;
  parts(value: T): (string | Uint8Array)[];
}

/**
 * Owns one PUB socket, its bounded queue and the only place that sends on it: ZeroMQ forbids two sends at a time.
 * What it gives up is told to `onDrop`, in order.
 */
export class PublisherSocket<T> {
  readonly #socket: Publisher;
  readonly #format: PublisherFormat<T>;
  readonly #queue: PublicationQueue<T>;
  readonly #onDrop: (dropped: readonly T[], reason: DropReason) => void;
  #running: Promise<void> | null = null;
  #closed = false;

  constructor(
    socket: Publisher,
    bounds: PublisherBounds,
    format: PublisherFormat<T>,
    onDrop: (dropped: readonly T[], reason: DropReason) => void,
  ) {
    this.#socket = socket;
    this.#format = format;
    this.#queue = new PublicationQueue(bounds.maxQueuedMessages, bounds.maxQueuedBytes);
    this.#onDrop = onDrop;
  }

  get queued(): number {
    return this.#queue.length;
  }

  push(value: T): void {
    const dropped = this.#queue.push(value, this.#format.sizeBytes(value));
    if (dropped.length > 0) this.#onDrop(dropped, 'queue_full');
    this.#running ??= this.#run();
  }

  /** Sends what waits and closes, within the deadline; returns how many were never sent. */
  async close(deadlineMs: number): Promise<number> {
    const startedMs = performance.now();
    if (this.#running !== null && deadlineMs > 0) {
      const cancel = new AbortController();
      const expired = delay(deadlineMs, undefined, { signal: cancel.signal }).catch(
        () => undefined,
      );
      await Promise.race([this.#running, expired]);
      cancel.abort();
    }
    this.#closed = true;
    const left: T[] = [];
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      left.push(next);
    }
    if (left.length > 0) this.#onDrop(left, 'closed');
    const restMs = deadlineMs - (performance.now() - startedMs);
    this.#socket.linger = Math.max(0, Math.floor(restMs));
    this.#socket.close();
    return left.length;
  }

  async #run(): Promise<void> {
    // Yields first, so that a message is never sent on the stack of its publisher.
    await Promise.resolve();
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      try {
        await this.#socket.send(this.#format.parts(next));
      } catch {
        if (this.#closed) break;
        this.#onDrop([next], 'send_failed');
      }
    }
    this.#running = null;
  }
}

/** Binds a PUB socket. Rejects with `PORT_IN_USE` or `PORT_DENIED`, naming its owner and the address. */
export async function bindPublisher(
  owner: string,
  host: string,
  port: number,
  highWaterMark: number,
): Promise<Publisher> {
  const address = hostAndPort(host, port);
  let numeric: string;
  try {
    numeric = isIP(host) === 0 ? (await lookup(host)).address : host;
  } catch (thrown) {
    throw bindError(thrown, owner, address);
  }
  const socket = new Publisher({ linger: 0, sendHighWaterMark: highWaterMark });
  if (isIP(numeric) === 6) socket.ipv6 = true;
  try {
    await bindWithPatience(socket, `tcp://${hostAndPort(numeric, port)}`);
  } catch (thrown) {
    socket.close();
    throw bindError(thrown, owner, address);
  }
  return socket;
}

/** A port that this process closed a moment ago comes back asynchronously, within milliseconds. */
async function bindWithPatience(socket: Publisher, endpoint: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await socket.bind(endpoint);
      return;
    } catch (thrown) {
      if (errorCodeOf(thrown) !== 'EADDRINUSE' || attempt === 4) {
        throw thrown instanceof Error ? thrown : new Error(describeError(thrown));
      }
      await delay(20);
    }
  }
}
