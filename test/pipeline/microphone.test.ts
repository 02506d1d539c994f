import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import type { VirtualCard } from '../../src/bench/virtual-card.ts';
import { Chance } from '../conformance/otp/chance.ts';
import { expectAccounted } from '../support/accounted.ts';
import { LIVENESS_MS, childrenOf, clip, gone } from '../support/daemon.ts';
import { Microphone } from '../support/microphone.ts';
import type { MicrophoneOptions } from '../support/microphone.ts';
import { INSPECTED, collectGarbage } from '../support/node-inspector.ts';
import { portAudioProblem, requireSoundServer } from '../support/on-virtual-card.ts';
import { isEvent } from '../support/subscribers.ts';
import { tryMicrophone } from './microphone-trial.ts';

const COMMAND = 'Turn on the kitchen lights.';
const GARBAGE = fileURLToPath(new URL('../fixtures/garbage.mjs', import.meta.url));

describe('a microphone that is not as it should be', function () {
  this.timeout(4 * LIVENESS_MS);
  let microphone: Microphone | undefined;

  before(function () {
    requireSoundServer(this);
  });

  afterEach(async () => {
    await microphone?.end();
    microphone = undefined;
  });

  async function start(options: MicrophoneOptions = {}): Promise<Microphone> {
    microphone = await Microphone.start(options);
    return microphone;
  }

  async function expectHeard(heard: Microphone): Promise<void> {
    expect((await heard.say()).transcript).to.equal(COMMAND);
  }

  it('is waited for when it is missing at the start, and heard when it appears', async () => {
    const heard = await start({ before: (card) => card.unplug() });
    const missing = await heard.event('device_unavailable');
    expect(missing.metadata).to.include({ code: 'DEVICE_NOT_FOUND', attempts: 1 });
    expect(missing.metadata['message']).to.include('"mic"');
    await heard.daemon.line(
      ({ msg, ...rest }) => msg === 'readiness.changed' && rest['state'] === 'degraded',
    );
    await heard.card.plug();
    expect((await heard.event('source_opened')).metadata).to.include({ is_reopened: false });
    await expectHeard(heard);
  });

  it('is waited for when there is no sound server at the start', async () => {
    const heard = await start({
      before: (card) => card.kill(),
      set: ['audio.backends=parec'],
    });
    const missing = await heard.event('device_unavailable');
    expect(missing.metadata['message']).to.include('Connection refused');
    await heard.card.startServer();
    await heard.card.plug();
    await heard.event('source_opened');
    await expectHeard(heard);
  });

  it('is tried again while it is busy', async () => {
    const heard = await start({
      before: (card) => card.refuse(),
      set: ['audio.backends=parec'],
    });
    const busy = await heard.event('device_unavailable');
    expect(busy.metadata['message']).to.include('Too large');
    await heard.card.accept();
    await heard.event('source_opened');
    await expectHeard(heard);
  });

  for (const [title, card] of [
    ['44.1 kHz, mono and float', { sampleRateHz: 44_100, channels: 1, format: 'float32le' }],
    ['48 kHz and stereo', { sampleRateHz: 48_000, channels: 2, format: 's16le' }],
    ['8 kHz', { sampleRateHz: 8_000, channels: 1, format: 's16le' }],
  ] as const) {
    it(`is heard at ${title}`, async () => {
      const heard = await start({ card });
      await heard.event('source_opened');
      const { transcript } = await heard.say();
      // Half of what tells the words apart is gone at 8 kHz.
      if (card.sampleRateHz > 8_000) expect(transcript).to.equal(COMMAND);
      else expect(transcript).to.match(/kitchen lights/i);
    });
  }

  it('is heard through a process that prints garbage', async function () {
    const problem = await portAudioProblem();
    if (problem !== null) {
      process.stderr.write(`      not run on this machine, which lacks: ${problem}\n`);
      this.skip();
    }
    const heard = await start({
      set: ['audio.backends=portaudio'],
      env: { NODE_OPTIONS: `--import ${GARBAGE}` },
    });
    await heard.event('source_opened');
    await expectHeard(heard);
    expect(heard.messages.filter((message) => isEvent(message, 'device_lost'))).to.deep.equal([]);
  });

  it('is heard through the next backend when one keeps failing', async function () {
    const problem = await portAudioProblem();
    if (problem !== null) {
      process.stderr.write(`      not run on this machine, which lacks: ${problem}\n`);
      this.skip();
    }
    const folder = mkdtempSync(join(tmpdir(), 'rtap-programs-'));
    writeFileSync(join(folder, 'parec'), '#!/bin/sh\necho "it is broken" >&2\nexit 1\n', {
      mode: 0o755,
    });
    const heard = await start({ env: { PATH: `${folder}:${String(process.env['PATH'])}` } });
    const givenUp = await heard.event('backend_given_up');
    expect(givenUp.metadata).to.include({ backend: 'parec', next: 'portaudio' });
    expect((await heard.event('source_opened')).metadata).to.include({ backend: 'portaudio' });
    await expectHeard(heard);
    rmSync(folder, { recursive: true });
  });

  it('that is pulled out while the engines warm up is waited for', async () => {
    const heard = await start();
    await heard.card.unplug();
    await heard.event('device_unavailable');
    await heard.card.plug();
    await heard.event('source_opened');
    await expectHeard(heard);
  });

  it('warns when it gives exact zeros, and loses nothing by it', async () => {
    const heard = await start({ card: { noise: false } });
    const silent = await heard.event('signal_silent');
    expect(silent.level).to.equal('warning');
    expect(silent.metadata).to.include({ device: 'mic' });
    const said = heard.card.play(clip('jarviscmd_am_michael'));
    await heard.event('signal_restored');
    expect((await heard.final()).transcript).to.equal(COMMAND);
    await said;
    expect(heard.messages.filter((message) => isEvent(message, 'device_lost'))).to.deep.equal([]);
  });

  it('has another stand in where that is allowed, and is taken back when it returns', async () => {
    const heard = await start({
      set: ['audio.fallback_device=spare'],
      before: (card) => card.second(),
    });
    await heard.event('source_opened');
    await heard.card.unplug();
    await heard.event('device_lost');
    expect((await heard.event('source_opened')).metadata).to.include({
      name: 'spare',
      is_substitute: true,
    });
    expect((await heard.event('capture_degraded')).metadata).to.deep.equal({
      device: 'mic',
      heard: 'spare',
    });
    await heard.card.plug();
    await heard.event('capture_restored');
    const gap = await heard.event('audio_gap');
    // The sound server may be the first to move the stream back.
    expect(['given_back', 'moved']).to.include(gap.metadata['cause']);
    expect((await heard.event('source_opened')).metadata).to.include({ name: 'mic' });
    await expectHeard(heard);
  });

  it('that sleeps, since nobody records from it, is woken up', async () => {
    const asleep = async ({ environment }: VirtualCard): Promise<void> => {
      const pactl = async (...args: string[]): Promise<string> =>
        (await promisify(execFile)('pactl', args, { env: { ...process.env, ...environment } }))
          .stdout;
      await pactl('load-module', 'module-suspend-on-idle', 'timeout=1');
      while (!/\tmic\t.*SUSPENDED/.test(await pactl('list', 'short', 'sources'))) await delay(50);
    };
    const heard = await start({ before: asleep });
    await heard.event('source_opened');
    await expectHeard(heard);
    expect(heard.messages.filter((message) => isEvent(message, 'device_lost'))).to.deep.equal([]);
  });

  it('is not replaced by another one where that is not allowed', async () => {
    const heard = await start({ before: (card) => card.second() });
    await heard.event('source_opened');
    await heard.card.unplug();
    await heard.event('device_lost');
    await heard.event('device_unavailable');
    expect(heard.capturePids()).to.deep.equal([]);
    await heard.card.plug();
    expect((await heard.event('source_opened')).metadata).to.include({ name: 'mic' });
  });

  it('keeps its place on the clock when the capture stage itself is killed', async () => {
    const heard = await start();
    await heard.event('source_opened');
    const { code, stderr } = await heard.command('sys', 'kill', 'capture');
    expect(code, stderr).to.equal(0);
    const gap = await heard.event('audio_gap');
    expect(gap.metadata).to.include({ cause: 'capture_restarted' });
    await heard.event('source_opened');
    await expectHeard(heard);
  });

  const stops: readonly [string, (heard: Microphone) => Promise<unknown>][] = [
    [
      'it is waited for',
      async (heard) => {
        await heard.card.unplug();
        await heard.event('device_unavailable');
      },
    ],
    [
      'it is being opened, in vain',
      async (heard) => {
        await heard.card.freeze();
        await heard.event('device_lost');
      },
    ],
    [
      'it is being lost',
      async (heard) => {
        await heard.card.kill();
      },
    ],
  ];
  for (const [when, lose] of stops) {
    it(`does not hold up a shutdown while ${when}`, async () => {
      const heard = await start();
      await heard.event('source_opened');
      await lose(heard);
      const children = childrenOf(heard.daemon.pid);
      const { code } = await heard.daemon.stop();
      if (heard.card.pid !== null) await heard.card.thaw();
      expect(code).to.equal(0);
      // What was missing up to the end is told.
      const [stopped] = heard.messages.filter((message) => isEvent(message, 'pipeline_stopped'));
      const told = heard.messages
        .filter((message) => isEvent(message, 'audio_gap'))
        .reduce((sum, { metadata }) => sum + Number(metadata['samples']), 0);
      expect(stopped).to.have.nested.property('metadata.missing_samples', told);
      await gone(children);
    });
  }

  it('is heard after whatever happens to it, in any order', async () => {
    const heard = await start();
    await heard.event('source_opened');
    for (const seed of [1, 2, 3, 4, 5]) {
      const done = await tryMicrophone(heard, new Chance(seed), 6);
      expect(done.length).to.be.at.least(6);
      expectAccounted((await heard.status()).samples);
    }
  });

  it('can be pulled out and put in 200 times: no descriptor, no process and no memory is left of it', async () => {
    const heard = await start({ set: ['audio.backends=parec'], env: INSPECTED });
    await heard.event('source_opened');
    const { daemon } = heard;
    const cycles = async (count: number): Promise<void> => {
      for (let cycle = 0; cycle < count; cycle += 1) {
        await heard.card.unplug();
        await heard.event('device_lost');
        await heard.card.plug();
        await heard.event('source_opened');
      }
    };
    const measure = async () => {
      await collectGarbage(daemon);
      return {
        heapBytes: await heard.metric('rtap_heap_usage_bytes'),
        descriptors: readdirSync(`/proc/${String(daemon.pid)}/fd`).length,
        processes: childrenOf(daemon.pid).length,
      };
    };
    // What is kept of the past, and bounded, is full by then.
    await cycles(50);
    const before = await measure();
    await cycles(150);
    const after = await measure();
    // The process and the pipes of a question that is under way come and go.
    expect(after.processes).to.be.at.most(before.processes + 2);
    expect(after.descriptors).to.be.at.most(before.descriptors + 8);
    expect(after.heapBytes - before.heapBytes).to.be.below(1024 * 1024);
    await expectHeard(heard);
  });
});
