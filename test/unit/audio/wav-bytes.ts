/** Builds WAV files of any form, well-formed or not, for tests. */
export interface WavForm {
  code?: number;
  bits?: number;
  channels?: number;
  sampleRateHz?: number;
  /** Writes WAVE_FORMAT_EXTENSIBLE with `code` as its sub-format. */
  extensible?: boolean;
  /** Chunks before fmt and between fmt and data, and after data: tag and length. */
  before?: readonly (readonly [string, number])[];
  between?: readonly (readonly [string, number])[];
  after?: readonly (readonly [string, number])[];
  /** What the data chunk says, where that is not the truth. */
  saidDataBytes?: number;
  saidRiffBytes?: number;
  tag?: string;
}

export function wavBytes(data: Uint8Array, form: WavForm = {}): Uint8Array {
  const after = (form.after ?? []).map(([tag, length]) => chunk(tag, junk(length)));
  const padded = after.length > 0 && data.length % 2 === 1 ? Buffer.concat([data, junk(1)]) : data;
  const body = Buffer.concat([
    Buffer.from('WAVE'),
    ...(form.before ?? []).map(([tag, length]) => chunk(tag, junk(length))),
    chunk('fmt ', fmt(form)),
    ...(form.between ?? []).map(([tag, length]) => chunk(tag, junk(length))),
    header('data', form.saidDataBytes ?? data.length),
    padded,
    ...after,
  ]);
  return Buffer.concat([header(form.tag ?? 'RIFF', form.saidRiffBytes ?? body.length), body]);
}

/** Samples from -1 to 1, interleaved, in an encoding's bytes. */
export function encode(samples: readonly number[], encoding: string): Uint8Array {
  const width = { u8: 1, s16le: 2, s24le: 3, s32le: 4, f32le: 4, f64le: 8 }[encoding] ?? 0;
  const bytes = Buffer.alloc(samples.length * width);
  samples.forEach((sample, index) => {
    const at = index * width;
    if (encoding === 'u8') bytes.writeUInt8(Math.round(sample * 127) + 128, at);
    else if (encoding === 'f32le') bytes.writeFloatLE(sample, at);
    else if (encoding === 'f64le') bytes.writeDoubleLE(sample, at);
    else bytes.writeIntLE(Math.round(sample * (2 ** (8 * width - 1) - 1)), at, width);
  });
  return bytes;
}

function fmt(form: WavForm): Buffer {
  const { code = 1, bits = 16, channels = 1, sampleRateHz = 16_000, extensible = false } = form;
  const bytes = Buffer.alloc(extensible ? 40 : 16);
  const blockBytes = (channels * bits) / 8;
  bytes.writeUInt16LE(extensible ? 0xfffe : code, 0);
  bytes.writeUInt16LE(channels, 2);
  bytes.writeUInt32LE(sampleRateHz, 4);
  bytes.writeUInt32LE(sampleRateHz * blockBytes, 8);
  bytes.writeUInt16LE(blockBytes, 12);
  bytes.writeUInt16LE(bits, 14);
  if (extensible) {
    bytes.writeUInt16LE(22, 16);
    bytes.writeUInt16LE(bits, 18);
    bytes.writeUInt16LE(code, 24);
  }
  return bytes;
}

function chunk(tag: string, data: Buffer): Buffer {
  return Buffer.concat([header(tag, data.length), data, Buffer.alloc(data.length % 2)]);
}

function header(tag: string, length: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.write(tag, 'latin1');
  bytes.writeUInt32LE(length, 4);
  return bytes;
}

function junk(length: number): Buffer {
  return Buffer.alloc(length, 0x55);
}
