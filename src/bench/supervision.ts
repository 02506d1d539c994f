import type { Benchmark, BenchmarkRun } from './benchmark.ts';
import { runLanes } from './lane-runs.ts';
import type { Repetition } from './lane-runs.ts';
import type { LaneSpec } from './lanes.ts';
import type { RingLane, RingVariant } from './ring-lane.ts';
import { ratios, summarise } from './statistics.ts';
import { supervisionReport } from './supervision-report.ts';
import type {
  HopFigures,
  MemoryFigures,
  RestartFigures,
  StartFigures,
} from './supervision-report.ts';

/** The order in which they take their turns. */
const RINGS = [
  { kinds: 'many', variant: 'bare' },
  { kinds: 'many', variant: 'supervised' },
  { kinds: 'many', variant: 'monitored' },
  { kinds: 'many', variant: 'tapped' },
  { kinds: 'many', variant: 'daemon' },
  { kinds: 'one', variant: 'bare' },
  { kinds: 'one', variant: 'beside' },
  { kinds: 'one', variant: 'supervised' },
  { kinds: 'one', variant: 'emitter' },
] as const;

const RESTARTS = [
  { strategy: 'one_for_one', siblings: 1 },
  { strategy: 'one_for_one', siblings: 10 },
  { strategy: 'one_for_one', siblings: 100 },
  { strategy: 'one_for_all', siblings: 10 },
] as const;

const MEMBERS = 6;
const MEMORY_ACTORS = 1_000;
const MEMORY_FAN_OUT = 50;
const START_WORKERS = 100;
const START_FAN_OUT = 10;

/** How much is measured: rounds of fresh processes, repetitions in each, and what is in a repetition. */
const FULL = {
  hops: { rounds: 10, repetitions: 15, repetitionMs: 50, warmUpMs: 400 },
  restarts: { rounds: 4, repetitions: 10, restarts: 100, warmUpRestarts: 500 },
  memory: { rounds: 10, repetitions: 1 },
  start: { rounds: 20, repetitions: 11 },
};
const QUICK: typeof FULL = {
  hops: { rounds: 1, repetitions: 2, repetitionMs: 5, warmUpMs: 10 },
  restarts: { rounds: 1, repetitions: 1, restarts: 5, warmUpRestarts: 1 },
  memory: { rounds: 1, repetitions: 1 },
  start: { rounds: 1, repetitions: 2 },
};

/** What supervision costs: each hop, a restart, memory, and the start of a tree. */
export const supervisionBenchmark: Benchmark = {
  name: 'supervision',
  run: async (options) => {
    const effort = options.isQuick ? QUICK : FULL;
    return supervisionReport({
      hops: await measureHops(effort.hops, options),
      restarts: await measureRestarts(effort.restarts, options),
      memory: await measureMemory(effort.memory, options),
      start: await measureStart(effort.start, options),
    });
  },
};

async function measureHops(effort: typeof FULL.hops, run: BenchmarkRun): Promise<HopFigures> {
  const { repetitionMs, warmUpMs } = effort;
  const lanes = await runLanes(
    RINGS.map((ring): LaneSpec => {
      return { kind: 'ring', ...ring, members: MEMBERS, repetitionMs, warmUpMs };
    }),
    runsOf('hops', effort, run),
  );
  const nsOf = (kinds: RingLane['kinds'], variant: RingVariant): number[] =>
    firstValues(
      lanes[RINGS.findIndex((one) => one.kinds === kinds && one.variant === variant)] ?? [],
    );
  return {
    members: MEMBERS,
    rings: RINGS.map(({ kinds, variant }) => {
      const nsPerHop = summarise(nsOf(kinds, variant));
      return {
        kinds,
        variant,
        ns_per_hop: nsPerHop,
        hops_per_second: Math.round(1e9 / nsPerHop.median),
        time_to_bare: summarise(ratios(nsOf(kinds, variant), nsOf(kinds, 'bare'))),
      };
    }),
    supervised_to_beside: summarise(ratios(nsOf('one', 'supervised'), nsOf('one', 'beside'))),
    supervised_to_emitter: summarise(ratios(nsOf('one', 'supervised'), nsOf('one', 'emitter'))),
  };
}

async function measureRestarts(
  effort: typeof FULL.restarts,
  run: BenchmarkRun,
): Promise<RestartFigures[]> {
  const { restarts, warmUpRestarts } = effort;
  const lanes = await runLanes(
    RESTARTS.map((one): LaneSpec => ({ kind: 'restart', ...one, restarts, warmUpRestarts })),
    runsOf('restarts', effort, run),
  );
  return RESTARTS.map((one, place) => ({
    ...one,
    ms: summarise((lanes[place] ?? []).flatMap(({ values }) => values)),
  }));
}

async function measureMemory(
  effort: typeof FULL.memory,
  run: BenchmarkRun,
): Promise<MemoryFigures> {
  const [bare = [], supervised = []] = await runLanes(
    (['bare', 'supervised'] as const).map((variant): LaneSpec => {
      return { kind: 'memory', variant, actors: MEMORY_ACTORS, fanOut: MEMORY_FAN_OUT };
    }),
    runsOf('memory', effort, run),
  );
  return {
    actors: MEMORY_ACTORS,
    fan_out: MEMORY_FAN_OUT,
    bare_bytes_per_actor: summarise(firstValues(bare)),
    supervised_bytes_per_actor: summarise(firstValues(supervised)),
  };
}

async function measureStart(effort: typeof FULL.start, run: BenchmarkRun): Promise<StartFigures> {
  const [repetitions = []] = await runLanes(
    [{ kind: 'start', workers: START_WORKERS, fanOut: START_FAN_OUT }],
    runsOf('start', effort, run),
  );
  const timesOf = (chosen: readonly Repetition[]) => ({
    build_ms: summarise(firstValues(chosen)),
    start_ms: summarise(chosen.flatMap(({ values }) => values.slice(1, 2))),
  });
  return {
    workers: START_WORKERS,
    fan_out: START_FAN_OUT,
    first: timesOf(repetitions.filter(({ index }) => index === 0)),
    later: timesOf(repetitions.filter(({ index }) => index > 0)),
  };
}

function runsOf(
  what: string,
  { rounds, repetitions }: { readonly rounds: number; readonly repetitions: number },
  run: BenchmarkRun,
) {
  const onProgress = (share: number): void => {
    run.onProgress(what, share);
  };
  return { rounds, repetitions, onProgress };
}

function firstValues(repetitions: readonly Repetition[]): number[] {
  return repetitions.flatMap(({ values }) => values.slice(0, 1));
}
