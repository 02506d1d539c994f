import { spawnSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { measureLevel } from '../../../../src/audio/level.ts';
import { WavReader } from '../../../../src/audio/wav.ts';
import { writeWav } from '../../../../src/audio/wav-writer.ts';
import { RtapError } from '../../../../src/domain/errors.ts';
import { createSource } from '../../../../src/io/sources/create-source.ts';
import type { FileSpec } from '../../../../src/io/sources/source-spec.ts';
import { systemClock } from '../../../../src/io/system-clock.ts';
import type { AudioSource, SourceClock } from '../../../../src/io/sources/source.ts';
import { encode, wavBytes } from '../../audio/wav-bytes.ts';
import { ListeningSink, hear } from './listening-sink.ts';
import { ManualClock, settle } from './manual-clock.ts';

const SPEECH = fileURLToPath(new URL('../../../fixtures/audio/jfk.wav', import.meta.url));

function fromFile(
  path: string,
  options: Partial<FileSpec> = {},
  clock: SourceClock = systemClock,
): AudioSource {
  const spec: FileSpec = { kind: 'file', path, speed: 'max', loop: false, raw: null, ...options };
  return createSource(spec, { clock, stdin: new PassThrough() });
}

async function refusalOf(source: AudioSource): Promise<RtapError> {
  const refusal: unknown = await source.open().catch((thrown: unknown) => thrown);
  await source.stop();
  if (!(refusal instanceof RtapError)) throw new Error(`No RtapError: ${String(refusal)}`);
  return refusal;
}

function sine(sampleRateHz: number, channels = 1): number[] {
  return Array.from(
    { length: sampleRateHz * channels },
    (_, i) => 0.5 * Math.sin((2 * Math.PI * 440 * Math.floor(i / channels)) / sampleRateHz),
  );
}

describe('file source', () => {
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'file-source-'));
    await chmod(folder, 0o755);
  });

  after(async () => {
    await rm(folder, { recursive: true });
  });

  async function write(name: string, bytes: Uint8Array): Promise<string> {
    const path = join(folder, name);
    await writeFile(path, bytes);
    return path;
  }

  it('gives every sample of real speech, in frames, and ends', async () => {
    const source = fromFile(SPEECH);
    expect(await source.open()).to.deep.equal({
      kind: 'file',
      name: SPEECH,
      sampleRateHz: 16_000,
      channels: 1,
      format: '16000 Hz, mono, 16-bit',
      durationMs: 11_000,
      realTime: false,
    });
    const sink = new ListeningSink();
    source.start(sink);
    await sink.over;
    await source.stop();
    expect(sink.frames.length).to.equal(550);
    expect(sink.frames.every((frame) => frame.length === 320)).to.equal(true);
    expect([sink.warnings, sink.failure]).to.deep.equal([[], undefined]);
    expect(measureLevel(sink.samples).rmsDbfs).to.be.within(-25, -15);
  });

  it('gives the last samples as a shorter frame', async () => {
    const samples = Int16Array.from({ length: 700 }, (_, i) => i);
    const sink = await hear(fromFile(await write('short.wav', writeWav(samples))));
    expect(sink.frames.map((frame) => frame.length)).to.deep.equal([320, 320, 60]);
    expect(sink.samples).to.deep.equal(samples);
  });

  const forms: readonly [string, string, Parameters<typeof wavBytes>[1]][] = [
    ['8 kHz', 's16le', { sampleRateHz: 8_000 }],
    ['48 kHz', 's16le', { sampleRateHz: 48_000 }],
    ['44.1 kHz in 24 bits', 's24le', { sampleRateHz: 44_100, bits: 24 }],
    ['48 kHz float', 'f32le', { sampleRateHz: 48_000, bits: 32, code: 3 }],
    ['8 channels', 's16le', { sampleRateHz: 16_000, channels: 8 }],
  ];
  for (const [title, encoding, form] of forms) {
    it(`converts ${title}`, async () => {
      const data = encode(sine(form?.sampleRateHz ?? 16_000, form?.channels), encoding);
      const sink = await hear(fromFile(await write('form.wav', wavBytes(data, form))));
      expect(sink.samples.length).to.equal(16_000);
      expect(measureLevel(sink.samples.subarray(800, 15_200)).rmsDbfs).to.be.closeTo(-9.03, 0.1);
      expect(sink.warnings).to.deep.equal([]);
    });
  }

  it('reads raw PCM as it is told to', async () => {
    const path = await write('a.raw', encode(sine(8_000, 2), 'f32le'));
    const raw = { encoding: 'f32le', channels: 2, sampleRateHz: 8_000 } as const;
    const sink = await hear(fromFile(path, { raw }));
    expect(sink.samples.length).to.equal(16_000);
    expect(measureLevel(sink.samples.subarray(800, 15_200)).rmsDbfs).to.be.closeTo(-9.03, 0.1);
  });

  it('says that a file is truncated, and gives what is there', async () => {
    const bytes = writeWav(new Int16Array(1_000));
    const sink = await hear(fromFile(await write('cut.wav', bytes.subarray(0, 44 + 1_000))));
    expect(sink.samples.length).to.equal(500);
    expect(sink.warnings.map((warning) => warning.code)).to.deep.equal(['SOURCE_TRUNCATED']);
    expect(sink.warnings[0]?.details).to.deep.equal({ promisedFrames: 1_000, foundFrames: 500 });
    expect(sink.log.slice(-2)).to.deep.equal(['warning', 'ended']);
  });

  it('says once how many samples were no numbers, or too loud', async () => {
    const data = encode([...sine(16_000), NaN, NaN, 3], 'f32le');
    const path = await write('nan.wav', wavBytes(data, { code: 3, bits: 32 }));
    const sink = await hear(fromFile(path));
    expect(sink.warnings.map((warning) => warning.code)).to.deep.equal(['SOURCE_BAD_SAMPLES']);
    expect(sink.warnings[0]?.details).to.deep.equal({ nonFiniteSamples: 2, clippedSamples: 1 });
    expect([...sink.samples.slice(-3)]).to.deep.equal([0, 0, 32_767]);
  });

  const contents: readonly [string, string, Uint8Array][] = [
    ['empty.wav', 'SOURCE_EMPTY', new Uint8Array(0)],
    ['header-only.wav', 'SOURCE_EMPTY', writeWav(new Int16Array(0))],
    ['promises-only.wav', 'SOURCE_EMPTY', writeWav(new Int16Array(99)).subarray(0, 44)],
    ['half-header.wav', 'SOURCE_TRUNCATED', writeWav(new Int16Array(99)).subarray(0, 21)],
    ['text.wav', 'SOURCE_NOT_WAV', Buffer.from('no sound, only words')],
    ['zeros.wav', 'SOURCE_NOT_WAV', new Uint8Array(5_000)],
    ['adpcm.wav', 'SOURCE_UNSUPPORTED', wavBytes(new Uint8Array(64), { code: 17, bits: 4 })],
    ['big-endian.wav', 'SOURCE_UNSUPPORTED', wavBytes(new Uint8Array(64), { tag: 'RIFX' })],
  ];
  for (const [name, code, bytes] of contents) {
    it(`refuses ${name} with ${code}, naming it`, async () => {
      const path = await write(name, bytes);
      const refusal = await refusalOf(fromFile(path));
      expect(refusal.code).to.equal(code);
      expect(refusal.message).to.include(path).and.not.include('\n');
    });
  }

  it('refuses a missing file, and one under a file', async () => {
    expect(await refusalOf(fromFile(join(folder, 'none.wav')))).to.include({
      code: 'SOURCE_NOT_FOUND',
      message: `${join(folder, 'none.wav')} does not exist`,
    });
    const path = join(await write('plain.wav', writeWav(new Int16Array(9))), 'a.wav');
    expect((await refusalOf(fromFile(path))).code).to.equal('SOURCE_NOT_FOUND');
  });

  it('refuses a directory', async () => {
    const path = join(folder, 'folder.wav');
    await mkdir(path);
    expect((await refusalOf(fromFile(path))).code).to.equal('SOURCE_IS_DIRECTORY');
  });

  it('refuses devices, FIFOs and loops of links, without waiting', async () => {
    expect((await refusalOf(fromFile('/dev/zero'))).code).to.equal('SOURCE_UNSUPPORTED');
    const fifo = join(folder, 'fifo.wav');
    expect(spawnSync('mkfifo', [fifo]).status).to.equal(0);
    expect(await refusalOf(fromFile(fifo))).to.include({ code: 'SOURCE_UNSUPPORTED' });
    const loop = join(folder, 'loop.wav');
    await symlink(loop, loop);
    expect((await refusalOf(fromFile(loop))).code).to.equal('SOURCE_FAILED');
  });

  it('refuses a file that this user may not read', async () => {
    const path = await write('secret.wav', writeWav(new Int16Array(99)));
    await chmod(path, 0);
    // Root may read everything, so root becomes nobody for as long as the file is opened.
    const isRoot = process.geteuid?.() === 0;
    if (isRoot) process.seteuid?.(65_534);
    try {
      const refusal = await refusalOf(fromFile(path));
      expect(refusal.code).to.equal('SOURCE_NOT_READABLE');
      expect(refusal.message).to.include(path);
    } finally {
      if (isRoot) process.seteuid?.(0);
    }
  });

  it('waits for room before every frame at full speed, and reads nothing meanwhile', async () => {
    const source = fromFile(SPEECH);
    const sink = new ListeningSink();
    let give: () => void = () => undefined;
    sink.nextRoom = () =>
      sink.frames.length < 5
        ? undefined
        : new Promise((resolve) => {
            give = resolve;
          });
    await source.open();
    source.start(sink);
    while (sink.roomAsked < 6) await settle();
    expect(sink.frames.length).to.equal(5);
    give();
    await settle();
    expect(sink.frames.length).to.equal(6);
    await source.stop();
    give();
    await settle();
    expect(sink.frames.length).to.equal(6);
  });

  it('plays in real time by the clock', async () => {
    const clock = new ManualClock();
    const source = fromFile(SPEECH, { speed: 'realtime' }, clock);
    expect((await source.open()).realTime).to.equal(true);
    const sink = new ListeningSink();
    source.start(sink);
    while (clock.pending === 0) await settle();
    await clock.advance(500);
    expect(sink.frames.length).to.equal(25);
    await source.stop();
    expect(clock.pending).to.equal(0);
  });

  it('loops without end or seam', async () => {
    const samples = Int16Array.from({ length: 500 }, (_, i) => i);
    const source = fromFile(await write('loop-me.wav', writeWav(samples)), { loop: true });
    expect((await source.open()).durationMs).to.equal(null);
    const sink = new ListeningSink();
    let enough: () => void = () => undefined;
    const heardEnough = new Promise<void>((resolve) => {
      enough = resolve;
    });
    sink.nextRoom = () => {
      if (sink.frames.length < 25) return undefined;
      enough();
      return new Promise(() => undefined);
    };
    source.start(sink);
    await heardEnough;
    await source.stop();
    expect([...sink.samples]).to.deep.equal(Array.from({ length: 8_000 }, (_, i) => i % 500));
  });

  it('fails when a looped file loses its samples', async () => {
    const path = await write('shrinks.wav', writeWav(new Int16Array(500)));
    const source = fromFile(path, { loop: true });
    const sink = new ListeningSink();
    await source.open();
    await truncate(path, 44);
    source.start(sink);
    await sink.over;
    expect(sink.failure).to.include({ code: 'SOURCE_FAILED' });
    expect(sink.failure?.message).to.include(path);
    await source.stop();
  });

  it('reads an hour in bounded memory', async () => {
    const seconds = 3_600;
    const path = await write(
      'hour.wav',
      wavBytes(new Uint8Array(0), { saidDataBytes: seconds * 32_000 }),
    );
    await truncate(path, 44 + seconds * 32_000);
    const source = fromFile(path);
    expect((await source.open()).durationMs).to.equal(seconds * 1000);
    let heard = 0;
    let mostBytes = 0;
    const sink = new ListeningSink();
    sink.frame = (samples) => {
      heard += samples.length;
      if (heard % 3_200_000 === 0)
        mostBytes = Math.max(mostBytes, process.memoryUsage().arrayBuffers);
    };
    const beforeBytes = process.memoryUsage().arrayBuffers;
    source.start(sink);
    await sink.over;
    await source.stop();
    expect(heard).to.equal(seconds * 16_000);
    expect(mostBytes - beforeBytes).to.be.below(100e6);
  });

  it('plays the bundled recording as what it is', async () => {
    const clock = new ManualClock();
    const source = createSource({ kind: 'recording' }, { clock, stdin: new PassThrough() });
    const info = await source.open();
    expect(info).to.include({ kind: 'recording', name: 'the bundled recording', realTime: true });
    expect(info.durationMs).to.be.within(20_000, 25_000);
    await source.stop();
  });

  it('gives the same samples as the reader itself', async () => {
    const sink = await hear(fromFile(SPEECH));
    const { readFileSync } = await import('node:fs');
    const direct = new WavReader(SPEECH).push(readFileSync(SPEECH));
    expect(sink.samples).to.deep.equal(Int16Array.from(direct, (sample) => sample * 32_768));
  });
});
