import { EventEmitter } from 'node:events';
import { RtapError } from '../domain/errors.ts';
import type { Message } from '../domain/messages.ts';
import type { Feed, FeedListener } from '../io/outlets/feed.ts';
import type { ErrorPayload, StatusPayload } from '../io/outlets/frames.ts';
import { openWebSocketFeed } from '../io/outlets/websocket-feed.ts';
import { openZeroMqFeed } from '../io/outlets/zeromq-feed.ts';
import { Backoff } from './backoff.ts';
import {
  readErrorPayload,
  readFrame,
  readHeartbeat,
  readMessage,
  readMessageText,
  readStatus,
} from './incoming.ts';
import { STREAMS, StreamTracker, type MissingRange } from './stream-tracker.ts';
import { describeTarget, type Target } from './target.ts';

export interface RtapClientOptions {
  target: Target;
  /** Delay before the first new try over WebSocket; it doubles up to `maxDelayMs`. */
  initialDelayMs?: number;
  maxDelayMs?: number;
  /** Of the jitter; the same seed gives the same delays. */
  seed?: number;
  /** A WebSocket server that says nothing for so long is taken for gone; it beats every 30 s. */
  silenceLimitMs?: number;
}

export interface RtapClientEvents {
  /** Every message once, in order within its stream. */
  message: [message: Message];
  /** Where the daemon is and how it does; only over WebSocket. */
  status: [status: StatusPayload];
  /** Messages that should have come and did not; the client has found it out by itself. */
  gap: [range: MissingRange];
  /** Messages that will never come, as the daemon or a change of epoch says. */
  lost: [range: MissingRange, reason: string];
  connected: [target: string];
  /** `retryInMs` is null when the transport tries again by its own timing. */
  disconnected: [reason: string, retryInMs: number | null];
  error: [error: RtapError];
}

export interface RtapClientCounts {
  delivered: number;
  duplicates: number;
  olderEpoch: number;
  garbage: number;
}

/**
 * A consumer's connection to a daemon. It gives each message once, drops repeats and what comes
 * from an epoch that is over, connects anew for ever, and tells what is missing. Over WebSocket it
 * resumes where it was; over ZeroMQ nothing can be asked for again, so there it only tells. It does
 * not survive the consumer's own restart.
 */
export class RtapClient extends EventEmitter<RtapClientEvents> {
  readonly #target: Target;
  readonly #tracker = new StreamTracker();
  readonly #backoff: Backoff;
  readonly #silenceLimitMs: number;
  readonly #counts: RtapClientCounts = { delivered: 0, duplicates: 0, olderEpoch: 0, garbage: 0 };
  #state: 'new' | 'started' | 'closed' = 'new';
  #feed: Feed | null = null;
  #retry: NodeJS.Timeout | null = null;
  #lastStatus: StatusPayload | null = null;
  #upSinceMs: number | null = null;
  #isPaused = false;

  constructor(options: RtapClientOptions) {
    super();
    this.#target = options.target;
    this.#silenceLimitMs = options.silenceLimitMs ?? 75_000;
    this.#backoff = new Backoff({
      initialMs: options.initialDelayMs ?? 200,
      maxMs: options.maxDelayMs ?? 5_000,
      seed: options.seed ?? process.pid,
    });
  }

  get counts(): Readonly<RtapClientCounts> {
    return this.#counts;
  }

  /** Begins to connect; returns at once. A client is started once. */
  start(): void {
    if (this.#state !== 'new') throw new RtapError('PROTOCOL', 'A client is started only once.');
    this.#state = 'started';
    this.#connect();
  }

  /** Takes nothing until `resume`: what comes meanwhile waits with the daemon, or is told as lost. */
  pause(): void {
    this.#isPaused = true;
    this.#feed?.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#feed?.resume();
  }

  /** Ends the connection; nothing is emitted afterwards. */
  async close(): Promise<void> {
    this.#state = 'closed';
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#retry = null;
    const feed = this.#feed;
    this.#feed = null;
    await feed?.close();
  }

  #connect(): void {
    const listener: FeedListener = {
      onUp: () => {
        this.#upSinceMs = performance.now();
        if (this.#isPaused) this.#feed?.pause();
        this.emit('connected', describeTarget(this.#target));
      },
      onText: (text) => {
        this.#receive(text);
      },
      onGarbage: (complaint) => {
        this.#complain(new RtapError('PROTOCOL', complaint));
      },
      onDown: (reason) => {
        this.#onDown(reason);
      },
    };
    if (this.#target.transport === 'zeromq') {
      this.#feed = openZeroMqFeed(this.#target.endpoints, listener);
      if (this.#isPaused) this.#feed.pause();
      return;
    }
    this.#feed = openWebSocketFeed(this.#resumeUrl(this.#target.url), listener, {
      silenceLimitMs: this.#silenceLimitMs,
      handshakeDeadlineMs: 5_000,
    });
  }

  #resumeUrl(text: string): string {
    const url = new URL(text);
    if (this.#tracker.epoch !== null) {
      url.searchParams.set('epoch', String(this.#tracker.epoch));
      for (const stream of STREAMS) {
        const position = this.#tracker.position(stream);
        if (position !== undefined) url.searchParams.set(stream, String(position));
      }
    }
    return url.href;
  }

  #onDown(reason: string): void {
    if (this.#state === 'closed') return;
    if (this.#feed?.reconnects === true) {
      this.emit('disconnected', reason, null);
      return;
    }
    this.#feed = null;
    // A connection that breaks as soon as it stands must not be tried at full speed.
    const isStable = this.#upSinceMs !== null && performance.now() - this.#upSinceMs > 1_000;
    if (isStable) this.#backoff.reset();
    this.#upSinceMs = null;
    const delayMs = this.#backoff.nextMs();
    this.#retry = setTimeout(() => {
      this.#retry = null;
      this.#connect();
    }, delayMs);
    this.emit('disconnected', reason, delayMs);
  }

  #receive(text: string): void {
    if (this.#state === 'closed') return;
    try {
      if (this.#target.transport === 'zeromq') {
        this.#deliver(readMessageText(text));
        return;
      }
      const { message_type: type, payload } = readFrame(text);
      if (type === 'transcript' || type === 'event') this.#deliver(readMessage(payload));
      else if (type === 'status') this.#onStatus(readStatus(payload));
      else if (type === 'heartbeat') this.#onHeartbeat(payload);
      else this.#onErrorFrame(readErrorPayload(payload));
    } catch (thrown) {
      // A consumer's own exception is not ours to swallow.
      if (!(thrown instanceof RtapError)) throw thrown;
      this.#complain(thrown);
    }
  }

  #deliver(message: Message): void {
    const verdict = this.#tracker.accept(message);
    if (verdict.kind === 'duplicate') {
      this.#counts.duplicates += 1;
      return;
    }
    if (verdict.kind === 'older_epoch') {
      this.#counts.olderEpoch += 1;
      return;
    }
    for (const range of verdict.abandoned) {
      this.emit('lost', range, `epoch ${message.epoch} began`);
    }
    if (verdict.gap !== null) this.emit('gap', verdict.gap);
    this.#counts.delivered += 1;
    this.emit('message', message);
  }

  #onStatus(status: StatusPayload): void {
    this.#lastStatus = status;
    const seen = this.#tracker.epoch;
    if (this.#tracker.join(status.epoch, status.positions) === 'older') {
      const message =
        `The daemon at ${describeTarget(this.#target)} is at epoch ${status.epoch}, older than ` +
        `epoch ${seen ?? 0} which was heard before; what it says is dropped.`;
      this.#raise(new RtapError('PROTOCOL', message));
    }
    this.emit('status', status);
  }

  #onHeartbeat(payload: unknown): void {
    const { epoch, positions } = readHeartbeat(payload);
    for (const range of this.#tracker.missingBefore(epoch, positions)) {
      this.#tracker.skip(range);
      this.emit('gap', range);
    }
  }

  #onErrorFrame(error: ErrorPayload): void {
    const { code, message, stream, epoch, first, last } = error;
    if (code === 'MESSAGES_LOST' || code === 'EPOCH_CHANGED') {
      if (stream === null || epoch === null || first === null) return;
      const range = { stream, epoch, first, last };
      this.#tracker.skip(range);
      this.emit('lost', range, message);
      return;
    }
    if (code === 'BAD_RESUME' && stream !== null && epoch === this.#lastStatus?.epoch) {
      this.#tracker.place(stream, this.#lastStatus.positions[stream]);
    }
    this.#raise(new RtapError('PROTOCOL', message, { code }));
  }

  #complain(error: RtapError): void {
    this.#counts.garbage += 1;
    this.#raise(error);
  }

  /** Node throws an `error` that nobody listens to; a consumer may well not care. */
  #raise(error: RtapError): void {
    if (this.listenerCount('error') > 0) this.emit('error', error);
  }
}
