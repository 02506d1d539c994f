import { expect } from 'chai';
import type { Bound } from '../../../src/bench/benchmark.ts';
import { OPERATIONS, prepareOperation } from '../../../src/bench/ring-operations.ts';
import type { Distribution } from '../../../src/bench/statistics.ts';
import { runBench } from '../../../src/cli/bench.ts';
import { CapturedIo } from '../cli/captured-io.ts';

interface Figures {
  readonly cases: readonly {
    readonly operation: string;
    readonly capacity_ms: number;
    readonly window: string;
    readonly gaps: number;
    readonly us: Distribution;
  }[];
  readonly bounds: readonly (Omit<Bound, 'atMost'> & { at_most: number; held: boolean })[];
}

/** How fast this machine is, is nobody's business here. */
describe('the ring benchmark', () => {
  let figures: Figures;

  before(async () => {
    const io = new CapturedIo();
    const options = { name: 'ring', isQuick: true, json: true, isStderrTty: false };
    expect(await runBench(options, io)).to.equal(0);
    figures = (io.json() as { benchmarks: { ring: Figures } }).benchmarks.ring;
  });

  it('measures each operation by itself, in small and large rings, with gaps and without', () => {
    expect(figures.cases).to.have.length(4 * OPERATIONS.length);
    for (const { operation, us } of figures.cases) {
      expect(us.n, operation).to.equal(200);
      expect(us.p50, operation).to.be.greaterThan(0);
      expect(us.p95, operation).to.be.within(us.p50, us.p99);
      expect(us.max, operation).to.be.at.least(us.p99);
    }
  });

  it('has as many gaps in the window as the operation leaves', () => {
    for (const { operation, window, capacity_ms: ms, gaps } of figures.cases) {
      if (operation === 'nothing') continue;
      if (window === 'gaps') expect(gaps, operation).to.be.at.least((ms * 16) / 5);
      else if (operation !== 'skip') expect(gaps, operation).to.equal(0);
    }
  });

  it('judges each operation by the worst of its cases', () => {
    expect(figures.bounds).to.have.length(OPERATIONS.length - 1);
    for (const { at_most: atMost } of figures.bounds) expect(atMost).to.equal(0.1);
    const worst = (operation: string): number =>
      Math.max(
        ...figures.cases.filter((one) => one.operation === operation).map(({ us }) => us.p99),
      );
    expect(figures.bounds.map(({ measured }) => measured)).to.deep.equal(
      OPERATIONS.slice(0, -1).map((operation) => worst(operation) / 1_000),
    );
  });

  it('does what it measures', () => {
    const read = prepareOperation('hops', { capacitySamples: 64_000, window: 'gaps' });
    for (let time = 0; time < 3; time += 1) {
      read.prepare();
      expect((read.operate() as Int16Array).length).to.equal(512 * 16);
    }
    const copy = prepareOperation('copy', { capacitySamples: 960_000, window: 'whole' });
    expect((copy.operate() as Int16Array).length).to.equal(28 * 16_000);
  });
});
