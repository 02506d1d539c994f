import { Subscriber } from 'zeromq';
import type { AudioFrameHeader } from '../../src/domain/audio-frame.ts';

export interface ReceivedAudio {
  readonly topic: string;
  readonly header: AudioFrameHeader;
  readonly samples: Int16Array;
}

/** What a client that is none of ours receives of published audio, on a plain ZeroMQ SUB socket. */
export class AudioSubscriber {
  readonly frames: ReceivedAudio[] = [];
  readonly #socket = new Subscriber({ receiveHighWaterMark: 0 });
  #waiting: { until: () => boolean; resolve: () => void }[] = [];

  constructor(endpoint: string) {
    this.#socket.connect(endpoint);
    this.#socket.subscribe();
    void this.#read();
  }

  /** All samples, one after the other, whatever is between them. */
  get samples(): Int16Array {
    return Int16Array.from(this.frames.flatMap(({ samples }) => [...samples]));
  }

  get sampleCount(): number {
    return this.frames.reduce((sum, { samples }) => sum + samples.length, 0);
  }

  until(condition: () => boolean): Promise<void> {
    if (condition()) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ until: condition, resolve }));
  }

  close(): void {
    this.#socket.close();
  }

  async #read(): Promise<void> {
    for await (const [topic, header, body, ...more] of this.#socket) {
      if (topic === undefined || header === undefined || body === undefined || more.length > 0) {
        throw new Error('a frame without three parts');
      }
      this.frames.push({
        topic: topic.toString(),
        header: JSON.parse(header.toString()) as AudioFrameHeader,
        samples: Int16Array.from({ length: body.length / 2 }, (_, i) => body.readInt16LE(2 * i)),
      });
      for (const one of this.#waiting) if (one.until()) one.resolve();
      this.#waiting = this.#waiting.filter(({ until }) => !until());
    }
  }
}
