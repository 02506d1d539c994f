import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { measureLevel } from '../../../../src/audio/level.ts';
import type { BackendName, DeviceLoss, LossCause } from '../../../../src/domain/capture.ts';
import { backendOf } from '../../../../src/io/devices/device-list.ts';
import { DeviceSource } from '../../../../src/io/devices/device-source.ts';
import { SoundWatch } from '../../../../src/io/devices/sound-watch.ts';
import type { VirtualCard } from '../../../../src/bench/virtual-card.ts';
import { systemClock } from '../../../../src/io/system-clock.ts';
import { childrenOf, gone } from '../../../support/daemon.ts';
import { OwnCard, portAudioProblem } from '../../../support/on-virtual-card.ts';

const SPEECH = fileURLToPath(
  new URL('../../../fixtures/audio/jarviscmd_af_heart.wav', import.meta.url),
);
const DEVICES = new URL('../../../../src/io/devices/', import.meta.url);

/** A device that is open, and what is heard of it. */
class Listening {
  readonly frames: Int16Array[] = [];
  readonly gaps: [samples: number, cause: string][] = [];
  readonly source: DeviceSource;
  readonly lost: Promise<DeviceLoss>;
  #waiting: { frames: number; resolve: () => void }[] = [];

  constructor(source: DeviceSource) {
    this.source = source;
    this.lost = new Promise((resolve) => {
      source.start({
        frame: (samples) => {
          this.frames.push(samples);
          this.#waiting = this.#waiting.filter(({ frames, resolve: heard }) => {
            if (this.frames.length < frames) return true;
            heard();
            return false;
          });
        },
        gap: (samples, cause) => {
          this.gaps.push([samples, cause]);
        },
        lost: resolve,
      });
    });
  }

  /** Resolves when so many frames more have come. */
  more(frames: number): Promise<void> {
    const wanted = this.frames.length + frames;
    return new Promise((resolve) => this.#waiting.push({ frames: wanted, resolve }));
  }

  get samples(): Int16Array {
    return Int16Array.from(this.frames.flatMap((frame) => [...frame]));
  }
}

for (const name of ['parec', 'portaudio'] as const satisfies BackendName[]) {
  describe(`a device through ${name}`, function () {
    this.timeout(60_000);
    const backend = backendOf(name);
    let own: OwnCard;
    let card: VirtualCard;
    const open: DeviceSource[] = [];

    before(async function () {
      own = await OwnCard.start(this);
      card = own.card;
      const problem = name === 'portaudio' ? await portAudioProblem() : null;
      if (problem === null) return;
      process.stderr.write(`      not run on this machine, which lacks: ${problem}\n`);
      this.skip();
    });

    afterEach(async () => {
      await Promise.all(open.splice(0).map((source) => source.stop()));
    });

    after(async () => {
      await (own as OwnCard | undefined)?.stop();
    });

    function fromDevice(device: string): DeviceSource {
      const source = new DeviceSource({ backend, device, clock: systemClock });
      open.push(source);
      return source;
    }

    async function listening(device = 'mic'): Promise<Listening> {
      const source = fromDevice(device);
      await source.open();
      const heard = new Listening(source);
      await heard.more(10);
      return heard;
    }

    const refusalOf = (source: DeviceSource): Promise<unknown> =>
      source.open().catch((thrown: unknown) => thrown);

    it('is listed by its name', async () => {
      const { devices, problem } = await backend.list();
      expect(problem).to.equal(null);
      expect(devices.map((device) => device.name)).to.include('mic');
      expect(devices.filter((device) => device.isDefault)).to.have.length(1);
    });

    it('is heard, all of it and in time, and not after it is stopped', async () => {
      const source = fromDevice('mic');
      const { info } = await source.open();
      expect(info).to.include({
        kind: 'device',
        name: 'mic',
        sampleRateHz: 16_000,
        channels: 1,
        backend: name,
        realTime: true,
      });
      const heard = new Listening(source);
      const startedMs = performance.now();
      await card.play(SPEECH);
      await heard.more(25);
      const elapsedMs = performance.now() - startedMs;
      await source.stop();
      const count = heard.frames.length;
      expect(count * 20).to.be.closeTo(elapsedMs, 500);
      const isLoud = (frame: Int16Array): boolean => measureLevel(frame).rmsDbfs > -45;
      const first = heard.frames.findIndex(isLoud);
      const last = heard.frames.findLastIndex(isLoud);
      // The clip has 2.87 s, of which about 2.2 s are speech.
      expect((last - first) * 20).to.be.within(1_700, 2_900);
      expect(measureLevel(heard.samples).peakDbfs).to.be.within(-12, 0);
      expect(heard.gaps).to.deep.equal([]);
      await setTimeout(100);
      expect(heard.frames.length).to.equal(count);
    });

    it('is refused by a name that there is not, with those that there are', async () => {
      const refusal = await refusalOf(fromDevice('no such microphone'));
      expect(refusal).to.have.property('code', 'DEVICE_NOT_FOUND');
      expect(refusal).to.have.property('message').that.includes('"no such microphone"');
      expect(refusal).to.have.property('message').that.includes('"mic"');
    });

    it('can be stopped while it opens', async () => {
      const source = fromDevice('mic');
      const opening = refusalOf(source);
      await source.stop();
      expect(await opening).to.have.property('code', 'DEVICE_UNAVAILABLE');
    });

    it('is refused within its deadline by a server that is frozen, and opened once it is thawed', async () => {
      await card.freeze();
      const refusal = await refusalOf(fromDevice('mic')).finally(() => card.thaw());
      expect(refusal).to.have.property('code', 'DEVICE_UNAVAILABLE');
      expect(refusal).to.have.property('message').that.matches(/ms$/);
      await (await listening()).more(10);
    });

    it('is refused while it is busy, and says what the server said', async () => {
      await card.refuse();
      const refusal = await refusalOf(fromDevice('mic'));
      await card.accept();
      expect(refusal).to.have.property('code', 'DEVICE_UNAVAILABLE');
      expect(refusal).to.have.property('message').that.includes('"mic"');
    });

    /** What is done to it, what is said of it, and how it is undone. */
    const losses: readonly [
      string,
      readonly LossCause[],
      (heard: Listening) => unknown,
      () => unknown,
    ][] = [
      [
        'it is unplugged',
        name === 'parec' ? ['removed'] : ['device_failed', 'removed'],
        () => card.unplug(),
        () => card.plug(),
      ],
      ['it is suspended', ['suspended'], () => card.suspend(), () => card.resume()],
      ['its server freezes', ['server_frozen'], () => card.freeze(), () => card.thaw()],
      [
        'its server dies',
        name === 'parec' ? ['server_lost'] : ['device_failed', 'server_lost'],
        () => card.kill(),
        async () => {
          await card.startServer();
          await card.plug();
        },
      ],
      [
        'its own process is killed',
        ['process_killed'],
        () => {
          signalCaptures('SIGKILL');
        },
        () => undefined,
      ],
      [
        'its own process is frozen',
        ['stalled'],
        () => {
          signalCaptures('SIGSTOP');
        },
        () => undefined,
      ],
    ];
    for (const [what, causes, lose, undo] of losses) {
      it(`is lost once, by its cause, when ${what}, and can be opened again`, async () => {
        const heard = await listening();
        await lose(heard);
        const loss = await heard.lost;
        expect(loss).to.include({ device: 'mic', backend: name });
        expect(causes).to.include(loss.cause);
        expect(loss.message).to.include('"mic"');
        await undo();
        await (await listening()).more(5);
      });
    }

    it('is lost when the server moves its stream to another microphone, and says which', async () => {
      await card.second();
      const heard = await listening();
      const watch = new SoundWatch({
        onSnapshot: (snapshot) => {
          if (snapshot !== null) heard.source.identify(snapshot);
        },
      });
      watch.start();
      const { source } = heard;
      // Once the server has been seen with the stream where it belongs.
      while (!(await card.streams()).some((stream) => stream.source === 'mic')) await heard.more(1);
      await heard.more(10);
      await card.unplug();
      const loss = await heard.lost;
      watch.close();
      await source.stop();
      await card.plug();
      await card.removeSecond();
      if (name === 'parec') expect(loss).to.include({ cause: 'moved', movedTo: 'spare' });
      else expect(['moved', 'device_failed']).to.include(loss.cause);
    });

    it('is not taken for lost by a process that was blocked for longer than a stall', async () => {
      const heard = await listening();
      const blockedFrom = performance.now();
      while (performance.now() - blockedFrom < 700);
      await heard.more(40);
      const later = Promise.resolve('not lost');
      expect(await Promise.race([heard.lost, later])).to.equal('not lost');
    });

    it('leaves no process behind when the process that opened it is killed', async () => {
      const script = `
        const { DeviceSource } = await import(${JSON.stringify(new URL('device-source.ts', DEVICES).href)});
        const { backendOf } = await import(${JSON.stringify(new URL('device-list.ts', DEVICES).href)});
        const { systemClock } = await import(${JSON.stringify(new URL('../system-clock.ts', DEVICES).href)});
        const source = new DeviceSource({ backend: backendOf(${JSON.stringify(name)}), device: 'mic', clock: systemClock });
        await source.open();
        console.log('open');
        setInterval(() => undefined, 1000);
      `;
      const args = ['--import', 'tsx', '--input-type=module', '-e', script];
      const parent = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
      await once(parent.stdout, 'data');
      const captures = childrenOf(parent.pid ?? 0);
      expect(captures).to.not.deep.equal([]);
      parent.kill('SIGKILL');
      await gone(captures);
    });
  });
}

/** Signals the processes that hold a device open: those of this one that the kernel calls so. */
function signalCaptures(signal: NodeJS.Signals): void {
  for (const pid of childrenOf(process.pid)) {
    const command = readFileSync(`/proc/${String(pid)}/cmdline`, 'utf8');
    if (/^parec\0|portaudio-process/.test(command)) process.kill(pid, signal);
  }
}
