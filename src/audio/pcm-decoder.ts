import { RtapError } from '../domain/errors.ts';
import { ENCODINGS, bytesPerFrame } from './pcm-format.ts';
import type { Encoding, PcmFormat } from './pcm-format.ts';

/**
 * Owns the step from a byte stream to mono samples from -1 to 1: any split into chunks gives the same samples.
 * Channels are averaged. A sample that is no finite number becomes 0, one beyond full scale is clipped; both are counted.
 */
export class PcmDecoder {
  readonly format: PcmFormat;
  readonly #frameBytes: number;
  readonly #read: (view: DataView, at: number) => number;
  readonly #carry: Uint8Array;
  #carried = 0;
  #frames = 0;
  #nonFiniteSamples = 0;
  #clippedSamples = 0;

  constructor(format: PcmFormat) {
    this.format = format;
    this.#frameBytes = bytesPerFrame(format);
    this.#read = READERS[format.encoding];
    this.#carry = new Uint8Array(this.#frameBytes);
  }

  /** Whole frames decoded so far. */
  get frames(): number {
    return this.#frames;
  }

  /** Bytes of a last frame that is not complete yet. */
  get incompleteBytes(): number {
    return this.#carried;
  }

  get nonFiniteSamples(): number {
    return this.#nonFiniteSamples;
  }

  get clippedSamples(): number {
    return this.#clippedSamples;
  }

  /** Mono samples of the frames that `bytes` completes. */
  push(bytes: Uint8Array): Float32Array {
    const total = Math.floor((this.#carried + bytes.length) / this.#frameBytes);
    const mono = new Float32Array(total);
    let at = 0;
    let done = 0;
    if (this.#carried > 0 && total > 0) {
      at = this.#frameBytes - this.#carried;
      this.#carry.set(bytes.subarray(0, at), this.#carried);
      this.#carried = 0;
      this.#decode(this.#carry, 0, 1, mono, 0);
      done = 1;
    }
    this.#decode(bytes, at, total - done, mono, done);
    const rest = bytes.subarray(at + (total - done) * this.#frameBytes);
    this.#carry.set(rest, this.#carried);
    this.#carried += rest.length;
    this.#frames += total;
    return mono;
  }

  /** Forgets the bytes of a frame that will never be complete. */
  discardIncomplete(): void {
    this.#carried = 0;
  }

  #decode(
    bytes: Uint8Array,
    from: number,
    frames: number,
    mono: Float32Array,
    target: number,
  ): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const { channels, encoding } = this.format;
    const sampleBytes = ENCODINGS[encoding].bytes;
    let at = from;
    for (let frame = 0; frame < frames; frame++) {
      let sum = 0;
      for (let channel = 0; channel < channels; channel++) {
        sum += this.#bounded(this.#read(view, at));
        at += sampleBytes;
      }
      mono[target + frame] = sum / channels;
    }
  }

  #bounded(sample: number): number {
    if (sample >= -1 && sample <= 1) return sample;
    if (!Number.isFinite(sample)) {
      this.#nonFiniteSamples++;
      return 0;
    }
    this.#clippedSamples++;
    return sample > 0 ? 1 : -1;
  }
}

/** SOURCE_BAD_SAMPLES with the counts of what a decoder had to mend; undefined when it mended nothing. */
export function describeBadSamples(name: string, decoder: PcmDecoder): RtapError | undefined {
  const { nonFiniteSamples, clippedSamples } = decoder;
  if (nonFiniteSamples + clippedSamples === 0) return undefined;
  return new RtapError(
    'SOURCE_BAD_SAMPLES',
    `${name} has bad samples: ${String(nonFiniteSamples)} that are no finite number were replaced by silence, ${String(clippedSamples)} beyond full scale were clipped`,
    { nonFiniteSamples, clippedSamples },
  );
}

/** SOURCE_TRUNCATED when fewer frames than promised came, or the last one is incomplete; null: nothing was promised. */
export function describeTruncation(
  name: string,
  decoder: PcmDecoder,
  promisedFrames: number | null,
): RtapError | undefined {
  const foundFrames = decoder.frames;
  const begunFrames = foundFrames + (decoder.incompleteBytes > 0 ? 1 : 0);
  const expectedFrames = Math.max(promisedFrames ?? 0, begunFrames);
  if (foundFrames === expectedFrames) return undefined;
  return new RtapError(
    'SOURCE_TRUNCATED',
    `${name} is truncated: ${String(expectedFrames)} sample frames were promised, ${String(foundFrames)} are there`,
    { promisedFrames: expectedFrames, foundFrames },
  );
}

const ALAW = Float32Array.from({ length: 256 }, (_, code) => expandALaw(code) / 32_768);
const MULAW = Float32Array.from({ length: 256 }, (_, code) => expandMuLaw(code) / 32_768);

const READERS: Record<Encoding, (view: DataView, at: number) => number> = {
  u8: (view, at) => (view.getUint8(at) - 128) / 128,
  s16le: (view, at) => view.getInt16(at, true) / 32_768,
  s24le: (view, at) => ((view.getInt8(at + 2) << 16) | view.getUint16(at, true)) / 8_388_608,
  s32le: (view, at) => view.getInt32(at, true) / 2_147_483_648,
  f32le: (view, at) => view.getFloat32(at, true),
  f64le: (view, at) => view.getFloat64(at, true),
  alaw: (view, at) => ALAW[view.getUint8(at)] ?? 0,
  mulaw: (view, at) => MULAW[view.getUint8(at)] ?? 0,
};

/** ITU-T G.711 A-law to 16-bit. */
function expandALaw(code: number): number {
  const bits = code ^ 0x55;
  const exponent = (bits >> 4) & 7;
  const mantissa = ((bits & 0x0f) << 4) + 8;
  const magnitude = exponent === 0 ? mantissa : (mantissa + 0x100) << (exponent - 1);
  return (bits & 0x80) === 0 ? -magnitude : magnitude;
}

/** ITU-T G.711 mu-law to 16-bit. */
function expandMuLaw(code: number): number {
  const bits = ~code & 0xff;
  const magnitude = ((((bits & 0x0f) << 3) + 0x84) << ((bits >> 4) & 7)) - 0x84;
  return (bits & 0x80) === 0 ? magnitude : -magnitude;
}
