import type { AudioPath } from '../../src/audio/audio-path.ts';
import type { Progress } from '../../src/audio/progress.ts';
import type { RingReader } from '../../src/audio/sample-ring.ts';
import { RtapError } from '../../src/domain/errors.ts';

export interface HopPumpOptions<TResult> {
  readonly path: AudioPath;
  readonly progress: Progress;
  readonly name: string;
  readonly hopSamples: number;
  /** The most hops that one request carries; a live source needs one at a time. */
  readonly maxHops: number;
  isEngineReady(): boolean;
  /** `isReset`: the samples do not follow the ones before. */
  ask(block: Int16Array, isReset: boolean): Promise<TResult>;
  /** In order; `firstSample` is that of the first hop. */
  take(result: TResult, firstSample: number): void;
  /** The audio does not go on where it stopped: positions `first` to `last` will not come. */
  onGap(firstSample: number, lastSample: number): void;
  /** Everything before `endSample` has been taken. */
  onFlushed(endSample: number): void;
  onFailed(thrown: unknown): void;
}

/**
 * Carries hops from the ring to an engine, one request at a time, in order. What an engine did not answer is asked
 * again of the next one, as long as the ring still holds it.
 */
export class HopPump<TResult> {
  readonly #options: HopPumpOptions<TResult>;
  readonly #reader: RingReader;
  readonly #release: (() => void)[];
  #next: number;
  #flushAt: number | null = null;
  #isBusy = false;
  #isReset = true;
  #isClosed = false;

  constructor(options: HopPumpOptions<TResult>) {
    this.#options = options;
    const { path, name } = options;
    this.#reader = path.ring.reader(name);
    this.#next = this.#reader.position;
    options.progress.restart(this.#next);
    const limit = path.ring.capacity / 2;
    this.#release = [
      path.onWrite(() => {
        this.pump();
      }),
      path.addPressure(() => path.ring.end - this.#next > limit),
    ];
  }

  /** Starts afresh at `baseSample`, where a source begins. */
  open(baseSample: number): void {
    if (baseSample > this.#reader.position) this.#reader.seek(baseSample);
    this.#next = this.#reader.position;
    this.#isReset = true;
    this.#flushAt = null;
  }

  /** Takes all that was written before `endSample`, the last hop padded with zeros, and then says so. */
  flush(endSample: number): void {
    this.#flushAt = endSample;
    this.pump();
  }

  pump(): void {
    const { hopSamples, maxHops } = this.#options;
    if (this.#isBusy || this.#isClosed) return;
    if (this.#flushAt !== null && this.#next >= this.#flushAt) {
      const endSample = this.#flushAt;
      this.#flushAt = null;
      this.#options.onFlushed(endSample);
      return;
    }
    if (!this.#options.isEngineReady()) return;
    const position = this.#reader.position;
    if (position !== this.#next) {
      const from = this.#next;
      this.#next = position;
      this.#isReset = true;
      this.#options.onGap(from, position - 1);
      this.#options.progress.advance(position);
    }
    const { available } = this.#reader;
    const hops = Math.min(maxHops, Math.floor(available / hopSamples));
    if (hops > 0) {
      this.#ask(this.#read(hops * hopSamples, hops * hopSamples), position, hops * hopSamples);
      return;
    }
    const isTail =
      available > 0 &&
      (this.#reader.resumesAt !== undefined ||
        (this.#flushAt !== null && position + available >= this.#flushAt));
    if (isTail) this.#ask(this.#read(available, hopSamples), position, available);
  }

  close(): void {
    this.#isClosed = true;
    this.#reader.close();
    for (const release of this.#release) release();
  }

  #read(count: number, padded: number): Int16Array {
    const samples = this.#reader.read(count);
    if (samples === undefined) throw new Error('the ring lost what it had just promised');
    if (count === padded) return samples;
    const block = new Int16Array(padded);
    block.set(samples);
    return block;
  }

  #ask(block: Int16Array, position: number, count: number): void {
    const isReset = this.#isReset;
    this.#isBusy = true;
    this.#isReset = false;
    this.#options.ask(block, isReset).then(
      (result) => {
        this.#isBusy = false;
        if (this.#isClosed) return;
        try {
          this.#next = position + count;
          this.#options.take(result, position);
          this.#options.progress.advance(this.#next);
          this.#options.path.relieve();
          this.pump();
        } catch (thrown) {
          this.#options.onFailed(thrown);
        }
      },
      (thrown: unknown) => {
        this.#isBusy = false;
        if (this.#isClosed) return;
        if (!isEngineLoss(thrown)) {
          this.#options.onFailed(thrown);
          return;
        }
        this.#reader.rewind(Math.min(position, this.#reader.position));
        this.#isReset = true;
      },
    );
  }
}

/** The engine went away, and another will come; the request itself was sound. */
export function isEngineLoss(thrown: unknown): boolean {
  return (
    thrown instanceof RtapError &&
    (thrown.code === 'ENGINE_DOWN' ||
      thrown.code === 'ENGINE_LOST' ||
      thrown.code === 'ENGINE_DEADLINE')
  );
}
