import { expect } from 'chai';
import type { Bound } from '../../../src/bench/benchmark.ts';
import type { Summary } from '../../../src/bench/statistics.ts';
import { supervisionBenchmark } from '../../../src/bench/supervision.ts';
import { runBench } from '../../../src/cli/bench.ts';
import { CapturedIo } from '../cli/captured-io.ts';

interface Figures {
  readonly hops: {
    readonly members: number;
    readonly rings: readonly {
      readonly kinds: string;
      readonly variant: string;
      readonly ns_per_hop: Summary;
      readonly hops_per_second: number;
      readonly time_to_bare: Summary;
    }[];
    readonly supervised_to_beside: Summary;
    readonly supervised_to_emitter: Summary;
  };
  readonly restarts: readonly { strategy: string; siblings: number; ms: Summary }[];
  readonly memory: { bare_bytes_per_actor: Summary; supervised_bytes_per_actor: Summary };
  readonly start: Record<'first' | 'later', { build_ms: Summary; start_ms: Summary }>;
  readonly bounds: readonly (Omit<Bound, 'atMost'> & { at_most: number; held: boolean })[];
}

/** How fast this machine is, is nobody's business here. */
function expectMeasured(summary: Summary, what: string): void {
  expect(summary.n, what).to.be.greaterThan(0);
  for (const value of [summary.median, summary.p95]) {
    expect(value, what).to.be.greaterThan(0).and.to.be.lessThan(Infinity);
  }
}

describe('the supervision benchmark', () => {
  let figures: Figures;
  let host: Record<string, unknown>;

  before(async () => {
    const io = new CapturedIo();
    const options = { name: 'supervision', isQuick: true, json: true, isStderrTty: false };
    expect(await runBench(options, io, [supervisionBenchmark])).to.equal(0);
    const result = io.json() as {
      host: Record<string, unknown>;
      benchmarks: { supervision: Figures };
    };
    figures = result.benchmarks.supervision;
    ({ host } = result);
  });

  it('names the machine', () => {
    expect(host).to.have.all.keys('cpu', 'cores', 'memory_bytes', 'platform', 'node', 'load');
    expect(host['node']).to.equal(process.versions.node);
  });

  it('compares rings of actors with bare ones of the same kinds, and an EventEmitter', () => {
    const { members, rings, ...over } = figures.hops;
    expect(members).to.equal(6);
    expect(rings.map(({ kinds, variant }) => `${kinds} ${variant}`)).to.have.members([
      ...['bare', 'supervised', 'monitored', 'tapped', 'daemon'].map((one) => `many ${one}`),
      ...['bare', 'beside', 'supervised', 'emitter'].map((one) => `one ${one}`),
    ]);
    for (const { kinds, variant, ...ring } of rings) {
      expectMeasured(ring.ns_per_hop, variant);
      expectMeasured(ring.time_to_bare, variant);
      expect(ring.hops_per_second, variant).to.be.greaterThan(0);
      if (variant === 'bare') expect(ring.time_to_bare.median, kinds).to.equal(1);
    }
    expectMeasured(over.supervised_to_beside, 'supervised to beside');
    expectMeasured(over.supervised_to_emitter, 'supervised to emitter');
  });

  it('judges the supervised ring of different kinds', () => {
    const supervised = figures.hops.rings.find(
      ({ kinds, variant }) => kinds === 'many' && variant === 'supervised',
    );
    const [bound] = figures.bounds;
    expect(figures.bounds).to.have.length(1);
    expect(bound?.at_most).to.equal(1.15);
    expect(bound?.measured).to.equal(supervised?.time_to_bare.median);
    expect(bound?.held).to.equal((bound?.measured ?? 0) <= 1.15);
  });

  it('tells what a restart costs among siblings', () => {
    expect(figures.restarts.map(({ strategy, siblings }) => [strategy, siblings])).to.deep.equal([
      ['one_for_one', 1],
      ['one_for_one', 10],
      ['one_for_one', 100],
      ['one_for_all', 10],
    ]);
    for (const { strategy, ms } of figures.restarts) expectMeasured(ms, strategy);
  });

  it('tells the memory of an actor, of which its slot takes a share', () => {
    const { bare_bytes_per_actor: bare, supervised_bytes_per_actor: supervised } = figures.memory;
    expectMeasured(bare, 'bare');
    expect(supervised.median).to.be.greaterThan(bare.median);
  });

  it('tells how long a tree takes to be built and started, in a fresh process and later', () => {
    for (const when of ['first', 'later'] as const) {
      expectMeasured(figures.start[when].build_ms, when);
      expectMeasured(figures.start[when].start_ms, when);
    }
  });
});
