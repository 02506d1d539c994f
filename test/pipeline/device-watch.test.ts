import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect } from 'chai';
import { VirtualCard } from '../../src/bench/virtual-card.ts';
import { LIVENESS_MS, ROOT } from '../support/daemon.ts';
import { portAudioProblem, requireSoundServer } from '../support/on-virtual-card.ts';

/** `rtap devices --watch` as a process, and the lines that it has written. */
class Watching {
  readonly lines: string[] = [];
  readonly #child: ChildProcess;
  readonly #exited: Promise<number | null>;
  #seen = 0;
  #wake: () => void = () => undefined;
  stderr = '';

  constructor(args: readonly string[], env: NodeJS.ProcessEnv) {
    const main = join(ROOT, 'dist/src/main.js');
    const child = spawn(process.execPath, [main, 'devices', '--watch', ...args], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    this.#exited = new Promise((resolve) => child.on('close', resolve));
    child.stderr.on('data', (chunk: Buffer) => {
      this.stderr += chunk.toString();
    });
    createInterface({ input: child.stdout }).on('line', (line) => {
      this.lines.push(line);
      this.#wake();
    });
  }

  /** The next line with that text, of those that nobody has waited for yet. */
  async line(text: string): Promise<string> {
    for (;;) {
      const at = this.lines.findIndex((line, index) => index >= this.#seen && line.includes(text));
      if (at >= 0) {
        this.#seen = at + 1;
        return this.lines[at] ?? '';
      }
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  async stop(signal: NodeJS.Signals = 'SIGINT'): Promise<number | null> {
    this.#child.kill(signal);
    return this.#exited;
  }
}

describe('rtap devices --watch', function () {
  this.timeout(2 * LIVENESS_MS);
  let card: VirtualCard;
  let watching: Watching | undefined;

  before(function () {
    requireSoundServer(this);
  });

  beforeEach(async () => {
    card = await VirtualCard.start();
  });

  afterEach(async () => {
    await watching?.stop('SIGKILL');
    await card.stop();
  });

  function watch(args: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Watching {
    watching = new Watching(args, { ...card.environment, ...env });
    return watching;
  }

  it('tells devices and the sound server as they come, go and change', async () => {
    const seen = watch();
    expect(await seen.line('mic')).to.match(
      /^\d\d:\d\d:\d\d {2}there {2}mic {2}48000 Hz {2}2 in {2}parec {2}default$/,
    );
    await card.unplug();
    expect(await seen.line('mic')).to.match(/^\d\d:\d\d:\d\d {2}gone {3}mic$/);
    await card.plug();
    await seen.line('new    mic');
    await card.second();
    await seen.line('new    spare');
    await card.suspend();
    await seen.line('now    mic  suspended');
    await card.resume();
    await seen.line('now    mic  resumed');
    await card.unplug();
    await seen.line('gone   mic');
    await card.kill();
    await seen.line('lost   the sound server');
    await card.startServer();
    await seen.line('found  the sound server');
    await seen.line('gone   spare');
    await card.plug();
    await seen.line('new    mic');
    expect(await seen.stop()).to.equal(0);
    expect(seen.stderr).to.equal('');
  });

  it('tells the same to a program, one object a line', async () => {
    const seen = watch(['--json']);
    await seen.line('"mic"');
    await card.suspend();
    await seen.line('suspended');
    await card.kill();
    await seen.line('server_lost');
    expect(await seen.stop('SIGTERM')).to.equal(0);
    const told = seen.lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    for (const { time } of told) expect(time).to.be.closeTo(Date.now() / 1000, LIVENESS_MS / 1000);
    const ofMic = told.filter(
      ({ device }) => (device as { name?: string } | undefined)?.name === 'mic',
    );
    expect(ofMic[0]).to.include({ event: 'listed' });
    expect(ofMic[0]?.['device']).to.include({ is_default: true, is_suspended: false });
    expect(ofMic.at(-1)).to.deep.include({ event: 'changed', changes: ['suspended'] });
    expect(told.at(-1)).to.have.all.keys('time', 'event');
  });

  it('begins with a sound server that is not there', async () => {
    await card.kill();
    const seen = watch();
    await seen.line('lost   the sound server');
    await card.startServer();
    await seen.line('there  no input device');
    await card.plug();
    await seen.line('new    mic');
    expect(await seen.stop()).to.equal(0);
  });

  it('tells that the sound server freezes and thaws', async () => {
    const seen = watch();
    await seen.line('mic');
    await card.freeze();
    await seen.line('lost   the sound server');
    await card.thaw();
    await seen.line('found  the sound server');
    expect(await seen.stop()).to.equal(0);
    expect(seen.lines.filter((line) => line.includes('mic'))).to.have.length(1);
  });

  it('asks PortAudio again and again where nothing announces devices', async function () {
    const problem = await portAudioProblem();
    if (problem !== null) {
      process.stderr.write(`      not run on this machine, which lacks: ${problem}\n`);
      this.skip();
    }
    const folder = mkdtempSync(join(tmpdir(), 'rtap-test-'));
    const seen = watch([], { PATH: folder });
    await seen.line('portaudio');
    expect(await seen.stop()).to.equal(0);
    expect(seen.stderr).to.equal(
      'No sound server announces devices here: PortAudio is asked every 5 s.\n',
    );
    rmSync(folder, { recursive: true });
  });

  it('ends at once where there is nothing that lists devices', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'rtap-test-'));
    const seen = watch(['--set', 'audio.backends=parec'], { PATH: folder });
    expect(await seen.stop('SIGCONT')).to.equal(1);
    expect(seen.stderr).to.match(/is not installed .*\.\n$/);
    rmSync(folder, { recursive: true });
  });
});
