import type { RtapError } from '../../../../src/domain/errors.ts';
import type { AudioSource, SourceSink } from '../../../../src/io/sources/source.ts';

/** Keeps all that a source says, and checks that it keeps to the contract. */
export class ListeningSink implements SourceSink {
  readonly frames: Int16Array[] = [];
  readonly warnings: RtapError[] = [];
  readonly gaps: number[] = [];
  /** `frame`, `room`, `ended` and so on, in the order in which they came. */
  readonly log: string[] = [];
  failure: RtapError | undefined;
  roomAsked = 0;
  /** What `room` answers; undefined goes on. */
  nextRoom: () => Promise<void> | undefined = () => undefined;
  readonly over: Promise<void>;
  #isOver = false;
  #settle: () => void = () => undefined;

  constructor() {
    this.over = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  frame(samples: Int16Array): void {
    this.#note('frame');
    this.frames.push(samples);
  }

  warning(error: RtapError): void {
    this.#note('warning');
    this.warnings.push(error);
  }

  gap(missingSamples: number): void {
    this.#note('gap');
    this.gaps.push(missingSamples);
  }

  ended(): void {
    this.#finish('ended');
  }

  failed(error: RtapError): void {
    this.failure = error;
    this.#finish('failed');
  }

  room(): Promise<void> | undefined {
    this.log.push('room');
    this.roomAsked++;
    return this.nextRoom();
  }

  get samples(): Int16Array {
    const all = new Int16Array(this.frames.reduce((sum, frame) => sum + frame.length, 0));
    let at = 0;
    for (const frame of this.frames) {
      all.set(frame, at);
      at += frame.length;
    }
    return all;
  }

  #finish(how: string): void {
    this.#note(how);
    this.#isOver = true;
    this.#settle();
  }

  #note(what: string): void {
    if (this.#isOver) throw new Error(`The source said ${what} after it was over`);
    this.log.push(what);
  }
}

/** Opens, plays to the end and stops a source that has one. */
export async function hear(source: AudioSource): Promise<ListeningSink> {
  const sink = new ListeningSink();
  await source.open();
  source.start(sink);
  await sink.over;
  await source.stop();
  return sink;
}
