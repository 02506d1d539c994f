import type { DroppedRange } from '../../machines/stage-facts.ts';
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
  /** What comes does not follow what was taken, which ended at `endSample`; told once until something is taken again. */
  onBreak(endSample: number): void;
  /** Captured samples were lost in a break. It may come long after it: a break that goes on is told of once. */
  onDropped(range: DroppedRange): void;
  onFailed(thrown: unknown): void;
}

/** A position that nothing is taken beyond before it has been reached. */
interface Mark {
  readonly at: number;
  readonly isOpening: boolean;
  readonly onReached: () => void;
}

/**
 * Carries hops from the ring to an engine, one request at a time, in order. What an engine did not answer is asked
 * again of the next one, as long as the ring still holds it. Its progress moves on over what will never come as well.
 */
export class HopPump<TResult> {
  readonly #options: HopPumpOptions<TResult>;
  readonly #reader: RingReader;
  readonly #release: (() => void)[];
  /** In their order, where audio ended or began; there are as many as sources came and went while the engine was away. */
  readonly #marks: Mark[] = [];
  /** All before it has been answered, or will never be. */
  #next: number;
  #isBusy = false;
  #isReset = true;
  #isClosed = false;
  #isBroken = true;
  #brokenAt: number;
  #toldDropped: number;

  constructor(options: HopPumpOptions<TResult>) {
    this.#options = options;
    const { path, name } = options;
    this.#reader = path.ring.reader(name);
    this.#next = this.#reader.position;
    this.#brokenAt = this.#next;
    this.#toldDropped = this.#reader.droppedSamples;
    options.progress.restart(this.#next);
    const limit = path.ring.capacity / 2;
    this.#release = [
      path.onWrite(() => {
        this.pump();
      }),
      path.addPressure(() => path.ring.end - this.#next > limit),
    ];
  }

  /** Takes all that was written before `baseSample`, where a source begins, says so, and starts afresh there. */
  open(baseSample: number, onOpened: () => void): void {
    this.#mark({ at: baseSample, isOpening: true, onReached: onOpened });
  }

  /** Takes all that was written before `endSample`, the last hop padded with zeros, and then says so. */
  flush(endSample: number, onFlushed: () => void): void {
    this.#mark({ at: endSample, isOpening: false, onReached: onFlushed });
  }

  pump(): void {
    try {
      this.#goOn();
    } catch (thrown) {
      this.#options.onFailed(thrown);
    }
  }

  /** Asks for nothing more: what is not answered is dropped, and told. */
  giveUp(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#marks.length = 0;
    if (this.#isBusy) this.#reader.rewind(Math.min(this.#next, this.#reader.position));
    this.#reader.seek(this.#options.path.ring.end);
    this.#passOver();
    this.#tellDropped();
  }

  close(): void {
    this.#isClosed = true;
    this.#reader.close();
    for (const release of this.#release) release();
  }

  #mark(mark: Mark): void {
    this.#marks.push(mark);
    this.pump();
  }

  #goOn(): void {
    if (!this.#canGoOn()) return;
    this.#reachMarks();
    if (!this.#canGoOn()) return;
    this.#passOver();
    this.#reachMarks();
    if (!this.#canGoOn() || !this.#options.isEngineReady()) return;
    this.#tellDropped();
    if (this.#canGoOn()) this.#askForNext();
  }

  /** Whoever is told of something may have asked for something in turn. */
  #canGoOn(): boolean {
    return !this.#isBusy && !this.#isClosed;
  }

  #reachMarks(): void {
    for (;;) {
      const [mark] = this.#marks;
      if (mark === undefined || mark.at > this.#next || !this.#canGoOn()) return;
      this.#marks.shift();
      this.#tellDropped();
      if (mark.isOpening) {
        this.#isReset = true;
        this.#isBroken = true;
      }
      mark.onReached();
    }
  }

  /** Moves on to where there is something to read, or to the end. */
  #passOver(): void {
    const { position } = this.#reader;
    if (position === this.#next) return;
    const endSample = this.#next;
    this.#next = position;
    this.#isReset = true;
    if (!this.#isBroken) {
      this.#isBroken = true;
      this.#brokenAt = endSample;
      this.#options.onBreak(endSample);
    }
    this.#options.progress.advance(position);
    this.#options.path.relieve();
  }

  #tellDropped(): void {
    const droppedSamples = this.#reader.droppedSamples - this.#toldDropped;
    const firstSample = this.#brokenAt;
    this.#toldDropped += droppedSamples;
    this.#brokenAt = this.#next;
    if (droppedSamples === 0) return;
    this.#options.onDropped({ firstSample, lastSample: this.#next - 1, droppedSamples });
  }

  #askForNext(): void {
    const { hopSamples, maxHops } = this.#options;
    const position = this.#next;
    const limit = this.#marks[0]?.at ?? Infinity;
    const available = Math.min(this.#reader.available, limit - position);
    const hops = Math.min(maxHops, Math.floor(available / hopSamples));
    if (hops > 0) {
      this.#ask(this.#read(hops * hopSamples, hops * hopSamples), position, hops * hopSamples);
      return;
    }
    const isTail = this.#reader.resumesAt !== undefined || position + available >= limit;
    if (available > 0 && isTail) this.#ask(this.#read(available, hopSamples), position, available);
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
    this.#isBroken = false;
    this.#options.ask(block, isReset).then(
      (result) => {
        this.#isBusy = false;
        if (this.#isClosed) return;
        try {
          this.#next = position + count;
          this.#options.take(result, position);
          this.#options.progress.advance(this.#next);
          this.#options.path.relieve();
        } catch (thrown) {
          this.#options.onFailed(thrown);
          return;
        }
        this.pump();
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
