import type { Publisher } from 'zeromq';
import { RtapError } from '../../domain/errors.ts';
import { topicOf, type Message, type Stream } from '../../domain/messages.ts';
import { encodeMessage } from './message-encoding.ts';
import { PublisherSocket, bindPublisher } from './publisher-socket.ts';
import type { DropReason, PublisherFormat } from './publisher-socket.ts';

/** Messages that this outlet gave up, by stream; sequence numbers are inclusive. */
export interface DropReport {
  stream: Stream;
  reason: DropReason;
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

const FORMAT: PublisherFormat<Message> = {
  sizeBytes: (message) => Buffer.byteLength(encodeMessage(message)),
  parts: (message) => [topicOf(message), encodeMessage(message)],
};

/**
 * Owns the two PUB sockets: `[topic, JSON]` of events and of transcripts.
 * It does not know its subscribers: one that is slow, late or gone misses messages and can tell
 * by the sequence numbers.
 */
export class ZeroMqOutlet {
  readonly #options: Required<Omit<ZeroMqOutletOptions, 'onDrop'>>;
  readonly #onDrop: (report: DropReport) => void;
  #sockets: Record<Stream, PublisherSocket<Message>> | null = null;

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
    if (this.#sockets !== null) {
      throw new RtapError('PROTOCOL', 'The ZeroMQ outlet is already open.');
    }
    const { host, eventsPort, transcriptsPort, highWaterMark } = this.#options;
    const events = await bindPublisher('ZeroMQ events', host, eventsPort, highWaterMark);
    let transcripts: Publisher;
    try {
      transcripts = await bindPublisher('ZeroMQ transcripts', host, transcriptsPort, highWaterMark);
    } catch (thrown) {
      events.close();
      throw thrown;
    }
    this.#sockets = {
      events: this.#publisherOf('events', events),
      transcripts: this.#publisherOf('transcripts', transcripts),
    };
    return { events: events.lastEndpoint ?? '', transcripts: transcripts.lastEndpoint ?? '' };
  }

  /** Hands a message over at once; a message that comes before `open` or after `close` is dropped and told. */
  publish(message: Message): void {
    if (this.#sockets === null) {
      const { stream, sequence_number: sequence } = message;
      this.#onDrop({ stream, reason: 'closed', count: 1, first: sequence, last: sequence });
      return;
    }
    this.#sockets[message.stream].push(message);
  }

  /**
   * Sends what waits and closes, within the deadline. `unsent` counts what never left the queue;
   * what ZeroMQ already holds for its subscribers gets the rest of the deadline in the background.
   */
  async close(deadlineMs: number): Promise<{ unsent: number }> {
    const sockets = this.#sockets;
    this.#sockets = null;
    if (sockets === null) return { unsent: 0 };
    const unsent = await Promise.all([
      sockets.events.close(deadlineMs),
      sockets.transcripts.close(deadlineMs),
    ]);
    return { unsent: unsent[0] + unsent[1] };
  }

  /** Messages that wait in this process, by stream. */
  queued(): Record<Stream, number> {
    return {
      events: this.#sockets?.events.queued ?? 0,
      transcripts: this.#sockets?.transcripts.queued ?? 0,
    };
  }

  #publisherOf(stream: Stream, socket: Publisher): PublisherSocket<Message> {
    return new PublisherSocket(socket, this.#options, FORMAT, (dropped, reason) => {
      this.#onDrop({
        stream,
        reason,
        count: dropped.length,
        first: dropped[0]?.sequence_number ?? 0,
        last: dropped.at(-1)?.sequence_number ?? 0,
      });
    });
  }
}
