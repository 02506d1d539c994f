import type { BackendName } from '../domain/capture.ts';
import type { Bound, Report, Table } from './benchmark.ts';
import { PLAYBACK_LATENCY_MS } from './capture-latency.ts';
import { orderWords } from './capture-losses.ts';
import type { BackendOrder, FaultRuns } from './capture-losses.ts';
import type { Steadiness, StreamRuns } from './capture-stream.ts';
import { distribution } from './statistics.ts';
import type { Distribution } from './statistics.ts';

interface CaptureMeasures {
  readonly streams: readonly StreamRuns[];
  readonly runs: readonly FaultRuns[];
  /** The backends that this machine cannot use, and why; one sentence each, without a full stop. */
  readonly leftOut: Readonly<Partial<Record<BackendName, string>>>;
}

const MOST_LOSS_MS = 500;
const MOST_RETURN_MS = 600;

/** Puts what was measured into figures, tables and bounds. */
export function captureReport({ streams, runs, leftOut }: CaptureMeasures): Report {
  const told = streams.map(streamFigures);
  const faults = runs.map(faultFigures);
  const orders = [...new Set(runs.map(({ order }) => order))];
  return {
    figures: { streams: told, faults, left_out: leftOut },
    tables: [
      timesTable(told),
      costTable(told),
      ...orders.map((order) => faultTable(order, faults)),
    ],
    bounds: [
      ...orders.map((order) => lossBound(order, faults)),
      ...orders.filter((order) => order === 'default').map(() => returnBound(faults)),
      {
        what: 'the number of losses that were not told, or after which the microphone was not heard again',
        measured: runs.reduce((sum, { failures }) => sum + failures.length, 0),
        atMost: 0,
      },
    ],
    notes: [
      ...Object.entries(leftOut).map(([name, problem]) => `${name} is left out: ${problem}.`),
      ...runs.flatMap(({ order, fault, failures }) =>
        failures.map((failure) => `${orderWords(order)}, ${fault}: ${failure}.`),
      ),
      ...runs
        .filter(({ furtherLosses }) => furtherLosses > 0)
        .map(({ order, fault, furtherLosses }) => {
          return `${orderWords(order)}, ${fault}: ${String(furtherLosses)} losses more than were made.`;
        }),
      unsureNote(runs),
      'What is judged of the return is the default order of backends; each backend alone is told beside it.',
    ],
  };
}

function streamFigures({ backend, openingMs, latencyMs, steady }: StreamRuns) {
  return {
    backend,
    opening_ms: spread(openingMs),
    latency_ms: spread(latencyMs),
    deviation_ms: spread(steady.flatMap(({ deviationMs }) => deviationMs)),
    gap_ms: spread(steady.flatMap(({ gapMs }) => gapMs)),
    steady_ms: sum(steady, ({ durationMs }) => durationMs),
    missing_samples: sum(steady, ({ missingSamples }) => missingSamples),
    capture_cpu_percent: share(steady, ({ captureCpuMs }) => captureCpuMs),
    own_cpu_percent: share(steady, ({ ownCpuMs }) => ownCpuMs),
    capture_resident_bytes: Math.max(...steady.map((one) => one.captureResidentBytes)),
  };
}

type StreamFigures = ReturnType<typeof streamFigures>;

function faultFigures(runs: FaultRuns) {
  const { order, fault, lossMs, returnMs, unsureMs, causes, ...rest } = runs;
  return {
    order,
    fault,
    loss_ms: spreadOrNull(lossMs),
    return_ms: spreadOrNull(returnMs),
    return_unsure_ms: spreadOrNull(unsureMs),
    causes,
    opened_through: rest.openedThrough,
    further_losses: rest.furtherLosses,
    failures: rest.failures,
  };
}

type FaultFigures = ReturnType<typeof faultFigures>;

function timesTable(streams: readonly StreamFigures[]): Table {
  const rows = streams.flatMap(({ backend, ...times }) => [
    [`${backend}, opening to first samples`, ...spreadCells(times.opening_ms)],
    [`${backend}, sound handed to the server to its frame`, ...spreadCells(times.latency_ms)],
    [`${backend}, frames off their grid of 20 ms`, ...spreadCells(times.deviation_ms)],
    [`${backend}, between deliveries`, ...spreadCells(times.gap_ms)],
  ]);
  return {
    title: `Milliseconds of a microphone that is heard; a playback of ${String(PLAYBACK_LATENCY_MS)} ms is in the second row`,
    rows: [['', 'p50', 'p95', 'p99', 'max', 'n'], ...rows],
  };
}

function costTable(streams: readonly StreamFigures[]): Table {
  return {
    title: 'Percent of a core, and memory, while it is heard',
    rows: [
      ['', 'its process, %', 'this process, %', 'its process, MiB', 'samples lost', 'seconds'],
      ...streams.map((one) => [
        one.backend,
        one.capture_cpu_percent.toFixed(2),
        one.own_cpu_percent.toFixed(2),
        (one.capture_resident_bytes / 1024 ** 2).toFixed(1),
        String(one.missing_samples),
        (one.steady_ms / 1_000).toFixed(1),
      ]),
    ],
  };
}

function faultTable(order: BackendOrder, faults: readonly FaultFigures[]): Table {
  return {
    title: `Milliseconds from a loss to its event, and from the return to the first samples: ${orderWords(order)}`,
    rows: [
      ['', 'loss p50', 'p95', 'max', 'return p50', 'p95', 'max', 'n', 'causes', 'heard again by'],
      ...faults
        .filter((one) => one.order === order)
        .map(({ fault, loss_ms: loss, return_ms: back, causes, opened_through: through }) => [
          fault,
          ...shortCells(loss),
          ...shortCells(back),
          String(loss?.n ?? 0),
          countWords(causes),
          countWords(through),
        ]),
    ],
  };
}

function lossBound(order: BackendOrder, faults: readonly FaultFigures[]): Bound {
  const worst = worstOf(order, faults, ({ loss_ms: loss }) => loss);
  return {
    what: `the 95th percentile of the milliseconds from a loss to its event, ${orderWords(order)}, at its worst (${worst.fault})`,
    measured: worst.p95,
    atMost: MOST_LOSS_MS,
  };
}

function returnBound(faults: readonly FaultFigures[]): Bound {
  const worst = worstOf('default', faults, ({ return_ms: back }) => back);
  return {
    what: `the 95th percentile of the milliseconds from the return to the first samples, ${orderWords('default')}, at its worst (${worst.fault})`,
    measured: worst.p95,
    atMost: MOST_RETURN_MS,
  };
}

/** What was never measured is the worst. */
function worstOf(
  order: BackendOrder,
  faults: readonly FaultFigures[],
  timesOf: (one: FaultFigures) => Distribution | null,
): { readonly fault: string; readonly p95: number } {
  const [worst] = faults
    .filter((one) => one.order === order)
    .map((one) => ({ fault: one.fault, p95: timesOf(one)?.p95 ?? Infinity }))
    .toSorted((a, b) => b.p95 - a.p95);
  return worst ?? { fault: 'nothing was measured', p95: Number.NaN };
}

/** A return is made of commands to the server, and takes as long as they do. */
function unsureNote(runs: readonly FaultRuns[]): string {
  const unsure = spreadOrNull(runs.flatMap(({ unsureMs }) => unsureMs));
  const [p95, max] = [unsure?.p95 ?? 0, unsure?.max ?? 0].map((ms) => ms.toFixed(0));
  return `A return counts from when the server was asked for the microphone, and not from when it was seen there: at the 95th percentile ${String(p95)} ms later, at most ${String(max)} ms.`;
}

function spread(samples: readonly number[]): Distribution {
  return distribution(Float64Array.from(samples));
}

function spreadOrNull(samples: readonly number[]): Distribution | null {
  return samples.length === 0 ? null : spread(samples);
}

function sum(steady: readonly Steadiness[], of: (one: Steadiness) => number): number {
  return steady.reduce((total, one) => total + of(one), 0);
}

function share(steady: readonly Steadiness[], of: (one: Steadiness) => number): number {
  return (sum(steady, of) / sum(steady, ({ durationMs }) => durationMs)) * 100;
}

function spreadCells({ p50, p95, p99, max, n }: Distribution): string[] {
  return [...[p50, p95, p99, max].map((value) => value.toFixed(1)), String(n)];
}

function shortCells(times: Distribution | null): string[] {
  if (times === null) return ['-', '-', '-'];
  return [times.p50, times.p95, times.max].map((value) => value.toFixed(0));
}

function countWords(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([name, times]) => `${name} ${String(times)}`)
    .join(', ');
}
