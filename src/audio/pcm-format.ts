/** The sample encodings that can be read; all little-endian, `u8` unsigned as WAV has it. */
export const ENCODINGS = {
  u8: { bytes: 1, title: '8-bit' },
  s16le: { bytes: 2, title: '16-bit' },
  s24le: { bytes: 3, title: '24-bit' },
  s32le: { bytes: 4, title: '32-bit' },
  f32le: { bytes: 4, title: '32-bit float' },
  f64le: { bytes: 8, title: '64-bit float' },
  alaw: { bytes: 1, title: 'A-law' },
  mulaw: { bytes: 1, title: 'mu-law' },
} as const;

export type Encoding = keyof typeof ENCODINGS;

export const MIN_SAMPLE_RATE_HZ = 4_000;
export const MAX_SAMPLE_RATE_HZ = 384_000;
export const MAX_CHANNELS = 64;

/** How the bytes of a sample stream are to be read: interleaved frames of `channels` samples each. */
export interface PcmFormat {
  encoding: Encoding;
  channels: number;
  sampleRateHz: number;
}

export function bytesPerFrame(format: PcmFormat): number {
  return ENCODINGS[format.encoding].bytes * format.channels;
}

/** The format for a person, as in `48000 Hz, 2 channels, 24-bit`. */
export function describeFormat(format: PcmFormat): string {
  const channels = format.channels === 1 ? 'mono' : `${String(format.channels)} channels`;
  return `${String(format.sampleRateHz)} Hz, ${channels}, ${ENCODINGS[format.encoding].title}`;
}
