import type { WebSocket } from 'ws';
import type { Message, Stream } from '../../domain/messages.ts';
import { encodeFrame, type ErrorPayload, type HeartbeatPayload } from './frames.ts';
import type { Positions, StreamLedger } from './ledger.ts';
import { encodeMessage, frameTypeOf } from './message-encoding.ts';
import type { ResumeRequest } from './resume-request.ts';

const STREAMS: readonly Stream[] = ['events', 'transcripts'];

export interface StreamClientOptions {
  ledger: StreamLedger;
  now: () => number;
  /** Bytes that may wait in this process for the client. */
  maxBufferedBytes: number;
  maxOffences: number;
  onLost: (stream: Stream, count: number) => void;
  onCaughtUp: () => void;
}

/**
 * Owns one WebSocket client's place in both streams. It sends from the ledger while the client
 * takes what it is sent, so a slow client costs a bounded buffer and no queue of its own; what the
 * ledger no longer holds when the client is ready again is counted and told to it as lost.
 */
export class StreamClient {
  readonly #socket: WebSocket;
  readonly #options: StreamClientOptions;
  readonly #cursor: Positions;
  #offences = 0;
  #answered = true;
  #progressed = true;
  #frames = 0;

  constructor(socket: WebSocket, options: StreamClientOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#cursor = options.ledger.positions();
  }

  get isCaughtUp(): boolean {
    return this.behind === 0;
  }

  /** Messages that this client has not been sent yet. */
  get behind(): number {
    const positions = this.#options.ledger.positions();
    return STREAMS.reduce((sum, stream) => sum + positions[stream] - this.#cursor[stream], 0);
  }

  get bufferedBytes(): number {
    return this.#socket.bufferedAmount;
  }

  get framesSent(): number {
    return this.#frames;
  }

  /** Puts the cursor where the client says it was, and tells it what cannot be given back. */
  resume(request: ResumeRequest | null | string): void {
    if (request === null) return;
    if (typeof request === 'string') {
      this.sendError({ code: 'BAD_RESUME', message: request });
      return;
    }
    for (const stream of STREAMS) this.#resumeStream(stream, request);
  }

  /** Sends what the client lacks, until it is caught up or its buffer is full. */
  pump(): void {
    while (this.#socket.readyState === this.#socket.OPEN) {
      if (!this.#skipLost()) return;
      const next = this.#next();
      if (next === null) {
        this.#options.onCaughtUp();
        return;
      }
      const text = encodeFrame(frameTypeOf(next.stream), next.timestamp, encodeMessage(next));
      if (!this.#send(text)) return;
      this.#cursor[next.stream] = next.sequence_number;
    }
  }

  /** Everything up to these positions went before it; a client that lags gets none. */
  heartbeat(): void {
    if (!this.isCaughtUp) return;
    const { instance, epoch } = this.#options.ledger;
    const payload: HeartbeatPayload = { instance, epoch, positions: { ...this.#cursor } };
    this.sendFrame('heartbeat', JSON.stringify(payload));
  }

  sendError(error: Pick<ErrorPayload, 'code' | 'message'> & Partial<ErrorPayload>): boolean {
    const payload: ErrorPayload = { stream: null, epoch: null, first: null, last: null, ...error };
    return this.sendFrame('error', JSON.stringify(payload));
  }

  sendFrame(type: 'status' | 'error' | 'heartbeat', payloadJson: string): boolean {
    return this.#send(encodeFrame(type, this.#options.now(), payloadJson));
  }

  /** Takes one frame from the client; too many bad ones close the connection with 1008. */
  receive(data: unknown, isBinary: boolean): void {
    const problem = isBinary ? 'Binary frames are not understood here.' : describeFrame(data);
    if (problem === null) {
      this.heartbeat();
      return;
    }
    this.#offences += 1;
    this.sendError({ code: 'BAD_FRAME', message: problem });
    if (this.#offences >= this.#options.maxOffences) {
      this.#socket.close(1008, 'too many frames that are not understood');
    }
  }

  answered(): void {
    this.#answered = true;
  }

  /**
   * Called at every beat: `stalled` when the client lagged through a whole interval without
   * taking anything, `dead` when it did not answer the last ping.
   */
  check(): 'alive' | 'stalled' | 'dead' {
    const isStalled = !this.isCaughtUp && !this.#progressed;
    if (isStalled) return 'stalled';
    if (!this.#answered) return 'dead';
    this.#progressed = false;
    this.#answered = false;
    return 'alive';
  }

  #resumeStream(stream: Stream, request: ResumeRequest): void {
    const { ledger } = this.#options;
    const asked = request.positions[stream];
    if (asked === undefined) return;
    if (request.epoch > ledger.epoch) {
      this.sendError({
        code: 'BAD_RESUME',
        message: `Epoch ${request.epoch} is newer than epoch ${ledger.epoch} of this instance.`,
        stream,
        epoch: request.epoch,
      });
      return;
    }
    if (request.epoch < ledger.epoch) {
      this.sendError({
        code: 'EPOCH_CHANGED',
        message: `What followed ${stream} ${asked} in epoch ${request.epoch}, if anything, cannot be given back.`,
        stream,
        epoch: request.epoch,
        first: asked + 1,
      });
      this.#cursor[stream] = 0;
      return;
    }
    if (asked > this.#cursor[stream]) {
      this.sendError({
        code: 'BAD_RESUME',
        message: `The stream ${stream} is at ${this.#cursor[stream]} in epoch ${ledger.epoch}, not at ${asked}.`,
        stream,
        epoch: ledger.epoch,
      });
      return;
    }
    this.#cursor[stream] = asked;
  }

  /** Moves the cursor over what the ledger no longer holds; false while the client cannot be told. */
  #skipLost(): boolean {
    const { ledger } = this.#options;
    for (const stream of STREAMS) {
      const first = this.#cursor[stream] + 1;
      const oldest = ledger.oldest(stream);
      if (first >= oldest) continue;
      const count = oldest - first;
      const isTold = this.sendError({
        code: 'MESSAGES_LOST',
        message: `${count} messages of the stream ${stream} can no longer be sent.`,
        stream,
        epoch: ledger.epoch,
        first,
        last: oldest - 1,
      });
      if (!isTold) return false;
      this.#cursor[stream] = oldest - 1;
      this.#options.onLost(stream, count);
    }
    return true;
  }

  /** The older of the two streams' next messages. */
  #next(): Message | null {
    const { ledger } = this.#options;
    const event = ledger.at('events', this.#cursor.events + 1);
    const transcript = ledger.at('transcripts', this.#cursor.transcripts + 1);
    if (event === undefined || transcript === undefined) return event ?? transcript ?? null;
    return event.timestamp <= transcript.timestamp ? event : transcript;
  }

  #send(text: string): boolean {
    if (this.#socket.readyState !== this.#socket.OPEN) return false;
    const buffered = this.#socket.bufferedAmount;
    // A frame larger than the whole bound still goes when nothing waits before it.
    if (buffered > 0 && buffered + Buffer.byteLength(text) > this.#options.maxBufferedBytes) {
      return false;
    }
    this.#socket.send(text, (failure) => {
      if (failure) return;
      this.#progressed = true;
      if (!this.isCaughtUp) this.pump();
    });
    this.#frames += 1;
    return true;
  }
}

/** What is wrong with a text frame, or null: a client may only say `heartbeat`. */
function describeFrame(data: unknown): string | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(String(data));
  } catch {
    return 'A frame must be JSON.';
  }
  if (typeof parsed !== 'object' || parsed === null || !('message_type' in parsed)) {
    return 'A frame must be an object with a message_type.';
  }
  return parsed.message_type === 'heartbeat'
    ? null
    : 'The only message_type that a client may send is "heartbeat".';
}
