import { BACKENDS } from '../domain/capture.ts';
import type { BackendName } from '../domain/capture.ts';
import { backendOf } from '../io/devices/device-list.ts';
import type { Benchmark, BenchmarkRun } from './benchmark.ts';
import { FAULTS } from './capture-faults.ts';
import { measureLatency } from './capture-latency.ts';
import { measureLosses } from './capture-losses.ts';
import type { BackendOrder, LossEffort } from './capture-losses.ts';
import { captureReport } from './capture-report.ts';
import { HeardMicrophone } from './capture-stream.ts';
import type { StreamRuns } from './capture-stream.ts';
import { soundServerProblem } from './sound-server.ts';
import { VirtualCard } from './virtual-card.ts';

/** What is measured; all of it, when nothing is chosen. */
export interface CaptureChoice {
  readonly backends?: readonly BackendName[];
  readonly orders?: readonly BackendOrder[];
  /** By their names. */
  readonly faults?: readonly string[];
}

interface Effort {
  readonly openings: number;
  /** In each, every backend is opened once, heard for `steadyMs`, and then hears so many clicks. */
  readonly stream: { readonly rounds: number; readonly steadyMs: number; readonly clicks: number };
  readonly losses: LossEffort;
}

const FULL: Effort = {
  openings: 20,
  stream: { rounds: 3, steadyMs: 10_000, clicks: 34 },
  losses: { rounds: 4, repetitions: 5 },
};
const QUICK: Effort = {
  openings: 2,
  stream: { rounds: 1, steadyMs: 1_000, clicks: 5 },
  losses: { rounds: 1, repetitions: 2 },
};

/** What a microphone costs and how late it is, and how soon its loss and its return are told, on a virtual card. */
export const captureBenchmark: Benchmark = createCaptureBenchmark();

export function createCaptureBenchmark(choice: CaptureChoice = {}): Benchmark {
  const wantedBackends = choice.backends ?? BACKENDS;
  const wantedOrders = choice.orders ?? [...BACKENDS, 'default'];
  const faults = FAULTS.filter(({ name }) => choice.faults?.includes(name) ?? true);
  return {
    name: 'capture',
    problem: soundServerProblem,
    run: async (run) => {
      const { openings, stream, losses } = run.isQuick ? QUICK : FULL;
      const leftOut = await problemsOf(wantedBackends);
      const backends = wantedBackends.filter((name) => leftOut[name] === undefined);
      const orders = wantedOrders.filter(
        (name) => name === 'default' || leftOut[name] === undefined,
      );
      const streams = await measureStreams(backends, openings, stream, run);
      const runs = await measureLosses(orders, faults, losses, (share) => {
        run.onProgress('losses', share);
      });
      return captureReport({ streams, runs, leftOut });
    },
  };
}

/** Why backends are left out; one sentence each, without a full stop. */
async function problemsOf(
  names: readonly BackendName[],
): Promise<Partial<Record<BackendName, string>>> {
  const problems = await onCard(() =>
    Promise.all(
      names.map(async (name) => {
        const backend = backendOf(name);
        return [name, backend.problem() ?? (await backend.list()).problem] as const;
      }),
    ),
  );
  return Object.fromEntries(
    problems.flatMap(([name, problem]) => (problem === null ? [] : [[name, problem]])),
  );
}

async function measureStreams(
  backends: readonly BackendName[],
  openings: number,
  { rounds, steadyMs, clicks }: Effort['stream'],
  run: BenchmarkRun,
): Promise<StreamRuns[]> {
  const streams = backends.map((backend): StreamRuns => {
    return { backend, openingMs: [], latencyMs: [], steady: [] };
  });
  await onCard(async (card) => {
    for (let round = 0; round < rounds; round += 1) {
      for (const { backend, latencyMs, steady } of streams) {
        await onMicrophone(backend, async (microphone) => {
          steady.push(await microphone.steadiness(steadyMs));
          latencyMs.push(...(await measureLatency(card, microphone, clicks)));
        });
      }
      run.onProgress('streams', (round + 1) / rounds);
    }
    for (let opening = 0; opening < openings; opening += 1) {
      for (const { backend, openingMs } of streams) {
        await onMicrophone(backend, (microphone) => {
          openingMs.push(microphone.openingMs);
        });
      }
      run.onProgress('openings', (opening + 1) / openings);
    }
  });
  return streams;
}

async function onMicrophone(
  backend: BackendName,
  work: (microphone: HeardMicrophone) => Promise<void> | void,
): Promise<void> {
  const microphone = await HeardMicrophone.open(backend);
  try {
    await work(microphone);
    microphone.check();
  } finally {
    await microphone.stop();
  }
}

/** Meanwhile this process and its children talk to the card's sound server, and to no other. */
async function onCard<Result>(work: (card: VirtualCard) => Promise<Result>): Promise<Result> {
  const card = await VirtualCard.start();
  const names = Object.keys(card.environment);
  const before = new Map(names.map((name) => [name, process.env[name]]));
  Object.assign(process.env, card.environment);
  try {
    return await work(card);
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = value;
    }
    await card.stop();
  }
}
