import { RtapError } from '../../domain/errors.ts';
import type { BlockOpener, OpenedBlocks } from './block-reader.ts';
import { FramePump } from './frame-pump.ts';
import type { AudioSource, SourceClock, SourceInfo, SourceSink } from './source.ts';

/** A stop waits this long for a read that is under way, as on a network file system that hangs. */
const STOP_BOUND_MS = 1_000;

/** Owns the life of a source whose samples are pulled: files, standard input, silence and tones. */
export class PumpedSource implements AudioSource {
  readonly #opener: BlockOpener;
  readonly #clock: SourceClock;
  readonly #abort = new AbortController();
  #opening: Promise<OpenedBlocks> | undefined;
  #opened: OpenedBlocks | undefined;
  #pump: FramePump | undefined;
  #running: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;

  constructor(opener: BlockOpener, clock: SourceClock) {
    this.#opener = opener;
    this.#clock = clock;
  }

  async open(): Promise<SourceInfo> {
    if (this.#opening !== undefined) throw new Error('A source is opened once');
    if (this.#isStopped()) throw stoppedEarly();
    this.#opening = this.#opener(this.#abort.signal);
    const opened = await this.#opening.catch((thrown: unknown) => {
      throw this.#isStopped() ? stoppedEarly() : thrown;
    });
    if (this.#isStopped()) {
      await opened.blocks.close();
      throw stoppedEarly();
    }
    this.#opened = opened;
    return opened.info;
  }

  start(sink: SourceSink): void {
    if (this.#isStopped()) return;
    if (this.#opened === undefined || this.#pump !== undefined) {
      throw new Error('A source is started once, after it is open');
    }
    const { blocks, info } = this.#opened;
    this.#pump = new FramePump(blocks, sink, this.#clock, info.realTime);
    this.#running = this.#pump.run();
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  /** TypeScript cannot see that stop() runs while open() waits. */
  #isStopped(): boolean {
    return this.#abort.signal.aborted;
  }

  async #stop(): Promise<void> {
    this.#abort.abort();
    this.#pump?.stop();
    await this.#bounded(this.#running ?? this.#opened?.blocks.close() ?? this.#settledOpening());
  }

  async #settledOpening(): Promise<void> {
    await this.#opening?.catch(() => undefined);
  }

  async #bounded(work: Promise<void>): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = this.#clock.setTimeout(resolve, STOP_BOUND_MS);
      const settle = (): void => {
        this.#clock.clearTimeout(timer);
        resolve();
      };
      work.then(settle, settle);
    });
  }
}

function stoppedEarly(): RtapError {
  return new RtapError('SOURCE_FAILED', 'The source was stopped before it was open');
}
