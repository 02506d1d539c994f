import type { Report, Table } from './benchmark.ts';
import type { RingLane, RingVariant } from './ring-lane.ts';
import type { Summary } from './statistics.ts';

/** Times of one ring; `time_to_bare` is over bare machines of the same kinds, from repetitions that ran side by side. */
interface RingFigures {
  readonly kinds: RingLane['kinds'];
  readonly variant: RingVariant;
  readonly ns_per_hop: Summary;
  readonly hops_per_second: number;
  readonly time_to_bare: Summary;
}

export interface HopFigures {
  readonly members: number;
  readonly rings: readonly RingFigures[];
  /** What supervision itself takes: both run in a process with the same machines. */
  readonly supervised_to_beside: Summary;
  readonly supervised_to_emitter: Summary;
}

export interface RestartFigures {
  readonly strategy: string;
  readonly siblings: number;
  readonly ms: Summary;
}

export interface MemoryFigures {
  readonly actors: number;
  readonly fan_out: number;
  readonly bare_bytes_per_actor: Summary;
  readonly supervised_bytes_per_actor: Summary;
}

interface StartTimes {
  readonly build_ms: Summary;
  readonly start_ms: Summary;
}

export interface StartFigures {
  readonly workers: number;
  readonly fan_out: number;
  /** In a fresh process. */
  readonly first: StartTimes;
  /** Once the process has done it before. */
  readonly later: StartTimes;
}

interface SupervisionFigures {
  readonly hops: HopFigures;
  readonly restarts: readonly RestartFigures[];
  readonly memory: MemoryFigures;
  readonly start: StartFigures;
}

/** What a hop through supervised actors may take, in times of a hop through bare ones. */
const MOST_TIME_TO_BARE = 1.15;

const VARIANT_WORDS: Readonly<Record<RingVariant, string>> = {
  emitter: 'EventEmitter',
  bare: 'bare XState',
  beside: 'bare XState, beside an idle tree',
  supervised: 'supervised',
  monitored: 'supervised, with the transition monitor',
  tapped: 'supervised, with the dead letter tap',
  daemon: 'supervised, with both, as the daemon is',
};

/** Puts the figures into tables, and the one bound on them. */
export function supervisionReport(figures: SupervisionFigures): Report {
  const { hops, restarts, memory, start } = figures;
  const supervised = hops.rings.find(
    ({ kinds, variant }) => kinds === 'many' && variant === 'supervised',
  );
  if (supervised === undefined) throw new Error('nothing supervised was measured');
  return {
    figures: { ...figures },
    tables: [
      ringTable(`Hops in a ring of ${hops.members} machines of different kinds`, hops, 'many'),
      ringTable(
        `Hops in a ring of ${hops.members} of the least kind; supervised over bare beside an idle ` +
          `tree ${rounded(hops.supervised_to_beside.median)}, over an EventEmitter ` +
          rounded(hops.supervised_to_emitter.median),
        hops,
        'one',
      ),
      restartTable(restarts),
      memoryTable(memory),
      startTable(start),
    ],
    bounds: [
      {
        what: 'the time of a hop through supervised actors, over one through bare XState',
        measured: supervised.time_to_bare.median,
        atMost: MOST_TIME_TO_BARE,
      },
    ],
  };
}

function ringTable(title: string, { rings }: HopFigures, wanted: RingLane['kinds']): Table {
  return {
    title,
    rows: [
      ['', 'hops/s', 'ns/hop', 'p95', 'time, bare = 1', 'p95', 'n'],
      ...rings
        .filter(({ kinds }) => kinds === wanted)
        .map(({ variant, ns_per_hop: ns, hops_per_second: rate, time_to_bare: time }) => [
          VARIANT_WORDS[variant],
          String(rate),
          ...[ns.median, ns.p95, time.median, time.p95].map(rounded),
          String(ns.n),
        ]),
    ],
  };
}

function restartTable(restarts: readonly RestartFigures[]): Table {
  return {
    title: "From a child's crash until its successor, or its whole group, is ready",
    rows: [
      ['', 'ms', 'p95', 'n'],
      ...restarts.map(({ strategy, siblings, ms }) => [
        `${strategy}, ${siblings} ${siblings === 1 ? 'sibling' : 'siblings'}`,
        ...cells(ms),
      ]),
    ],
  };
}

function memoryTable(memory: MemoryFigures): Table {
  const { actors, fan_out: fanOut, ...bytes } = memory;
  return {
    title: `Heap for each of ${actors} actors in groups of ${fanOut}`,
    rows: [
      ['', 'bytes', 'p95', 'n'],
      ['bare XState', ...cells(bytes.bare_bytes_per_actor)],
      ['supervised, with its slot', ...cells(bytes.supervised_bytes_per_actor)],
    ],
  };
}

function startTable({ workers, fan_out: fanOut, first, later }: StartFigures): Table {
  return {
    title: `A tree of ${workers} workers below supervisors of ${fanOut}`,
    rows: [
      ['', 'ms', 'p95', 'n'],
      ['built, first in its process', ...cells(first.build_ms)],
      ['started, first in its process', ...cells(first.start_ms)],
      ['built, later', ...cells(later.build_ms)],
      ['started, later', ...cells(later.start_ms)],
    ],
  };
}

function cells({ median, p95, n }: Summary): string[] {
  return [rounded(median), rounded(p95), String(n)];
}

/** To three digits or to whole numbers, whichever says more. */
function rounded(value: number): string {
  return value >= 100 ? String(Math.round(value)) : value.toPrecision(3);
}
