import { setImmediate as turn } from 'node:timers/promises';
import { msToSamples, samplesToMs } from '../domain/pcm.ts';
import type { Benchmark, BenchmarkRun, Report, Table } from './benchmark.ts';
import { OPERATIONS, prepareOperation } from './ring-operations.ts';
import type { RingCase, RingOperation } from './ring-operations.ts';
import { distribution } from './statistics.ts';
import type { Distribution } from './statistics.ts';

/** The ring of a daemon as it is configured, and the largest that it may be configured to. */
const CAPACITIES_MS = [4_000, 60_000];
const WINDOWS = ['whole', 'gaps'] as const;

const CASES: readonly RingCase[] = CAPACITIES_MS.flatMap((ms) =>
  WINDOWS.map((window) => ({ capacitySamples: msToSamples(ms), window })),
);

/** How often each is done; what the compiler makes of it at first is not counted. */
const FULL = { operations: 100_000, warmUp: 5_000 };
const QUICK: typeof FULL = { operations: 200, warmUp: 20 };
/** The event loop turns after so many. */
const CHUNK = 5_000;

const MOST_MS = 0.1;

const WORDS: Readonly<Record<RingOperation, string>> = {
  append: 'append a frame of 20 ms',
  overtake: 'append a frame that overtakes three readers',
  skip: 'skip 20 ms',
  hop: 'read a hop of 32 ms',
  hops: 'read 16 hops',
  copy: 'copy 28 s, or what is held without a break, into an utterance',
  nothing: 'nothing: the clock itself',
};

interface Measured extends RingCase {
  readonly operation: RingOperation;
  readonly gaps: number;
  readonly us: Distribution;
}

/** What the ring of samples takes for each thing that it does, in full rings without and with gaps. */
export const sampleRingBenchmark: Benchmark = {
  name: 'ring',
  run: async (run) => {
    const measured: Measured[] = [];
    for (const one of CASES) {
      for (const operation of OPERATIONS) {
        measured.push(await measure(operation, one, run));
        const share = measured.length / (CASES.length * OPERATIONS.length);
        run.onProgress(WORDS[operation], share);
      }
    }
    return reportOf(measured);
  },
};

/** Each time is that of one operation by itself, with that of reading the clock in it. */
async function measure(
  operation: RingOperation,
  one: RingCase,
  { isQuick }: BenchmarkRun,
): Promise<Measured> {
  const { operations, warmUp } = isQuick ? QUICK : FULL;
  const prepared = prepareOperation(operation, one);
  const us = new Float64Array(operations);
  for (let index = -warmUp; index < operations; index += 1) {
    if (index % CHUNK === 0) await turn();
    prepared.prepare();
    const startedNs = process.hrtime.bigint();
    prepared.operate();
    const endedNs = process.hrtime.bigint();
    if (index >= 0) us[index] = Number(endedNs - startedNs) / 1_000;
  }
  return { ...one, operation, gaps: prepared.gaps(), us: distribution(us) };
}

function reportOf(measured: readonly Measured[]): Report {
  return {
    figures: {
      cases: measured.map(({ operation, capacitySamples, window, gaps, us }) => ({
        operation,
        capacity_ms: samplesToMs(capacitySamples),
        window,
        gaps,
        us,
      })),
    },
    tables: CASES.map((one) => tableOf(one, measured)),
    bounds: OPERATIONS.filter((operation) => operation !== 'nothing').map((operation) => ({
      what: `the 99th percentile of the milliseconds that it takes to ${WORDS[operation]}, at its worst`,
      measured:
        Math.max(...measured.filter((one) => one.operation === operation).map(({ us }) => us.p99)) /
        1_000,
      atMost: MOST_MS,
    })),
  };
}

function tableOf({ capacitySamples, window }: RingCase, measured: readonly Measured[]): Table {
  const seconds = String(samplesToMs(capacitySamples) / 1_000);
  return {
    title: `Microseconds in a full ring of ${seconds} s, ${window === 'whole' ? 'nothing missing' : 'every other position missing where it can be'}`,
    rows: [
      ['', 'p50', 'p95', 'p99', 'max', 'gaps', 'n'],
      ...measured
        .filter((one) => one.capacitySamples === capacitySamples && one.window === window)
        .map(({ operation, gaps, us }) => [
          WORDS[operation],
          ...[us.p50, us.p95, us.p99, us.max].map((value) => value.toFixed(2)),
          String(gaps),
          String(us.n),
        ]),
    ],
  };
}
