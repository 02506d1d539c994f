import type { Readable } from 'node:stream';
import { PcmDecoder, describeBadSamples, describeTruncation } from '../../audio/pcm-decoder.ts';
import { describeFormat } from '../../audio/pcm-format.ts';
import type { PcmFormat } from '../../audio/pcm-format.ts';
import { createResampler } from '../../audio/resampler.ts';
import type { Resampler } from '../../audio/resampler.ts';
import { WAV_TAGS, WavReader } from '../../audio/wav.ts';
import { RtapError, describeError } from '../../domain/errors.ts';
import type { BlockOpener, BlockReader, OpenedBlocks } from './block-reader.ts';
import { DEFAULT_STDIN_FORMAT } from './source-spec.ts';
import type { StdinSpec } from './source-spec.ts';

const NAME = 'standard input';

/** The process's own standard input, or any stream in its place. */
export type InputStream = Readable & { readonly isTTY?: boolean };

/** What turns bytes into mono samples and knows what was wrong with them: a WAV stream or raw PCM. */
interface SampleStream {
  readonly done: boolean;
  readonly decoder: PcmDecoder | undefined;
  push(bytes: Uint8Array): Float32Array;
  end(): RtapError | undefined;
}

/**
 * Opens standard input: WAV when it begins as one, else raw PCM. Without a stated format it waits for the first bytes, until `signal` is aborted.
 * Frames come as fast as bytes do and there is room; the end of input ends the source.
 */
export function stdinOpener(spec: StdinSpec, stream: InputStream): BlockOpener {
  return async (signal): Promise<OpenedBlocks> => {
    if (stream.isTTY === true) {
      throw new RtapError(
        'SOURCE_UNSUPPORTED',
        'Standard input is a terminal; pipe audio into it, as in: arecord -f S16_LE -r 16000 | rtap run --source stdin',
      );
    }
    const bytes = new ByteQueue(stream);
    const stop = (): void => {
      bytes.close();
    };
    signal.addEventListener('abort', stop, { once: true });
    try {
      const begun =
        spec.raw === null
          ? await beginUnknown(bytes)
          : { format: spec.raw, samples: new RawReader(spec.raw), head: new Float32Array(0) };
      const resampler = await createResampler(begun.format.sampleRateHz);
      return {
        info: {
          kind: 'stdin',
          name: NAME,
          sampleRateHz: begun.format.sampleRateHz,
          channels: begun.format.channels,
          format: describeFormat(begun.format),
          durationMs: null,
          realTime: false,
        },
        blocks: new StdinBlocks(bytes, begun.samples, resampler, resampler.push(begun.head)),
      };
    } catch (thrown) {
      bytes.close();
      throw thrown;
    }
  };
}

interface Begun {
  format: PcmFormat;
  samples: SampleStream;
  /** Samples that came with the header. */
  head: Float32Array;
}

async function beginUnknown(bytes: ByteQueue): Promise<Begun> {
  let first = await bytes.next();
  while (first !== null && first.length < 4) {
    const more = await bytes.next();
    if (more === null) break;
    first = Buffer.concat([first, more]);
  }
  if (first === null) {
    throw new RtapError('SOURCE_EMPTY', 'Standard input ended before any audio came');
  }
  if (WAV_TAGS.includes(Buffer.from(first).toString('latin1', 0, 4))) {
    return beginWav(first, bytes);
  }
  const samples = new RawReader(DEFAULT_STDIN_FORMAT);
  return { format: DEFAULT_STDIN_FORMAT, samples, head: samples.push(first) };
}

async function beginWav(first: Uint8Array, bytes: ByteQueue): Promise<Begun> {
  const samples = new WavReader(NAME);
  let head = samples.push(first);
  while (samples.header === undefined) {
    const more = await bytes.next();
    if (more === null) {
      samples.end();
      break;
    }
    head = samples.push(more);
  }
  if (samples.header === undefined) {
    throw new RtapError('SOURCE_NOT_WAV', 'Standard input is no WAV stream');
  }
  return { format: samples.header.format, samples, head };
}

class RawReader implements SampleStream {
  readonly done = false;
  readonly decoder: PcmDecoder;

  constructor(format: PcmFormat) {
    this.decoder = new PcmDecoder(format);
  }

  push(bytes: Uint8Array): Float32Array {
    return this.decoder.push(bytes);
  }

  end(): RtapError | undefined {
    if (this.decoder.frames === 0) {
      throw new RtapError('SOURCE_EMPTY', 'Standard input ended before any audio came');
    }
    return describeTruncation(NAME, this.decoder, null);
  }
}

class StdinBlocks implements BlockReader {
  readonly #bytes: ByteQueue;
  readonly #samples: SampleStream;
  readonly #resampler: Resampler;
  #head: Int16Array;
  #ended = false;
  #truncation: RtapError | undefined;

  constructor(bytes: ByteQueue, samples: SampleStream, resampler: Resampler, head: Int16Array) {
    this.#bytes = bytes;
    this.#samples = samples;
    this.#resampler = resampler;
    this.#head = head;
  }

  async next(): Promise<Int16Array | null> {
    const head = this.#head;
    this.#head = new Int16Array(0);
    if (head.length > 0) return head;
    while (!this.#ended) {
      const bytes = this.#samples.done ? null : await this.#bytes.next();
      if (bytes === null) return this.#end();
      const block = this.#resampler.push(this.#samples.push(bytes));
      if (block.length > 0) return block;
    }
    return null;
  }

  warnings(): RtapError[] {
    const { decoder } = this.#samples;
    const bad = decoder === undefined ? undefined : describeBadSamples(NAME, decoder);
    return [this.#truncation, bad].filter((warning) => warning !== undefined);
  }

  close(): Promise<void> {
    this.#bytes.close();
    this.#resampler.close();
    return Promise.resolve();
  }

  #end(): Int16Array | null {
    this.#ended = true;
    this.#truncation = this.#samples.end();
    const tail = this.#resampler.flush();
    return tail.length > 0 ? tail : null;
  }
}

/** Pulls a stream's bytes one chunk at a time, so that a reader who waits holds the writer back. */
class ByteQueue {
  readonly #stream: InputStream;
  #wake: (() => void) | undefined;
  #failure: RtapError | undefined;
  #ended = false;
  #closed = false;

  constructor(stream: InputStream) {
    this.#stream = stream;
    this.#ended = stream.readableEnded || stream.destroyed;
    stream.on('readable', this.#onReadable);
    stream.on('end', this.#onEnd);
    stream.on('close', this.#onEnd);
    stream.on('error', this.#onError);
  }

  /** Null at the end of the stream, or once closed; rejects with SOURCE_FAILED when the stream fails. */
  async next(): Promise<Uint8Array | null> {
    while (!this.#closed) {
      if (this.#failure !== undefined) throw this.#failure;
      const chunk: unknown = this.#stream.read();
      if (chunk instanceof Uint8Array) return chunk;
      if (this.#ended) return null;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return null;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#stream.off('readable', this.#onReadable);
    this.#stream.off('end', this.#onEnd);
    this.#stream.off('close', this.#onEnd);
    // The error listener stays: an error that nobody hears would end the process.
    this.#stream.pause();
    this.#wake?.();
  }

  readonly #onReadable = (): void => {
    this.#wake?.();
  };

  readonly #onEnd = (): void => {
    this.#ended = true;
    this.#wake?.();
  };

  readonly #onError = (thrown: unknown): void => {
    this.#failure = new RtapError(
      'SOURCE_FAILED',
      `Standard input failed: ${describeError(thrown)}`,
    );
    this.#wake?.();
  };
}
