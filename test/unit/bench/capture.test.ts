import { expect } from 'chai';
import type { Bound } from '../../../src/bench/benchmark.ts';
import { captureReport } from '../../../src/bench/capture-report.ts';
import { createCaptureBenchmark } from '../../../src/bench/capture.ts';
import type { FaultRuns } from '../../../src/bench/capture-losses.ts';
import type { Distribution } from '../../../src/bench/statistics.ts';
import { runBench } from '../../../src/cli/bench.ts';
import { LIVENESS_MS } from '../../support/daemon.ts';
import { requireSoundServer } from '../../support/on-virtual-card.ts';
import { CapturedIo } from '../cli/captured-io.ts';

interface Figures {
  readonly streams: readonly (Record<string, number> & {
    readonly backend: string;
    readonly opening_ms: Distribution;
    readonly latency_ms: Distribution;
    readonly deviation_ms: Distribution;
    readonly gap_ms: Distribution;
  })[];
  readonly faults: readonly {
    readonly order: string;
    readonly fault: string;
    readonly loss_ms: Distribution;
    readonly return_ms: Distribution;
    readonly return_unsure_ms: Distribution;
    readonly causes: Readonly<Record<string, number>>;
    readonly opened_through: Readonly<Record<string, number>>;
    readonly failures: readonly string[];
  }[];
  readonly bounds: readonly (Omit<Bound, 'atMost'> & { at_most: number; held: boolean })[];
}

/** How fast this machine is, is nobody's business here. */
describe('the capture benchmark', function () {
  this.timeout(2 * LIVENESS_MS);

  describe('on a sound server of its own, through one backend and with two faults', () => {
    let figures: Figures;
    let environment: NodeJS.ProcessEnv;

    before(async function () {
      requireSoundServer(this);
      environment = { ...process.env };
      const io = new CapturedIo();
      const options = { name: 'capture', isQuick: true, json: true, isStderrTty: false };
      const benchmark = createCaptureBenchmark({
        backends: ['parec'],
        orders: ['default'],
        faults: ['suspended', 'process killed'],
      });
      expect(await runBench(options, io, [benchmark])).to.equal(0);
      figures = (io.json() as { benchmarks: { capture: Figures } }).benchmarks.capture;
    });

    it('measures a microphone that is heard', () => {
      expect(figures.streams.map(({ backend }) => backend)).to.deep.equal(['parec']);
      for (const stream of figures.streams) {
        expect(stream.opening_ms.n).to.equal(2);
        expect(stream.latency_ms.n).to.equal(5);
        expect(stream.deviation_ms.n).to.be.within(30, 70);
        expect(stream.gap_ms.p50).to.be.within(1, 60);
        expect(stream.latency_ms.p50).to.be.within(1, 1_000);
        expect(stream['steady_ms']).to.be.at.least(990);
        expect(stream['capture_resident_bytes']).to.be.greaterThan(1_000_000);
      }
    });

    it('measures each fault to the event of the daemon, and its return to the next one', () => {
      expect(figures.faults.map(({ order, fault }) => `${order}: ${fault}`)).to.deep.equal([
        'default: suspended',
        'default: process killed',
      ]);
      for (const one of figures.faults) {
        expect(one.failures).to.deep.equal([]);
        for (const times of [one.loss_ms, one.return_ms]) {
          expect(times.n, one.fault).to.equal(2);
          expect(times.p50, one.fault).to.be.greaterThan(0);
        }
        expect(one.opened_through).to.deep.equal({ parec: 2 });
      }
      expect(figures.faults.map(({ causes }) => causes)).to.deep.equal([
        { suspended: 2 },
        { process_killed: 2 },
      ]);
    });

    it('judges the losses, the return through the default order, and that all were told', () => {
      expect(figures.bounds.map(({ at_most: atMost }) => atMost)).to.deep.equal([500, 600, 0]);
    });

    it('leaves the environment as it was', () => {
      expect({ ...process.env }).to.deep.equal(environment);
    });
  });

  describe('judges', () => {
    const nothing = { causes: {}, openedThrough: {}, furtherLosses: 0 };
    const runs = (some: Partial<FaultRuns>): FaultRuns => {
      const times = { lossMs: [10], returnMs: [20], unsureMs: [1], failures: [] };
      return { order: 'default', fault: 'unplugged', ...times, ...nothing, ...some };
    };
    const boundsOf = (...all: FaultRuns[]): number[] =>
      captureReport({ streams: [], runs: all, leftOut: {} }).bounds.map(({ measured }) => measured);

    it('each order by its worst fault', () => {
      const slow = runs({ fault: 'server frozen', lossMs: [501], returnMs: [601] });
      expect(boundsOf(runs({}), slow)).to.deep.equal([501, 601, 0]);
    });

    it('the return through the default order alone', () => {
      const alone = runs({ order: 'portaudio', lossMs: [30], returnMs: [9_000] });
      expect(boundsOf(runs({}), alone)).to.deep.equal([10, 30, 20, 0]);
    });

    it('what was never told as exceeded, and says what it was', () => {
      const silent = runs({
        lossMs: [],
        returnMs: [],
        unsureMs: [],
        failures: ['it said nothing'],
      });
      expect(boundsOf(silent)).to.deep.equal([Infinity, Infinity, 1]);
      const { notes } = captureReport({ streams: [], runs: [silent], leftOut: {} });
      expect(notes).to.include('parec, then portaudio, unplugged: it said nothing.');
    });

    it('nothing of a backend that is left out, and says why', () => {
      const leftOut = { portaudio: 'it is not installed' };
      const { notes } = captureReport({ streams: [], runs: [runs({})], leftOut });
      expect(notes).to.include('portaudio is left out: it is not installed.');
    });
  });
});
