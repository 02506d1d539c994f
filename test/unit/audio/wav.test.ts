import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import fc from 'fast-check';
import { describeBadSamples } from '../../../src/audio/pcm-decoder.ts';
import { WavReader } from '../../../src/audio/wav.ts';
import { writeWav } from '../../../src/audio/wav-writer.ts';
import { RtapError } from '../../../src/domain/errors.ts';
import { encode, wavBytes } from './wav-bytes.ts';
import type { WavForm } from './wav-bytes.ts';

interface Heard {
  samples: number[];
  reader: WavReader;
  warning: RtapError | undefined;
}

function read(bytes: Uint8Array, chunk = bytes.length): Heard {
  const reader = new WavReader('clip.wav');
  const samples: number[] = [];
  for (let at = 0; at < bytes.length; at += chunk) {
    for (const sample of reader.push(bytes.subarray(at, at + chunk))) samples.push(sample);
  }
  return { samples, reader, warning: reader.end() };
}

function errorOf(action: () => unknown): RtapError {
  try {
    action();
  } catch (thrown) {
    if (thrown instanceof RtapError) return thrown;
    throw thrown;
  }
  throw new Error('It was accepted');
}

const RAMP = [0, 0.25, -0.25, 0.5, -0.5, 0.75, -0.75];

describe('WavReader', () => {
  const forms: readonly [string, string, WavForm][] = [
    ['8-bit', 'u8', { bits: 8 }],
    ['16-bit', 's16le', { bits: 16 }],
    ['24-bit', 's24le', { bits: 24 }],
    ['32-bit', 's32le', { bits: 32 }],
    ['32-bit float', 'f32le', { bits: 32, code: 3 }],
    ['64-bit float', 'f64le', { bits: 64, code: 3 }],
    ['24-bit extensible', 's24le', { bits: 24, extensible: true }],
    ['float extensible', 'f32le', { bits: 32, code: 3, extensible: true }],
  ];
  for (const [title, encoding, form] of forms) {
    it(`reads ${title}`, () => {
      const { samples, reader, warning } = read(wavBytes(encode(RAMP, encoding), form));
      expect(warning).to.equal(undefined);
      expect(reader.header?.format).to.deep.equal({ encoding, channels: 1, sampleRateHz: 16_000 });
      const tolerance = encoding === 'u8' ? 0.01 : 0.0001;
      expect(samples.length).to.equal(RAMP.length);
      RAMP.forEach((value, i) => {
        expect(samples[i]).to.be.closeTo(value, tolerance);
      });
    });
  }

  it('averages eight channels', () => {
    const frame = [0.8, 0, 0, 0, 0, 0, 0, -0.4];
    const { samples, reader } = read(
      wavBytes(encode([...frame, ...frame], 's16le'), { channels: 8, sampleRateHz: 48_000 }),
    );
    expect(reader.header?.format.channels).to.equal(8);
    expect(samples.length).to.equal(2);
    expect(samples[1]).to.be.closeTo(0.05, 0.001);
  });

  it('reads A-law and mu-law as G.711 says', () => {
    const alaw = read(
      wavBytes(Uint8Array.of(0xd5, 0x55, 0xaa, 0x2a), { code: 6, bits: 8 }),
    ).samples;
    expect(alaw.map((sample) => sample * 32_768)).to.deep.equal([8, -8, 32_256, -32_256]);
    const mulaw = read(
      wavBytes(Uint8Array.of(0xff, 0x7f, 0x80, 0x00), { code: 7, bits: 8 }),
    ).samples;
    expect(mulaw.map((sample) => Math.abs(sample) * 32_768)).to.deep.equal([0, 0, 32_124, 32_124]);
    expect(mulaw[3]).to.be.below(0);
  });

  it('reads what the writer writes, sample for sample', () => {
    const samples = Int16Array.from([0, 1, -1, 32_767, -32_768, 1_000]);
    expect(read(writeWav(samples)).samples.map((sample) => sample * 32_768)).to.deep.equal([
      ...samples,
    ]);
  });

  it('passes over chunks of odd length before, between and after', () => {
    const bytes = wavBytes(encode(RAMP, 's16le'), {
      before: [
        ['JUNK', 27],
        ['bext', 602],
      ],
      between: [['LIST', 13]],
      after: [['id3 ', 5]],
    });
    const { samples, warning, reader } = read(bytes);
    expect([samples.length, warning, reader.done]).to.deep.equal([RAMP.length, undefined, true]);
  });

  it('reads RF64 with its long lengths', () => {
    const data = encode(RAMP, 's16le');
    const plain = Buffer.from(
      wavBytes(data, { tag: 'RF64', saidDataBytes: 0xffff_ffff, saidRiffBytes: 0xffff_ffff }),
    );
    const ds64 = Buffer.alloc(36);
    ds64.write('ds64');
    ds64.writeUInt32LE(28, 4);
    ds64.writeBigUInt64LE(BigInt(data.length), 16);
    const bytes = Buffer.concat([
      plain.subarray(0, 12),
      ds64,
      plain.subarray(12),
      Buffer.from('trailing'),
    ]);
    expect(read(bytes).samples.length).to.equal(RAMP.length);
  });

  for (const [said, riff] of [
    [0, 0],
    [0, 36],
    [0xffff_ffff, 0xffff_ffff],
    [0x7fff_f000, 0x7fff_f024],
  ] as const) {
    it(`reads a streamed file that says ${String(said)} bytes to its end`, () => {
      const bytes = wavBytes(encode(RAMP, 's16le'), { saidDataBytes: said, saidRiffBytes: riff });
      const { samples, warning, reader } = read(bytes);
      expect([samples.length, warning]).to.deep.equal([RAMP.length, undefined]);
      expect(reader.header?.dataBytes).to.equal(null);
    });
  }

  it('tells a truncated file with both counts', () => {
    const { samples, warning } = read(wavBytes(encode(RAMP, 's16le'), { saidDataBytes: 2_000 }));
    expect(samples.length).to.equal(RAMP.length);
    expect(warning?.code).to.equal('SOURCE_TRUNCATED');
    expect(warning?.details).to.deep.equal({ promisedFrames: 1_000, foundFrames: RAMP.length });
    expect(warning?.message).to.include('clip.wav').and.to.include('1000').and.to.include('7');
  });

  it('tells a last frame that is incomplete', () => {
    const bytes = Buffer.concat([
      wavBytes(encode(RAMP, 's16le'), { saidDataBytes: 0xffff_ffff }),
      Buffer.of(1),
    ]);
    expect(read(bytes).warning?.details).to.deep.equal({ promisedFrames: 8, foundFrames: 7 });
  });

  it('replaces what is no number, clips what is too loud, and counts both', () => {
    const data = encode([NaN, Infinity, -Infinity, 1.5, -7, 1, -1, 0.5], 'f32le');
    const { samples, reader } = read(wavBytes(data, { code: 3, bits: 32 }));
    expect(samples).to.deep.equal([0, 0, 0, 1, -1, 1, -1, 0.5]);
    const warning = reader.decoder && describeBadSamples('clip.wav', reader.decoder);
    expect(warning?.code).to.equal('SOURCE_BAD_SAMPLES');
    expect(warning?.details).to.deep.equal({ nonFiniteSamples: 3, clippedSamples: 2 });
  });

  const refused: readonly [string, string, () => Uint8Array][] = [
    ['no bytes', 'SOURCE_EMPTY', () => new Uint8Array(0)],
    ['a header without samples', 'SOURCE_EMPTY', () => wavBytes(new Uint8Array(0))],
    [
      'a header whose samples are missing',
      'SOURCE_EMPTY',
      () => wavBytes(new Uint8Array(0), { saidDataBytes: 900 }),
    ],
    [
      'an empty data chunk before others',
      'SOURCE_EMPTY',
      () => wavBytes(new Uint8Array(0), { after: [['LIST', 40]] }),
    ],
    [
      'a header cut short',
      'SOURCE_TRUNCATED',
      () => wavBytes(encode(RAMP, 's16le')).subarray(0, 30),
    ],
    ['three bytes of a header', 'SOURCE_TRUNCATED', () => Buffer.from('RIF')],
    ['text', 'SOURCE_NOT_WAV', () => Buffer.from('This is a text, and no sound at all')],
    ['an AVI file', 'SOURCE_NOT_WAV', () => Buffer.from('RIFF\x10\0\0\0AVI LIST')],
    ['an MP3 file', 'SOURCE_NOT_WAV', () => Buffer.from('ID3\x04\0\0\0\0\0\0TALB')],
    [
      'samples before a fmt chunk',
      'SOURCE_NOT_WAV',
      () => Buffer.from('RIFF\x10\0\0\0WAVEdata\x04\0\0\0abcd'),
    ],
    [
      'a short fmt chunk',
      'SOURCE_NOT_WAV',
      () => Buffer.from('RIFF\x10\0\0\0WAVEfmt \x04\0\0\0abcd'),
    ],
    ['big-endian', 'SOURCE_UNSUPPORTED', () => wavBytes(encode(RAMP, 's16le'), { tag: 'RIFX' })],
    ['ADPCM', 'SOURCE_UNSUPPORTED', () => wavBytes(encode(RAMP, 's16le'), { code: 2, bits: 4 })],
    ['no channels', 'SOURCE_UNSUPPORTED', () => wavBytes(encode(RAMP, 's16le'), { channels: 0 })],
    ['1 Hz', 'SOURCE_UNSUPPORTED', () => wavBytes(encode(RAMP, 's16le'), { sampleRateHz: 1 })],
    ['16-bit float', 'SOURCE_UNSUPPORTED', () => wavBytes(encode(RAMP, 's16le'), { code: 3 })],
  ];
  for (const [title, code, bytes] of refused) {
    it(`refuses ${title} with ${code}`, () => {
      for (const chunk of [1, 5, 100_000]) {
        const error = errorOf(() => read(bytes(), chunk));
        expect(error.code).to.equal(code);
        expect(error.message).to.include('clip.wav').and.not.include('\n');
      }
    });
  }

  it('reads real speech the same in chunks of any size', () => {
    const bytes = readFileSync(new URL('../../fixtures/audio/jfk.wav', import.meta.url));
    const whole = read(bytes);
    expect(whole.samples.length).to.equal(176_000);
    for (const chunk of [1_001, 65_536])
      expect(read(bytes, chunk).samples).to.deep.equal(whole.samples);
  });

  it('never throws anything but an RtapError on random bytes', () => {
    const header = fc.constantFrom(
      'RIFF\x24\0\0\0WAVE',
      'RIFF\x24\0\0\0WAVEfmt \x10\0\0\0',
      'RF64',
      '',
    );
    fc.assert(
      fc.property(
        header,
        fc.uint8Array({ maxLength: 300 }),
        fc.integer({ min: 1, max: 50 }),
        (head, tail, chunk) => {
          expectOnlyRtapError(Buffer.concat([Buffer.from(head, 'latin1'), tail]), chunk);
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it('never throws anything but an RtapError on mutations of a good file', () => {
    const good = wavBytes(encode(RAMP, 'f32le'), {
      code: 3,
      bits: 32,
      extensible: true,
      before: [['JUNK', 7]],
    });
    const edit = fc.tuple(fc.nat(good.length - 1), fc.nat(255));
    fc.assert(
      fc.property(fc.array(edit, { maxLength: 6 }), fc.nat(good.length), (edits, length) => {
        const bytes = Buffer.from(good);
        for (const [at, value] of edits) bytes[at] = value;
        expectOnlyRtapError(bytes.subarray(0, length), 16);
      }),
      { numRuns: 2_000 },
    );
  });
});

/** Whatever is accepted must also be sound: finite samples within full scale. */
function expectOnlyRtapError(bytes: Uint8Array, chunk: number): void {
  try {
    const { samples } = read(bytes, chunk);
    expect(samples.every((sample) => sample >= -1 && sample <= 1)).to.equal(true);
  } catch (thrown) {
    if (!(thrown instanceof RtapError)) throw thrown;
    expect(thrown.message).to.match(/^clip\.wav /);
  }
}
