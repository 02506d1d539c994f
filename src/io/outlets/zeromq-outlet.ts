import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Publisher } from 'zeromq';
import { describeError, RtapError } from '../../domain/errors.ts';
import { topicOf, type Message, type Stream } from '../../domain/messages.ts';
import { bindError, errorCodeOf, hostAndPort } from './bind-error.ts';
import { encodeMessage } from './message-encoding.ts';
import { PublicationQueue } from './publication-queue.ts';

/** Messages that this outlet gave up, by stream; sequence numbers are inclusive. */
export interface DropReport {
  stream: Stream;
  reason: 'queue_full' | 'send_failed' | 'closed';
  count: number;
  first: number;
  last: number;
}

export interface ZeroMqOutletOptions {
  host?: string;
  /** 0 lets the system choose; `open` tells what it chose. */
  eventsPort?: number;
  transcriptsPort?: number;
  /** Bounds of what waits in this process for each socket. */
  maxQueuedMessages?: number;
  maxQueuedBytes?: number;
  /** Messages held by ZeroMQ for each subscriber; beyond it that subscriber alone misses some. */
  highWaterMark?: number;
  onDrop?: (report: DropReport) => void;
}

export interface ZeroMqEndpoints {
  events: string;
  transcripts: string;
}

/**
 * Owns the two PUB sockets: `[topic, JSON]` of events and of transcripts.
 * It does not know its subscribers: one that is slow, late or gone misses messages and can tell
 * by the sequence numbers.
 */
export class ZeroMqOutlet {
  readonly #options: Required<Omit<ZeroMqOutletOptions, 'onDrop'>>;
  readonly #onDrop: (report: DropReport) => void;
  #pumps: Record<Stream, Pump> | null = null;

  constructor(options: ZeroMqOutletOptions = {}) {
    this.#options = {
      host: options.host ?? '127.0.0.1',
      eventsPort: options.eventsPort ?? 6552,
      transcriptsPort: options.transcriptsPort ?? 6553,
      maxQueuedMessages: options.maxQueuedMessages ?? 4096,
      maxQueuedBytes: options.maxQueuedBytes ?? 8 * 1024 * 1024,
      highWaterMark: options.highWaterMark ?? 10_000,
    };
    this.#onDrop = options.onDrop ?? (() => undefined);
  }

  /** Binds both sockets or neither. Rejects with `PORT_IN_USE` or `PORT_DENIED`, naming the address. */
  async open(): Promise<ZeroMqEndpoints> {
    if (this.#pumps !== null) throw new RtapError('PROTOCOL', 'The ZeroMQ outlet is already open.');
    const { host, eventsPort, transcriptsPort } = this.#options;
    const events = await bindPublisher('ZeroMQ events', host, eventsPort, this.#options);
    let transcripts: Publisher;
    try {
      transcripts = await bindPublisher('ZeroMQ transcripts', host, transcriptsPort, this.#options);
    } catch (thrown) {
      events.close();
      throw thrown;
    }
    this.#pumps = {
      events: new Pump('events', events, this.#options, this.#onDrop),
      transcripts: new Pump('transcripts', transcripts, this.#options, this.#onDrop),
    };
    return { events: events.lastEndpoint ?? '', transcripts: transcripts.lastEndpoint ?? '' };
  }

  /** Hands a message over at once; a message that comes before `open` or after `close` is dropped and told. */
  publish(message: Message): void {
    if (this.#pumps === null) {
      const { stream, sequence_number: sequence } = message;
      this.#onDrop({ stream, reason: 'closed', count: 1, first: sequence, last: sequence });
      return;
    }
    this.#pumps[message.stream].push(message);
  }

  /**
   * Sends what waits and closes, within the deadline. `unsent` counts what never left the queue;
   * what ZeroMQ already holds for its subscribers gets the rest of the deadline in the background.
   */
  async close(deadlineMs: number): Promise<{ unsent: number }> {
    const pumps = this.#pumps;
    this.#pumps = null;
    if (pumps === null) return { unsent: 0 };
    const unsent = await Promise.all([
      pumps.events.close(deadlineMs),
      pumps.transcripts.close(deadlineMs),
    ]);
    return { unsent: unsent[0] + unsent[1] };
  }

  /** Messages that wait in this process, by stream. */
  queued(): Record<Stream, number> {
    return {
      events: this.#pumps?.events.queued ?? 0,
      transcripts: this.#pumps?.transcripts.queued ?? 0,
    };
  }
}

/** One socket's queue and the only place that sends on it: ZeroMQ forbids two sends at a time. */
class Pump {
  readonly #stream: Stream;
  readonly #socket: Publisher;
  readonly #queue: PublicationQueue<Message>;
  readonly #onDrop: (report: DropReport) => void;
  #running: Promise<void> | null = null;
  #closed = false;

  constructor(
    stream: Stream,
    socket: Publisher,
    bounds: { maxQueuedMessages: number; maxQueuedBytes: number },
    onDrop: (report: DropReport) => void,
  ) {
    this.#stream = stream;
    this.#socket = socket;
    this.#queue = new PublicationQueue(bounds.maxQueuedMessages, bounds.maxQueuedBytes);
    this.#onDrop = onDrop;
  }

  get queued(): number {
    return this.#queue.length;
  }

  push(message: Message): void {
    const dropped = this.#queue.push(message, Buffer.byteLength(encodeMessage(message)));
    this.#tell(dropped, 'queue_full');
    this.#running ??= this.#run();
  }

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
    const left: Message[] = [];
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      left.push(next);
    }
    this.#tell(left, 'closed');
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
        await this.#socket.send([topicOf(next), encodeMessage(next)]);
      } catch {
        if (this.#closed) break;
        this.#tell([next], 'send_failed');
      }
    }
    this.#running = null;
  }

  #tell(dropped: readonly Message[], reason: DropReport['reason']): void {
    const first = dropped[0];
    const last = dropped[dropped.length - 1];
    if (first === undefined || last === undefined) return;
    this.#onDrop({
      stream: this.#stream,
      reason,
      count: dropped.length,
      first: first.sequence_number,
      last: last.sequence_number,
    });
  }
}

async function bindPublisher(
  owner: string,
  host: string,
  port: number,
  options: { highWaterMark: number },
): Promise<Publisher> {
  const address = hostAndPort(host, port);
  let numeric: string;
  try {
    numeric = isIP(host) === 0 ? (await lookup(host)).address : host;
  } catch (thrown) {
    throw bindError(thrown, owner, address);
  }
  const socket = new Publisher({ linger: 0, sendHighWaterMark: options.highWaterMark });
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
