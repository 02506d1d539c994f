import type { RtapError } from '../../domain/errors.ts';
import type { SourceInfo } from './source.ts';

/** Samples at the pipeline's rate, pulled in blocks of any length; one `next` at a time. */
export interface BlockReader {
  /** Null at the end, and from then on; rejects with an RtapError when reading fails. */
  next(): Promise<Int16Array | null>;
  /** What was mended on the way; asked for once, after the end. */
  warnings(): RtapError[];
  /** Frees what the reader holds; idempotent. A `next` under way settles soon after. */
  close(): Promise<void>;
}

export interface OpenedBlocks {
  info: SourceInfo;
  blocks: BlockReader;
}

/** Opens what a spec names; rejects with an RtapError. It gives up when `signal` is aborted. */
export type BlockOpener = (signal: AbortSignal) => Promise<OpenedBlocks>;
