import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { measureLevel } from '../../../../src/audio/level.ts';
import { VirtualCard } from '../../../../src/bench/virtual-card.ts';
import { createSource } from '../../../../src/io/sources/create-source.ts';
import { listDevices } from '../../../../src/io/sources/device-list.ts';
import { systemClock } from '../../../../src/io/system-clock.ts';
import type { AudioSource } from '../../../../src/io/sources/source.ts';
import { prepareVirtualCard } from '../../../support/virtual-card.ts';
import { ListeningSink } from './listening-sink.ts';

const SPEECH = new URL('../../../fixtures/audio/jarviscmd_af_heart.wav', import.meta.url);
const HERE = new URL('../../../../src/io/sources/', import.meta.url);

function fromDevice(name: string): AudioSource {
  return createSource({ kind: 'device', name }, { clock: systemClock, stdin: new PassThrough() });
}

/** Waits for what another process does; the bound says only that it never came. */
async function eventually(what: string, isSo: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + 20_000;
  while (!isSo()) {
    if (performance.now() > deadlineMs) throw new Error(`Not within 20 s: ${what}`);
    await setTimeout(10);
  }
}

function childrenOf(pid: number): number[] {
  const path = `/proc/${String(pid)}/task/${String(pid)}/children`;
  return readFileSync(path, 'utf8').trim().split(' ').filter(Boolean).map(Number);
}

function isAlive(pid: number): boolean {
  try {
    return !readFileSync(`/proc/${String(pid)}/stat`, 'utf8').includes(') Z ');
  } catch {
    return false;
  }
}

describe('device source, through PortAudio', function () {
  this.timeout(60_000);
  let card: VirtualCard;
  const outer: Record<string, string | undefined> = {};

  before(async function () {
    this.timeout(300_000);
    const { problem } = await listDevices();
    const lacking = problem ?? prepareVirtualCard();
    if (lacking !== undefined) {
      process.stderr.write(`      not run on this machine, which lacks: ${lacking}\n`);
      this.skip();
    }
    card = await VirtualCard.start();
    for (const [name, value] of Object.entries(card.environment)) {
      outer[name] = process.env[name];
      process.env[name] = value;
    }
  });

  after(async () => {
    for (const [name, value] of Object.entries(outer)) {
      if (value === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = value;
    }
    await (card as VirtualCard | undefined)?.stop();
  });

  it('lists the microphone by its name', async () => {
    const { devices, problem } = await listDevices();
    expect(problem).to.equal(null);
    expect(devices.map((device) => device.name)).to.include('mic');
    expect(devices.filter((device) => device.isDefault).length).to.equal(1);
  });

  it('hears what is said into the microphone, and nothing after it is stopped', async () => {
    const source = fromDevice('mic');
    const sink = new ListeningSink();
    expect(await source.open()).to.include({
      kind: 'device',
      name: 'mic',
      sampleRateHz: 16_000,
      channels: 1,
      durationMs: null,
      realTime: true,
    });
    source.start(sink);
    const startedMs = performance.now();
    await card.play(fileURLToPath(SPEECH));
    const played = sink.frames.length;
    await eventually('half a second after the clip', () => sink.frames.length > played + 25);
    const elapsedMs = performance.now() - startedMs;
    await source.stop();
    const heard = sink.frames.length;
    expect(heard * 20).to.be.closeTo(elapsedMs, 500);
    const isLoud = (frame: Int16Array): boolean => measureLevel(frame).rmsDbfs > -45;
    const first = sink.frames.findIndex(isLoud);
    const last = sink.frames.findLastIndex(isLoud);
    // The clip has 2.87 s, of which about 2.2 s are speech.
    expect((last - first) * 20).to.be.within(1_700, 2_900);
    expect(measureLevel(sink.samples).peakDbfs).to.be.within(-12, 0);
    expect([sink.gaps, sink.failure]).to.deep.equal([[], undefined]);
    await setTimeout(100);
    expect(sink.frames.length).to.equal(heard);
  });

  it('says which devices there are when the one asked for is not', async () => {
    const source = fromDevice('no such microphone');
    const refusal: unknown = await source.open().catch((thrown: unknown) => thrown);
    await source.stop();
    expect(refusal).to.have.property('code', 'DEVICE_NOT_FOUND');
    expect(refusal).to.have.property('message').that.includes('"no such microphone"');
    expect(refusal).to.have.property('message').that.includes('"mic"');
  });

  it('can be stopped while it opens', async () => {
    const source = fromDevice('mic');
    const opening = source.open().catch((thrown: unknown) => thrown);
    await source.stop();
    expect(await opening).to.have.property('code', 'DEVICE_UNAVAILABLE');
  });

  it('fails once, by name, when the card is pulled out', async () => {
    const source = fromDevice('mic');
    const sink = new ListeningSink();
    await source.open();
    source.start(sink);
    await eventually('samples', () => sink.frames.length > 10);
    await card.unplug();
    await sink.over;
    expect(sink.failure).to.include({ code: 'DEVICE_LOST' });
    expect(sink.failure?.message).to.include('"mic"').and.to.include('stalled');
    await source.stop();
    await card.plug();
  });

  it('gives up on a sound server that does not answer, both in opening and in listing', async () => {
    await card.freeze();
    try {
      const refusal: unknown = await fromDevice('mic')
        .open()
        .catch((thrown: unknown) => thrown);
      expect(refusal).to.have.property('code', 'DEVICE_UNAVAILABLE');
      expect(refusal).to.have.property('message').that.includes('2000 ms');
      const { devices, problem } = await listDevices();
      expect(devices).to.deep.equal([]);
      expect(problem).to.include('within 5 s');
    } finally {
      await card.thaw();
    }
  });

  it('is not misled by a process that was blocked for longer than a stall', async () => {
    const source = fromDevice('mic');
    const sink = new ListeningSink();
    await source.open();
    source.start(sink);
    await eventually('samples', () => sink.frames.length > 10);
    const blockedFrom = performance.now();
    while (performance.now() - blockedFrom < 700);
    const before = sink.frames.length;
    await eventually('the frames of the blocked time', () => sink.frames.length > before + 40);
    expect(sink.failure).to.equal(undefined);
    await source.stop();
  });

  it('leaves no process behind when its own process is killed', async () => {
    const script = `
      const { createSource } = await import(${JSON.stringify(new URL('create-source.ts', HERE).href)});
      const { systemClock } = await import(${JSON.stringify(new URL('../system-clock.ts', HERE).href)});
      const source = createSource({ kind: 'device', name: 'mic' }, { clock: systemClock, stdin: process.stdin });
      await source.open();
      console.log('open');
    `;
    const args = ['--import', 'tsx', '--input-type=module', '-e', script];
    const parent = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(parent.stdout, 'data');
    const captures = childrenOf(parent.pid ?? 0);
    expect(captures.some(isAlive)).to.equal(true);
    parent.kill('SIGKILL');
    await eventually('the end of its processes', () => !captures.some(isAlive));
    expect(captures.some(isAlive)).to.equal(false);
  });
});
