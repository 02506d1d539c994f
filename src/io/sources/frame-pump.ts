import { FrameCutter } from '../../audio/frame-cutter.ts';
import { RtapError, describeError } from '../../domain/errors.ts';
import { samplesToMs } from '../../domain/pcm.ts';
import type { BlockReader } from './block-reader.ts';
import type { SourceClock, SourceSink } from './source.ts';

/** Frames that a real-time source may deliver at once when it is late: 200 ms of audio. */
const MAX_BURST_FRAMES = 10;

/**
 * Owns the delivery of a reader's samples to a sink, frame by frame, and closes the reader at the end.
 * In real time each frame comes when its last sample would have been captured, by the sample count against the clock, so that nothing drifts;
 * when late, it catches up in bursts of at most 200 ms, giving way and asking for room between them. Else it asks for room before each frame.
 */
export class FramePump {
  readonly #blocks: BlockReader;
  readonly #sink: SourceSink;
  readonly #clock: SourceClock;
  readonly #realTime: boolean;
  readonly #cutter = new FrameCutter();
  #startedMs = 0;
  #deliveredSamples = 0;
  #burstFrames = 0;
  #stopped = false;
  #wake: (() => void) | undefined;

  constructor(blocks: BlockReader, sink: SourceSink, clock: SourceClock, realTime: boolean) {
    this.#blocks = blocks;
    this.#sink = sink;
    this.#clock = clock;
    this.#realTime = realTime;
  }

  /** Resolves when the sink has heard its last, or after `stop`. */
  async run(): Promise<void> {
    this.#startedMs = this.#clock.now();
    const failure = await this.#deliverAll().then(
      () => undefined,
      (thrown: unknown) => asRtapError(thrown),
    );
    await this.#blocks.close();
    if (this.#isStopped()) return;
    if (failure === undefined) this.#finish();
    else this.#sink.failed(failure);
  }

  /** Nothing reaches the sink from now on; `run` resolves once a read under way is done. */
  stop(): void {
    this.#stopped = true;
    this.#wake?.();
  }

  async #deliverAll(): Promise<void> {
    for (;;) {
      const block = await this.#blocks.next();
      if (this.#stopped) return;
      if (block === null) break;
      for (const frame of this.#cutter.push(block)) await this.#deliver(frame);
    }
    const rest = this.#cutter.rest();
    if (rest !== undefined) await this.#deliver(rest);
  }

  #finish(): void {
    for (const warning of this.#blocks.warnings()) this.#sink.warning(warning);
    this.#sink.ended();
  }

  async #deliver(frame: Int16Array): Promise<void> {
    if (this.#stopped) return;
    if (this.#realTime) await this.#untilDue(frame.length);
    else await this.#untilRoom();
    if (this.#isStopped()) return;
    this.#deliveredSamples += frame.length;
    this.#sink.frame(frame);
  }

  async #untilDue(samples: number): Promise<void> {
    const dueMs = this.#startedMs + samplesToMs(this.#deliveredSamples + samples);
    if (this.#clock.now() >= dueMs) {
      this.#burstFrames++;
      if (this.#burstFrames <= MAX_BURST_FRAMES) return;
      this.#burstFrames = 1;
      await this.#sleep(0);
      if (!this.#stopped) await this.#untilRoom();
      return;
    }
    this.#burstFrames = 1;
    while (!this.#stopped && this.#clock.now() < dueMs) {
      await this.#sleep(Math.ceil(dueMs - this.#clock.now()));
    }
  }

  async #untilRoom(): Promise<void> {
    const room = this.#sink.room();
    if (room === undefined) return;
    await new Promise<void>((resolve, reject) => {
      this.#wake = resolve;
      room.then(resolve, reject);
    });
  }

  async #sleep(delayMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = this.#clock.setTimeout(resolve, delayMs);
      this.#wake = () => {
        this.#clock.clearTimeout(timer);
        resolve();
      };
    });
  }

  /** TypeScript cannot see that stop() runs while something else waits. */
  #isStopped(): boolean {
    return this.#stopped;
  }
}

function asRtapError(thrown: unknown): RtapError {
  if (thrown instanceof RtapError) return thrown;
  return new RtapError('SOURCE_FAILED', `The source failed: ${describeError(thrown)}`);
}
