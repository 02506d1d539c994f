import { constants } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import type { Stats } from 'node:fs';
import { PcmDecoder, describeBadSamples, describeTruncation } from '../../audio/pcm-decoder.ts';
import { bytesPerFrame, describeFormat } from '../../audio/pcm-format.ts';
import type { PcmFormat } from '../../audio/pcm-format.ts';
import { createResampler } from '../../audio/resampler.ts';
import type { Resampler } from '../../audio/resampler.ts';
import { WavReader, promisedFrames } from '../../audio/wav.ts';
import { RtapError, describeError } from '../../domain/errors.ts';
import type { BlockOpener, BlockReader, OpenedBlocks } from './block-reader.ts';
import type { FileSpec } from './source-spec.ts';
import type { SourceInfo } from './source.ts';

/** Bytes read at once: a second of CD-quality mono, and the most that a file holds in memory. */
const CHUNK_BYTES = 64 * 1024;

/** Where a file's samples are and how to read them. */
interface Samples {
  format: PcmFormat;
  dataOffset: number;
  dataBytes: number | null;
  promisedFrames: number | null;
}

/**
 * Opens a regular file, WAV or raw PCM, for reading in bounded memory; `kind` and `name` go into its info and messages.
 * Errors: SOURCE_NOT_FOUND, SOURCE_IS_DIRECTORY, SOURCE_UNSUPPORTED, SOURCE_NOT_READABLE, SOURCE_FAILED and those of {@link WavReader}.
 */
export function fileOpener(
  spec: FileSpec,
  kind: SourceInfo['kind'] = 'file',
  name: string = spec.path,
): BlockOpener {
  return async (): Promise<OpenedBlocks> => {
    const { handle, size } = await openRegularFile(spec.path);
    try {
      const samples = await findSamples(handle, size, spec);
      const frames = availableFrames(samples, size);
      if (frames < 1) throw new RtapError('SOURCE_EMPTY', `${spec.path} has no samples`);
      const { format } = samples;
      const resampler = await createResampler(format.sampleRateHz);
      return {
        info: {
          kind,
          name,
          sampleRateHz: format.sampleRateHz,
          channels: format.channels,
          format: describeFormat(format),
          durationMs: spec.loop ? null : (frames * 1000) / format.sampleRateHz,
          realTime: spec.speed === 'realtime',
        },
        blocks: new FileBlocks(handle, spec, samples, resampler),
      };
    } catch (thrown) {
      await handle.close();
      throw thrown;
    }
  };
}

async function openRegularFile(path: string): Promise<{ handle: FileHandle; size: number }> {
  try {
    // Before opening: to open a device or a FIFO can have effects of its own, or wait for ever.
    requireRegular(path, await stat(path));
    const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const opened = await handle.stat();
      requireRegular(path, opened);
      return { handle, size: opened.size };
    } catch (thrown) {
      await handle.close();
      throw thrown;
    }
  } catch (thrown) {
    throw asSourceError(path, thrown);
  }
}

function requireRegular(path: string, found: Stats): void {
  if (found.isDirectory()) {
    throw new RtapError('SOURCE_IS_DIRECTORY', `${path} is a directory, not an audio file`);
  }
  if (!found.isFile()) {
    throw new RtapError(
      'SOURCE_UNSUPPORTED',
      `${path} is no regular file; pipe it into standard input and use the source stdin`,
    );
  }
}

async function findSamples(handle: FileHandle, size: number, spec: FileSpec): Promise<Samples> {
  if (size === 0) throw new RtapError('SOURCE_EMPTY', `${spec.path} is empty: it has no bytes`);
  if (spec.raw !== null) {
    return { format: spec.raw, dataOffset: 0, dataBytes: null, promisedFrames: null };
  }
  const reader = new WavReader(spec.path);
  const buffer = new Uint8Array(4096);
  for (let position = 0; reader.header === undefined;) {
    const bytesRead = await readAt(handle, buffer, buffer.length, position, spec.path);
    if (bytesRead === 0) break;
    reader.push(buffer.subarray(0, bytesRead));
    position += bytesRead;
  }
  const { header } = reader;
  if (header === undefined) {
    reader.end();
    throw new RtapError('SOURCE_NOT_WAV', `${spec.path} is no WAV file`);
  }
  return { ...header, promisedFrames: promisedFrames(header) };
}

function availableFrames(samples: Samples, size: number): number {
  const bytes = Math.min(size - samples.dataOffset, samples.dataBytes ?? Infinity);
  return Math.floor(bytes / bytesPerFrame(samples.format));
}

async function readAt(
  handle: FileHandle,
  buffer: Uint8Array,
  length: number,
  position: number,
  path: string,
): Promise<number> {
  try {
    return (await handle.read(buffer, 0, length, position)).bytesRead;
  } catch (thrown) {
    throw asSourceError(path, thrown);
  }
}

class FileBlocks implements BlockReader {
  readonly #handle: FileHandle;
  readonly #spec: FileSpec;
  readonly #samples: Samples;
  readonly #resampler: Resampler;
  readonly #decoder: PcmDecoder;
  readonly #buffer = new Uint8Array(CHUNK_BYTES);
  #position: number;
  #framesBeforePass = 0;
  #truncation: RtapError | undefined;
  #flushed = false;
  #closing: Promise<void> | undefined;

  constructor(handle: FileHandle, spec: FileSpec, samples: Samples, resampler: Resampler) {
    this.#handle = handle;
    this.#spec = spec;
    this.#samples = samples;
    this.#resampler = resampler;
    this.#decoder = new PcmDecoder(samples.format);
    this.#position = samples.dataOffset;
  }

  async next(): Promise<Int16Array | null> {
    while (!this.#flushed) {
      const bytesRead = await this.#readChunk();
      if (bytesRead > 0) {
        const mono = this.#decoder.push(this.#buffer.subarray(0, bytesRead));
        const block = this.#resampler.push(mono);
        if (block.length > 0) return block;
      } else if (this.#spec.loop) {
        this.#startAgain();
      } else {
        this.#flushed = true;
        this.#truncation = describeTruncation(
          this.#spec.path,
          this.#decoder,
          this.#samples.promisedFrames,
        );
        const tail = this.#resampler.flush();
        if (tail.length > 0) return tail;
      }
    }
    return null;
  }

  warnings(): RtapError[] {
    const found = [this.#truncation, describeBadSamples(this.#spec.path, this.#decoder)];
    return found.filter((warning) => warning !== undefined);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#resampler.close();
    // Nothing was written, so a close that fails loses nothing.
    await this.#handle.close().catch(() => undefined);
  }

  async #readChunk(): Promise<number> {
    const { dataOffset, dataBytes } = this.#samples;
    const left = dataBytes === null ? Infinity : dataOffset + dataBytes - this.#position;
    const wanted = Math.min(CHUNK_BYTES, left);
    if (wanted === 0) return 0;
    const { path } = this.#spec;
    const bytesRead = await readAt(this.#handle, this.#buffer, wanted, this.#position, path);
    this.#position += bytesRead;
    return bytesRead;
  }

  #startAgain(): void {
    if (this.#decoder.frames === this.#framesBeforePass) {
      throw new RtapError('SOURCE_FAILED', `${this.#spec.path} has lost its samples`);
    }
    this.#framesBeforePass = this.#decoder.frames;
    this.#decoder.discardIncomplete();
    this.#position = this.#samples.dataOffset;
  }
}

function asSourceError(path: string, thrown: unknown): RtapError {
  if (thrown instanceof RtapError) return thrown;
  const errno = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
  if (errno === 'ENOENT' || errno === 'ENOTDIR') {
    return new RtapError('SOURCE_NOT_FOUND', `${path} does not exist`, { errno });
  }
  if (errno === 'EACCES' || errno === 'EPERM') {
    return new RtapError('SOURCE_NOT_READABLE', `${path} may not be read by this user`, { errno });
  }
  return new RtapError('SOURCE_FAILED', `${path} cannot be read: ${describeError(thrown)}`, {
    errno,
  });
}
