import { RtapError } from '../domain/errors.ts';
import { PcmDecoder, describeTruncation } from './pcm-decoder.ts';
import {
  ENCODINGS,
  MAX_CHANNELS,
  MAX_SAMPLE_RATE_HZ,
  MIN_SAMPLE_RATE_HZ,
  bytesPerFrame,
} from './pcm-format.ts';
import type { Encoding, PcmFormat } from './pcm-format.ts';

/** What a WAV header says, once the reader has reached the samples. */
export interface WavHeader {
  format: PcmFormat;
  /** Where the samples begin, in bytes from the start of the stream. */
  dataOffset: number;
  /** Bytes of samples that the header promises; null when its writer did not know, as into a pipe. */
  dataBytes: number | null;
}

/** The header's tag of a file that may be WAV: the first four bytes. */
export const WAV_TAGS: readonly string[] = ['RIFF', 'RIFX', 'RF64', 'BW64'];

/** Writers into a pipe put 0, 0xFFFFFFFF or a number near 2 GiB where the length would be. */
const UNKNOWN_LENGTHS = { least: 0x7fff_e000, most: 0x8000_0000, all: 0xffff_ffff };

/** Bytes that a header may spend before its samples; covers pictures and logs in chunks of their own. */
const MAX_HEADER_BYTES = 64 * 1024 * 1024;

const FMT_BYTES = { least: 16, most: 64 };

type State = 'riff' | 'chunk' | 'fmt' | 'ds64' | 'skip' | 'data' | 'done';

/**
 * Owns the reading of a WAV stream (RIFF, RF64 or BW64) into mono samples from -1 to 1, in bounded memory, in chunks of any size.
 * `name` is how messages call the stream. It does not convert the rate, and does not judge what a chunk outside fmt and data says.
 * Errors: SOURCE_NOT_WAV, SOURCE_UNSUPPORTED, SOURCE_EMPTY, SOURCE_TRUNCATED (inside the header).
 */
export class WavReader {
  readonly name: string;
  #state: State = 'riff';
  #offset = 0;
  #skipBytes = 0;
  readonly #scratch = new Uint8Array(FMT_BYTES.most);
  #scratched = 0;
  #wanted = 12;
  #riffBytes = 0;
  #isRf64 = false;
  #longDataBytes: number | null = null;
  #format: PcmFormat | undefined;
  #header: WavHeader | undefined;
  #decoder: PcmDecoder | undefined;
  #bytesLeft = 0;

  constructor(name: string) {
    this.name = name;
  }

  /** Undefined until the first sample's place is known. */
  get header(): WavHeader | undefined {
    return this.#header;
  }

  /** The samples' decoder, with its counts; undefined as long as `header` is. */
  get decoder(): PcmDecoder | undefined {
    return this.#decoder;
  }

  /** Whether all promised samples were read; what follows is ignored. */
  get done(): boolean {
    return this.#state === 'done';
  }

  /** Mono samples that `bytes` completes; none while the header is being read. */
  push(bytes: Uint8Array): Float32Array {
    let at = 0;
    while (at < bytes.length && this.#state !== 'data' && this.#state !== 'done') {
      const used = this.#readHeader(bytes, at);
      at += used;
      this.#offset += used;
    }
    if (this.#state !== 'data' || this.#decoder === undefined) return new Float32Array(0);
    const taken = Math.min(bytes.length - at, this.#bytesLeft);
    const samples = this.#decoder.push(bytes.subarray(at, at + taken));
    this.#bytesLeft -= taken;
    if (this.#bytesLeft === 0) this.#state = 'done';
    return samples;
  }

  /**
   * Says that the stream has ended. Throws when there was no sample to read;
   * returns SOURCE_TRUNCATED when there were fewer than promised, and undefined when all is well.
   */
  end(): RtapError | undefined {
    if (this.#header === undefined || this.#decoder === undefined) this.#failWithoutSamples();
    if (this.#decoder.frames === 0) {
      throw new RtapError('SOURCE_EMPTY', `${this.name} is a WAV file without samples`);
    }
    return describeTruncation(this.name, this.#decoder, promisedFrames(this.#header));
  }

  #failWithoutSamples(): never {
    if (this.#offset + this.#scratched === 0) {
      throw new RtapError('SOURCE_EMPTY', `${this.name} is empty: it has no bytes`);
    }
    if (this.#state === 'riff') {
      this.#requireRiffTag();
      throw new RtapError(
        'SOURCE_TRUNCATED',
        `${this.name} ends in the middle of its WAV header, after ${String(this.#scratched)} bytes`,
      );
    }
    const isAtChunk = this.#state === 'chunk' && this.#scratched === 0;
    if (isAtChunk) {
      throw new RtapError('SOURCE_EMPTY', `${this.name} is a WAV file without samples`);
    }
    throw new RtapError(
      'SOURCE_TRUNCATED',
      `${this.name} ends in the middle of its WAV header, before its samples`,
    );
  }

  /** Takes what the present state wants of `bytes` from `at` on; returns how many bytes that was. */
  #readHeader(bytes: Uint8Array, at: number): number {
    if (this.#offset > MAX_HEADER_BYTES) {
      throw new RtapError(
        'SOURCE_NOT_WAV',
        `${this.name} has no samples in its first ${String(MAX_HEADER_BYTES)} bytes`,
      );
    }
    if (this.#state === 'skip') {
      const skipped = Math.min(this.#skipBytes, bytes.length - at);
      this.#skipBytes -= skipped;
      if (this.#skipBytes === 0) this.#want('chunk', 8);
      return skipped;
    }
    const taken = Math.min(this.#wanted - this.#scratched, bytes.length - at);
    this.#scratch.set(bytes.subarray(at, at + taken), this.#scratched);
    this.#scratched += taken;
    if (this.#state === 'riff' && this.#scratched >= 4) this.#requireRiffTag();
    if (this.#scratched === this.#wanted) this.#complete(this.#offset + taken);
    return taken;
  }

  #complete(offset: number): void {
    if (this.#state === 'riff') this.#completeRiff();
    else if (this.#state === 'chunk') this.#completeChunk(offset);
    else if (this.#state === 'fmt') this.#completeFmt();
    else this.#completeDs64();
  }

  #requireRiffTag(): void {
    const tag = this.#tag(0).slice(0, this.#scratched);
    if (tag === 'RIFX') {
      throw new RtapError(
        'SOURCE_UNSUPPORTED',
        `${this.name} is a big-endian WAV file (RIFX); convert it to RIFF`,
      );
    }
    if (!WAV_TAGS.some((known) => known.startsWith(tag))) {
      throw new RtapError(
        'SOURCE_NOT_WAV',
        `${this.name} is no WAV file: it does not begin with RIFF`,
      );
    }
  }

  #completeRiff(): void {
    const form = this.#tag(8);
    if (form !== 'WAVE') {
      throw new RtapError(
        'SOURCE_NOT_WAV',
        `${this.name} is no WAV file: its RIFF form is ${JSON.stringify(form)}, not WAVE`,
      );
    }
    this.#isRf64 = this.#tag(0) !== 'RIFF';
    this.#riffBytes = this.#uint32(4);
    this.#want('chunk', 8);
  }

  #completeChunk(offset: number): void {
    const tag = this.#tag(0);
    const size = this.#uint32(4);
    if (tag === 'fmt ' && this.#format === undefined) this.#startFmt(size);
    else if (tag === 'ds64' && this.#isRf64 && size >= 24) this.#startBody('ds64', size, 24);
    else if (tag === 'data') this.#startData(size, offset);
    else this.#skip(size + (size % 2));
  }

  #startFmt(size: number): void {
    if (size < FMT_BYTES.least) {
      throw new RtapError(
        'SOURCE_NOT_WAV',
        `${this.name} is no usable WAV file: its fmt chunk has ${String(size)} bytes, 16 are needed`,
      );
    }
    this.#startBody('fmt', size, Math.min(size, FMT_BYTES.most));
  }

  /** Reads the first `wanted` bytes of a chunk into the scratch; the rest is skipped after it. */
  #startBody(state: 'fmt' | 'ds64', size: number, wanted: number): void {
    this.#want(state, wanted);
    this.#skipBytes = size + (size % 2) - wanted;
  }

  #completeFmt(): void {
    this.#format = this.#readFormat();
    this.#skip(this.#skipBytes);
  }

  #completeDs64(): void {
    this.#longDataBytes = this.#uint32(8) + this.#uint32(12) * 0x1_0000_0000;
    this.#skip(this.#skipBytes);
  }

  #startData(size: number, offset: number): void {
    if (this.#format === undefined) {
      throw new RtapError(
        'SOURCE_NOT_WAV',
        `${this.name} is no usable WAV file: it has samples before a fmt chunk`,
      );
    }
    const dataBytes = this.#promisedBytes(size, offset);
    if (dataBytes === 0) {
      throw new RtapError('SOURCE_EMPTY', `${this.name} is a WAV file without samples`);
    }
    this.#header = { format: this.#format, dataOffset: offset, dataBytes };
    this.#decoder = new PcmDecoder(this.#format);
    this.#bytesLeft = dataBytes ?? Infinity;
    this.#state = 'data';
  }

  #promisedBytes(size: number, offset: number): number | null {
    if (this.#isRf64 && size === UNKNOWN_LENGTHS.all && this.#longDataBytes !== null) {
      return this.#longDataBytes === 0 ? null : this.#longDataBytes;
    }
    if (size === UNKNOWN_LENGTHS.all) return null;
    if (size >= UNKNOWN_LENGTHS.least && size <= UNKNOWN_LENGTHS.most) return null;
    // A length of 0 is meant only when the RIFF length says that other chunks follow.
    const othersFollow = this.#riffBytes + 8 > offset && this.#riffBytes < UNKNOWN_LENGTHS.least;
    if (size === 0 && !othersFollow) return null;
    return size;
  }

  #readFormat(): PcmFormat {
    const view = new DataView(this.#scratch.buffer);
    const channels = view.getUint16(2, true);
    const sampleRateHz = view.getUint32(4, true);
    const blockBytes = view.getUint16(12, true);
    const bits = view.getUint16(14, true);
    let code = view.getUint16(0, true);
    // WAVE_FORMAT_EXTENSIBLE: the code is the first two bytes of the sub-format's GUID.
    if (code === 0xfffe && this.#scratched >= 26) code = view.getUint16(24, true);
    this.#requireRange('channels', channels, 1, MAX_CHANNELS);
    this.#requireRange('Hz', sampleRateHz, MIN_SAMPLE_RATE_HZ, MAX_SAMPLE_RATE_HZ);
    const container = blockBytes === 0 ? Math.ceil(bits / 8) : blockBytes / channels;
    const encoding = encodingOf(code, container);
    if (encoding === undefined || bits < 1 || bits > 8 * ENCODINGS[encoding].bytes) {
      throw new RtapError(
        'SOURCE_UNSUPPORTED',
        `${this.name} is a WAV file in a form that cannot be read: ${nameOf(code)}, ${String(bits)} bits in ${String(blockBytes)} bytes for ${String(channels)} channels`,
        { formatCode: code, bits, blockBytes, channels },
      );
    }
    return { encoding, channels, sampleRateHz };
  }

  #requireRange(unit: string, value: number, least: number, most: number): void {
    if (value >= least && value <= most) return;
    throw new RtapError(
      'SOURCE_UNSUPPORTED',
      `${this.name} is a WAV file with ${String(value)} ${unit}; ${String(least)} to ${String(most)} can be read`,
    );
  }

  #want(state: State, bytes: number): void {
    this.#state = state;
    this.#wanted = bytes;
    this.#scratched = 0;
  }

  #skip(bytes: number): void {
    if (bytes === 0) {
      this.#want('chunk', 8);
      return;
    }
    this.#state = 'skip';
    this.#skipBytes = bytes;
  }

  #tag(at: number): string {
    return String.fromCharCode(...this.#scratch.subarray(at, at + 4));
  }

  #uint32(at: number): number {
    return new DataView(this.#scratch.buffer).getUint32(at, true);
  }
}

/** The frames that a header promises; null when its writer did not know. */
export function promisedFrames(header: WavHeader): number | null {
  if (header.dataBytes === null) return null;
  return Math.ceil(header.dataBytes / bytesPerFrame(header.format));
}

function encodingOf(code: number, containerBytes: number): Encoding | undefined {
  if (code === 1) return PCM_BY_BYTES[containerBytes];
  if (code === 3) return FLOAT_BY_BYTES[containerBytes];
  if (code === 6 && containerBytes === 1) return 'alaw';
  if (code === 7 && containerBytes === 1) return 'mulaw';
  return undefined;
}

const PCM_BY_BYTES: Partial<Record<number, Encoding>> = {
  1: 'u8',
  2: 's16le',
  3: 's24le',
  4: 's32le',
};
const FLOAT_BY_BYTES: Partial<Record<number, Encoding>> = { 4: 'f32le', 8: 'f64le' };

const CODE_NAMES: Partial<Record<number, string>> = {
  1: 'PCM',
  2: 'Microsoft ADPCM',
  3: 'float',
  6: 'A-law',
  7: 'mu-law',
  17: 'IMA ADPCM',
  49: 'GSM 6.10',
  80: 'MPEG',
  85: 'MP3',
  0xfffe: 'extensible without a sub-format',
};

function nameOf(code: number): string {
  return CODE_NAMES[code] ?? `format code ${String(code)}`;
}
