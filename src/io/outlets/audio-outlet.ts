import { endianness } from 'node:os';
import { AUDIO_FRAME_SAMPLES, AUDIO_TOPIC } from '../../domain/audio-frame.ts';
import type { AudioFrame } from '../../domain/audio-frame.ts';
import { RtapError } from '../../domain/errors.ts';
import { PublisherSocket, bindPublisher } from './publisher-socket.ts';
import type { DropReason, PublisherFormat } from './publisher-socket.ts';

export interface AudioOutletOptions {
  readonly host: string;
  /** 0 lets the system choose; `open` tells what it chose. */
  readonly port: number;
  /** Frames that may wait in this process. */
  readonly maxQueuedFrames?: number;
  /** Frames held by ZeroMQ for each subscriber; beyond it that subscriber alone misses some. */
  readonly highWaterMark?: number;
  readonly onDrop: (frames: readonly AudioFrame[], reason: DropReason) => void;
}

/** Ten seconds. */
const MAX_FRAMES = 250;

/** More than any header, so that the count is the bound. */
const HEADER_BYTES = 1_024;

const FORMAT: PublisherFormat<AudioFrame> = {
  sizeBytes: ({ samples }) => HEADER_BYTES + samples.byteLength,
  parts: ({ header, samples }) => [AUDIO_TOPIC, JSON.stringify(header), bytesOf(samples)],
};

function bytesOf(samples: Int16Array): Uint8Array {
  const bytes = Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);
  return endianness() === 'LE' ? bytes : Buffer.from(bytes).swap16();
}

/**
 * Owns the PUB socket of published audio: topic, JSON header and samples. It does not know its subscribers: one that
 * is slow, late or gone misses frames, and can tell by the sequence numbers.
 */
export class AudioOutlet {
  readonly #options: Required<AudioOutletOptions>;
  #socket: PublisherSocket<AudioFrame> | null = null;

  constructor(options: AudioOutletOptions) {
    this.#options = { maxQueuedFrames: MAX_FRAMES, highWaterMark: MAX_FRAMES, ...options };
  }

  /** Binds the socket and returns its address. Rejects with `PORT_IN_USE` or `PORT_DENIED`, naming the address. */
  async open(): Promise<string> {
    if (this.#socket !== null) {
      throw new RtapError('PROTOCOL', 'The outlet of audio is already open.');
    }
    const { host, port, highWaterMark, maxQueuedFrames, onDrop } = this.#options;
    const socket = await bindPublisher('ZeroMQ audio', host, port, highWaterMark);
    const maxQueuedBytes = maxQueuedFrames * (HEADER_BYTES + 2 * AUDIO_FRAME_SAMPLES);
    const bounds = { maxQueuedMessages: maxQueuedFrames, maxQueuedBytes };
    this.#socket = new PublisherSocket(socket, bounds, FORMAT, onDrop);
    return socket.lastEndpoint ?? '';
  }

  /** Hands a frame over at once; one that comes before `open` or after `close` is dropped and told. */
  publish(frame: AudioFrame): void {
    if (this.#socket === null) this.#options.onDrop([frame], 'closed');
    else this.#socket.push(frame);
  }

  /** Sends what waits and closes, within the deadline. */
  async close(deadlineMs: number): Promise<void> {
    const socket = this.#socket;
    this.#socket = null;
    await socket?.close(deadlineMs);
  }

  /** Frames that wait in this process. */
  get queued(): number {
    return this.#socket?.queued ?? 0;
  }
}
