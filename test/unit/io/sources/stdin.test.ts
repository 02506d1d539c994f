import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { expect } from 'chai';
import { writeWav } from '../../../../src/audio/wav-writer.ts';
import type { PcmFormat } from '../../../../src/audio/pcm-format.ts';
import { createSource } from '../../../../src/io/sources/create-source.ts';
import { systemClock } from '../../../../src/io/system-clock.ts';
import type { AudioSource } from '../../../../src/io/sources/source.ts';
import { encode, wavBytes } from '../../audio/wav-bytes.ts';
import { ListeningSink, hear } from './listening-sink.ts';
import { settle } from './manual-clock.ts';

const SPEECH = new URL('../../../fixtures/audio/jfk.wav', import.meta.url);

function fromStdin(stdin: PassThrough, raw: PcmFormat | null = null): AudioSource {
  return createSource({ kind: 'stdin', raw }, { clock: systemClock, stdin });
}

function piped(...chunks: Uint8Array[]): PassThrough {
  const stream = new PassThrough();
  for (const chunk of chunks) stream.write(chunk);
  stream.end();
  return stream;
}

function count(samples: number): Int16Array {
  return Int16Array.from({ length: samples }, (_, i) => i % 30_000);
}

function bytesOf(samples: Int16Array): Uint8Array {
  return new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
}

describe('stdin source', () => {
  it('takes raw 16-bit mono at 16 kHz when it is told nothing, in chunks of any size', async () => {
    const bytes = bytesOf(count(1_000));
    const stream = piped(
      bytes.subarray(0, 1),
      bytes.subarray(1, 3),
      bytes.subarray(3, 777),
      bytes.subarray(777),
    );
    const source = fromStdin(stream);
    expect(await source.open()).to.deep.equal({
      kind: 'stdin',
      name: 'standard input',
      sampleRateHz: 16_000,
      channels: 1,
      format: '16000 Hz, mono, 16-bit',
      durationMs: null,
      realTime: false,
    });
    const sink = new ListeningSink();
    source.start(sink);
    await sink.over;
    expect(sink.samples).to.deep.equal(count(1_000));
    expect(sink.warnings).to.deep.equal([]);
  });

  it('recognises WAV by its header, and converts it', async () => {
    const samples = Array.from({ length: 48_000 }, () => 0.25);
    const bytes = wavBytes(encode(samples, 's24le'), {
      bits: 24,
      sampleRateHz: 48_000,
      saidDataBytes: 0xffff_ffff,
    });
    const sink = await hear(
      fromStdin(piped(bytes.subarray(0, 2), bytes.subarray(2, 31), bytes.subarray(31))),
    );
    expect(sink.samples.length).to.equal(16_000);
    expect(sink.samples[8_000]).to.be.closeTo(8_192, 2);
  });

  it('takes raw PCM as it is told to', async () => {
    const raw: PcmFormat = { encoding: 'f32le', channels: 2, sampleRateHz: 16_000 };
    const sink = await hear(fromStdin(piped(encode([0.5, 0.25, -1, 0], 'f32le')), raw));
    expect([...sink.samples]).to.deep.equal([12_288, -16_384]);
  });

  it('tells a stream that ends in mid-frame, and a WAV that ends early', async () => {
    const odd = await hear(fromStdin(piped(bytesOf(count(400)), Uint8Array.of(1))));
    expect(odd.warnings[0]?.details).to.deep.equal({ promisedFrames: 401, foundFrames: 400 });
    const cut = await hear(fromStdin(piped(writeWav(count(400)).subarray(0, 444))));
    expect(cut.warnings[0]?.details).to.deep.equal({ promisedFrames: 400, foundFrames: 200 });
    expect(cut.log.slice(-2)).to.deep.equal(['warning', 'ended']);
  });

  const refused: readonly [string, string, Uint8Array[]][] = [
    ['nothing', 'SOURCE_EMPTY', []],
    ['a WAV header alone', 'SOURCE_EMPTY', [writeWav(new Int16Array(0)).subarray(0, 36)]],
    ['half a WAV header', 'SOURCE_TRUNCATED', [writeWav(count(9)).subarray(0, 20)]],
    ['an AVI file', 'SOURCE_NOT_WAV', [Buffer.from('RIFF\x10\0\0\0AVI LIST')]],
    ['big-endian WAV', 'SOURCE_UNSUPPORTED', [Buffer.from('RIFX\x10\0\0\0WAVE')]],
  ];
  for (const [title, code, chunks] of refused) {
    it(`refuses ${title} with ${code}`, async () => {
      const refusal: unknown = await fromStdin(piped(...chunks))
        .open()
        .catch((thrown: unknown) => thrown);
      expect(refusal).to.have.property('code', code);
      expect(refusal)
        .to.have.property('message')
        .that.matches(/^Standard input|^standard input/);
    });
  }

  it('refuses a terminal', async () => {
    const stream = Object.assign(new PassThrough(), { isTTY: true });
    const refusal: unknown = await fromStdin(stream)
      .open()
      .catch((thrown: unknown) => thrown);
    expect(refusal).to.have.property('code', 'SOURCE_UNSUPPORTED');
  });

  it('fails when no sample ever came, or the stream breaks', async () => {
    const raw: PcmFormat = { encoding: 's16le', channels: 1, sampleRateHz: 16_000 };
    expect((await hear(fromStdin(piped(Uint8Array.of(1)), raw))).failure).to.include({
      code: 'SOURCE_EMPTY',
    });
    const stream = new PassThrough();
    const source = fromStdin(stream, raw);
    const sink = new ListeningSink();
    await source.open();
    source.start(sink);
    stream.destroy(new Error('the pipe burst'));
    await sink.over;
    expect(sink.failure).to.include({ code: 'SOURCE_FAILED' });
    expect(sink.failure?.message).to.include('the pipe burst');
    await source.stop();
  });

  it('holds the writer back while there is no room', async () => {
    const stream = new PassThrough({ highWaterMark: 64_000 });
    const source = fromStdin(stream, { encoding: 's16le', channels: 1, sampleRateHz: 16_000 });
    const sink = new ListeningSink();
    let give: () => void = () => undefined;
    sink.nextRoom = () =>
      new Promise((resolve) => {
        give = resolve;
      });
    await source.open();
    source.start(sink);
    const second = new Uint8Array(32_000);
    let written = 0;
    while (stream.write(second)) {
      written++;
      await settle();
    }
    expect(written).to.be.below(10);
    expect(sink.frames.length).to.equal(0);
    give();
    await settle();
    expect(sink.frames.length).to.equal(1);
    await source.stop();
  });

  it('can be stopped while it waits for the first byte', async () => {
    const source = fromStdin(new PassThrough());
    const opening = source.open().catch((thrown: unknown) => thrown);
    await settle();
    await source.stop();
    expect(await opening).to.have.property('code', 'SOURCE_FAILED');
  });

  it('hears a real pipe, and once stopped lets the process end though the pipe is open', async () => {
    const script = `
      const { createSource } = await import(${JSON.stringify(new URL('../../../../src/io/sources/create-source.ts', import.meta.url).href)});
      const { systemClock } = await import(${JSON.stringify(new URL('../../../../src/io/system-clock.ts', import.meta.url).href)});
      const source = createSource({ kind: 'stdin', raw: null }, { clock: systemClock, stdin: process.stdin });
      await source.open();
      let heard = 0;
      source.start({
        frame(samples) {
          heard += samples.length;
          if (heard === 3200) void source.stop().then(() => console.log('stopped after ' + heard));
        },
        warning() {}, ended() { console.log('ended'); }, failed() { console.log('failed'); }, room() {},
      });
    `;
    const child = spawn(
      process.execPath,
      ['--import', 'tsx', '--input-type=module', '-e', script],
      {
        stdio: ['pipe', 'pipe', 'inherit'],
      },
    );
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
    child.stdin.on('error', () => undefined);
    child.stdin.write(readFileSync(SPEECH).subarray(0, 100_000));
    const [code] = (await once(child, 'close')) as [number | null];
    expect([code, said]).to.deep.equal([0, 'stopped after 3200\n']);
  });
});
