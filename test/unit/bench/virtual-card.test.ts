import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { expect } from 'chai';
import { measureLevel } from '../../../src/audio/level.ts';
import { VirtualCard } from '../../../src/bench/virtual-card.ts';
import type { CardOptions } from '../../../src/bench/virtual-card.ts';
import { clip } from '../../support/daemon.ts';
import { prepareVirtualCard } from '../../support/virtual-card.ts';
import { Recorder } from './recorder.ts';

describe('VirtualCard', function () {
  this.timeout(60_000);
  let cards: VirtualCard[] = [];
  let recorders: Recorder[] = [];

  before(function () {
    this.timeout(300_000);
    const lacking = prepareVirtualCard();
    if (lacking === undefined) return;
    process.stderr.write(`      not run on this machine, which lacks: ${lacking}\n`);
    this.skip();
  });

  afterEach(async () => {
    await Promise.all(recorders.map((recorder) => recorder.stop()));
    await Promise.all(cards.map((card) => card.stop()));
    [cards, recorders] = [[], []];
  });

  async function start(options?: CardOptions): Promise<VirtualCard> {
    const card = await VirtualCard.start(options);
    cards.push(card);
    return card;
  }

  function open(card: VirtualCard, device?: string): Recorder {
    const recorder = new Recorder(card.environment, device);
    recorders.push(recorder);
    return recorder;
  }

  /** A client that hears something. */
  async function record(card: VirtualCard): Promise<Recorder> {
    const recorder = open(card);
    await recorder.says('Connected to device mic');
    await recorder.hears(20);
    return recorder;
  }

  describe('has a microphone', () => {
    it('that is the default one', async () => {
      const card = await start();
      expect(await card.sources()).to.deep.equal(['vcard.monitor', 'mic']);
      expect(pactl(card, 'info')).to.include('Default Source: mic');
      expect(pactl(card, 'list', 'short', 'sources')).to.match(/\tmic\t.*\ts16le 2ch 48000Hz/);
    });

    it('that is never silent', async () => {
      const samples = await open(await start()).hears(1_000);
      expect(measureLevel(samples).rmsDbfs).to.be.within(-73, -67);
      expect(longestSilence(samples)).to.be.lessThan(16);
    });

    it('that gives zeros without its noise', async () => {
      const card = await start({ noise: false });
      expect([...(await open(card).hears(200))].every((sample) => sample === 0)).to.equal(true);
      expect(processesOf(card).length).to.equal(2);
    });

    for (const [options, described] of [
      [{ sampleRateHz: 44_100, channels: 1, format: 'float32le' }, 'float32le 1ch 44100Hz'],
      [{ sampleRateHz: 48_000, channels: 2 }, 's16le 2ch 48000Hz'],
    ] as const) {
      it(`of another kind: ${described}`, async () => {
        const card = await start(options);
        const row = pactl(card, 'list', 'short', 'sources').match(/\tmic\t.*/)?.[0];
        expect(row).to.include(described);
        expect(measureLevel(await open(card).hears(500)).rmsDbfs).to.be.within(-73, -67);
      });
    }

    it('that hears what is played, to its end', async () => {
      const card = await start();
      const recorder = await record(card);
      const [samples] = await Promise.all([
        recorder.hears(2_800),
        card.play(clip('jarviscmd_af_heart')),
      ]);
      expect(measureLevel(samples).peakDbfs).to.be.within(-12, 0);
    });
  });

  it('ends the streams on it when it is unplugged, and works when it is back', async () => {
    const card = await start();
    const recorder = await record(card);
    await card.unplug();
    expect(await recorder.exited).to.equal(1);
    expect(recorder.said.at(-1)).to.equal('Stream error: Entity killed');
    expect(await card.sources()).to.deep.equal([]);
    expect(processesOf(card)).to.deep.equal([card.pid]);
    expect(await refusal(card.play(clip('jarviscmd_af_heart')))).to.include('No such entity');
    await card.plug({ sampleRateHz: 44_100 });
    expect(measureLevel(await (await record(card)).hears(200)).rmsDbfs).to.be.within(-73, -67);
  });

  it('ends what plays when it is unplugged', async () => {
    const card = await start();
    const recorder = await record(card);
    const playing = refusal(card.play(clip('jarviscmd_af_heart')));
    while (measureLevel(await recorder.hears(20)).rmsDbfs < -50);
    await card.unplug();
    expect(await playing).to.include('Entity killed');
  });

  it('lets its streams go on from the second microphone, and come back', async () => {
    const card = await start();
    await card.second();
    const recorder = await record(card);
    expect(await card.streams()).to.deep.equal([{ pid: recorder.pid, source: 'mic' }]);
    await card.unplug();
    await recorder.says('Stream moved to device spare');
    expect(await card.streams()).to.deep.equal([{ pid: recorder.pid, source: 'spare' }]);
    expect(longestSilence((await recorder.hears(200)).slice(1_600))).to.be.lessThan(16);
    await card.plug();
    await recorder.says('Stream moved to device mic');
    await card.removeSecond();
    expect(await card.sources()).to.deep.equal(['vcard.monitor', 'mic']);
    expect(await card.streams()).to.deep.equal([{ pid: recorder.pid, source: 'mic' }]);
  });

  it('gives nothing while it is suspended, and stays listed', async () => {
    const card = await start();
    const recorder = await record(card);
    await card.suspend();
    await recorder.says('Stream device suspended');
    expect(await recorder.bytesWithin(300)).to.equal(0);
    const late = open(card);
    await late.says('Connected to device mic (index: 1, suspended: yes)');
    expect(await late.bytesWithin(300)).to.equal(0);
    await card.resume();
    await Promise.all([recorder.hears(100), late.hears(100)]);
  });

  it('gives nothing and answers nobody while its server is frozen', async () => {
    const card = await start();
    const recorder = await record(card);
    await card.freeze();
    expect(await recorder.bytesWithin(300)).to.equal(0);
    const askedAtMs = performance.now();
    expect(await refusal(card.sources())).to.include('did not stop within 5000 ms');
    expect(performance.now() - askedAtMs).to.be.lessThan(8_000);
    expect(await recorder.bytesWithin(0)).to.equal(0);
    await card.thaw();
    await recorder.hears(100);
    expect(await card.sources()).to.deep.equal(['vcard.monitor', 'mic']);
  });

  it('loses its server, which comes back without a microphone', async () => {
    const card = await start();
    const recorder = await record(card);
    await card.kill();
    expect(await recorder.exited).to.equal(1);
    expect(recorder.said.at(-1)).to.include('Connection terminated');
    expect([card.pid, processesOf(card)]).to.deep.equal([null, []]);
    expect(await refusal(card.sources())).to.include('Connection refused');
    await card.startServer();
    expect(await card.sources()).to.deep.equal([]);
    await card.plug();
    await record(card);
  });

  describe('that is busy', () => {
    it('refuses who opens it, and keeps whom it has', async () => {
      const card = await start();
      const recorder = await record(card);
      await card.refuse();
      const refused = open(card);
      expect(await refused.exited).to.equal(1);
      expect(refused.said).to.deep.equal(['Stream error: Too large']);
      await recorder.hears(100);
      await card.accept();
      await record(card);
      expect(await card.sources()).to.deep.equal(['vcard.monitor', 'mic']);
    });

    it('is so from the moment that it is plugged in, each time', async () => {
      const card = await start();
      await card.unplug();
      await card.refuse();
      for (let times = 0; times < 2; times += 1) {
        const plugging = card.plug();
        let said: string | undefined;
        while (said !== 'Stream error: Too large') {
          const early = open(card);
          expect(await early.exited).to.equal(1);
          said = early.said.at(-1);
          expect(said).to.match(/No such entity|Too large/);
        }
        await plugging;
        await card.unplug();
        expect(await card.sources()).to.deep.equal([]);
      }
      await card.accept();
      await card.plug();
      await record(card);
    });

    it('ends its streams when it is unplugged all the same', async () => {
      const card = await start();
      const recorder = await record(card);
      await card.refuse();
      await card.unplug();
      expect(await recorder.exited).to.equal(1);
    });
  });

  const ENDS: Readonly<Record<string, (card: VirtualCard) => Promise<unknown>>> = {
    whole: () => Promise.resolve(),
    unplugged: (card) => card.unplug(),
    frozen: (card) => card.freeze(),
    'frozen while something plays': async (card) => {
      const recorder = await record(card);
      const playing = refusal(card.play(clip('jarviscmd_af_heart')));
      while (measureLevel(await recorder.hears(20)).rmsDbfs < -50);
      await card.freeze();
      return { playing };
    },
    dead: (card) => card.kill(),
  };
  for (const [state, bring] of Object.entries(ENDS)) {
    it(`leaves no process and no folder when it is stopped: ${state}`, async () => {
      const card = await start();
      expect(processesOf(card).length).to.equal(2);
      await bring(card);
      await Promise.all(recorders.map((recorder) => recorder.stop()));
      await card.stop();
      expect(processesOf(card)).to.deep.equal([]);
      expect(existsSync(folderOf(card))).to.equal(false);
    });
  }
});

function pactl(card: VirtualCard, ...args: string[]): string {
  const env = { ...process.env, ...card.environment, LC_ALL: 'C' };
  return execFileSync('pactl', args, { env, encoding: 'utf8', timeout: 10_000 });
}

/** Why it was refused. */
async function refusal(attempt: Promise<unknown>): Promise<string> {
  return attempt.then(
    () => 'it was not',
    (thrown: unknown) => String(thrown),
  );
}

/** In samples. */
function longestSilence(samples: Int16Array): number {
  let [longest, current] = [0, 0];
  for (const sample of samples) {
    current = sample === 0 ? current + 1 : 0;
    longest = Math.max(longest, current);
  }
  return longest;
}

function folderOf(card: VirtualCard): string {
  return dirname(card.environment.ALSA_CONFIG_PATH);
}

/** Every process on this machine that has the card's folder in its environment. */
function processesOf(card: VirtualCard): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, 'utf8').includes(folderOf(card));
      } catch {
        return false;
      }
    })
    .map(Number);
}
