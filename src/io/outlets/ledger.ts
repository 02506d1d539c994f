import {
  SCHEMA_VERSION,
  type Envelope,
  type EventBody,
  type EventMessage,
  type Message,
  type Stream,
  type TranscriptBody,
  type TranscriptMessage,
} from '../../domain/messages.ts';
import { BoundedHistory } from './bounded-history.ts';
import { encodeMessage } from './message-encoding.ts';

/** Sequence number of the last message of each stream; 0 before the first. */
export interface Positions {
  events: number;
  transcripts: number;
}

export interface LedgerOptions {
  instance: string;
  epoch: number;
  sessionId: string;
  /** Seconds from the Unix epoch. */
  now: () => number;
  /** How many messages of each stream are held for those who resume. */
  historyCount?: number;
  /** How many bytes of JSON of each stream are held. */
  historyBytes?: number;
}

/**
 * Owns the sequence numbers of one epoch, gapless from 1 in each stream, and the last messages.
 * It outlives the publisher, so that a restarted publisher goes on without a hole. It does not
 * deliver anything, and nothing survives the process.
 */
export class StreamLedger {
  readonly instance: string;
  readonly epoch: number;
  readonly sessionId: string;
  readonly #now: () => number;
  readonly #histories: Record<Stream, BoundedHistory<Message>>;

  constructor(options: LedgerOptions) {
    const { historyCount = 2048, historyBytes = 4 * 1024 * 1024 } = options;
    this.instance = options.instance;
    this.epoch = options.epoch;
    this.sessionId = options.sessionId;
    this.#now = options.now;
    this.#histories = {
      events: new BoundedHistory(historyCount, historyBytes),
      transcripts: new BoundedHistory(historyCount, historyBytes),
    };
  }

  /**
   * Gives a body its place in its stream. Throws `PROTOCOL` for a body that JSON cannot hold; the
   * sequence number is then not spent.
   */
  stamp(stream: 'events', body: EventBody): EventMessage;
  stamp(stream: 'transcripts', body: TranscriptBody): TranscriptMessage;
  stamp(stream: Stream, body: EventBody | TranscriptBody): Message {
    const history = this.#histories[stream];
    const envelope: Envelope = {
      schema_version: SCHEMA_VERSION,
      instance: this.instance,
      epoch: this.epoch,
      stream,
      sequence_number: history.last + 1,
      session_id: this.sessionId,
      timestamp: this.#now(),
    };
    const message: Message =
      'event_type' in body
        ? { ...body, ...envelope, source: 'rtap' as const }
        : { ...body, ...envelope };
    history.append(message, Buffer.byteLength(encodeMessage(message)));
    return message;
  }

  positions(): Positions {
    return { events: this.#histories.events.last, transcripts: this.#histories.transcripts.last };
  }

  /** The first sequence number that is still held; the next one to come when none is. */
  oldest(stream: Stream): number {
    return this.#histories[stream].oldest;
  }

  /** One message, or undefined when it is not held. */
  at(stream: Stream, sequence: number): Message | undefined {
    return this.#histories[stream].at(sequence);
  }

  /**
   * Every message after a sequence number. `too_old`: some of them are no longer held.
   * `too_new`: that number was never given in this epoch.
   */
  since(stream: Stream, sequence: number): readonly Message[] | 'too_old' | 'too_new' {
    const history = this.#histories[stream];
    if (sequence > history.last) return 'too_new';
    if (sequence + 1 < history.oldest) return 'too_old';
    const messages: Message[] = [];
    for (let next = sequence + 1; next <= history.last; next += 1) {
      const message = history.at(next);
      if (message !== undefined) messages.push(message);
    }
    return messages;
  }
}
