import type { Benchmark, Bound, Report } from '../bench/benchmark.ts';
import { captureBenchmark } from '../bench/capture.ts';
import { thisHost } from '../bench/host.ts';
import type { Host } from '../bench/host.ts';
import { sampleRingBenchmark } from '../bench/sample-ring.ts';
import { supervisionBenchmark } from '../bench/supervision.ts';
import { EXIT, RtapError } from '../domain/errors.ts';
import { alignedLines, writeJson, writeLine } from './command-io.ts';
import type { CommandIo } from './command-io.ts';

const BENCHMARKS: readonly Benchmark[] = [
  supervisionBenchmark,
  sampleRingBenchmark,
  captureBenchmark,
];

export interface BenchOptions {
  /** All of them when it is null. */
  readonly name: string | null;
  readonly isQuick: boolean;
  readonly json: boolean;
  /** Whether progress is shown, on stderr. */
  readonly isStderrTty: boolean;
}

/**
 * `rtap bench`: measures, and returns 1 when a bound is exceeded, which a quick run is too short to say, or when this
 * machine cannot run what was asked for. Rejects with `USAGE` for a benchmark that there is not.
 */
export async function runBench(
  options: BenchOptions,
  io: CommandIo,
  benchmarks: readonly Benchmark[] = BENCHMARKS,
): Promise<number> {
  const chosen = benchmarks.filter(({ name }) => (options.name ?? name) === name);
  if (chosen.length === 0) {
    const names = benchmarks.map(({ name }) => name).join(', ');
    throw new RtapError(
      'USAGE',
      `There is no benchmark "${String(options.name)}"; there is ${names}.`,
    );
  }
  const host = thisHost();
  const reports: [name: string, report: Report][] = [];
  const notRun: [name: string, problem: string][] = [];
  for (const benchmark of chosen) {
    const problem = benchmark.problem?.() ?? null;
    if (problem !== null) notRun.push([benchmark.name, problem]);
    else reports.push([benchmark.name, await measure(benchmark, options, io)]);
  }

  const exceeded = reports.flatMap(([, { bounds }]) => bounds).filter(isExceeded);
  if (options.json) {
    const figures = reports.map(([name, report]) => [
      name,
      { ...report.figures, bounds: report.bounds.map(boundAsJson), notes: report.notes },
    ]);
    const isJudged = !options.isQuick || notRun.length > 0;
    writeJson(io.stdout, {
      ok: isJudged ? exceeded.length + notRun.length === 0 : null,
      quick: options.isQuick,
      host,
      benchmarks: Object.fromEntries(figures) as object,
      not_run: Object.fromEntries(notRun),
    });
  } else if (reports.length > 0) {
    for (const line of drawn(host, reports)) writeLine(io.stdout, line);
    if (options.isQuick) writeLine(io.stdout, 'A quick run: too short to judge.');
  }
  for (const [name, problem] of notRun) {
    writeLine(io.stderr, `rtap: ${problem}; the benchmark ${name} was not run.`);
  }
  if (!options.isQuick) {
    for (const bound of exceeded) writeLine(io.stderr, `rtap: too slow: ${boundText(bound)}`);
  }
  const isFailed = notRun.length > 0 || (!options.isQuick && exceeded.length > 0);
  return isFailed ? EXIT.failed : EXIT.done;
}

async function measure(
  benchmark: Benchmark,
  { isQuick, isStderrTty }: BenchOptions,
  io: CommandIo,
): Promise<Report> {
  const clearLine = '\r\u001b[K';
  try {
    return await benchmark.run({
      isQuick,
      onProgress: (what, share) => {
        const percent = Math.floor(share * 100);
        if (isStderrTty) io.stderr.write(`${clearLine}${benchmark.name}: ${what} ${percent} %`);
      },
    });
  } finally {
    if (isStderrTty) io.stderr.write(clearLine);
  }
}

function drawn(host: Host, reports: readonly (readonly [string, Report])[]): string[] {
  const gibibytes = (host.memory_bytes / 1024 ** 3).toFixed(1);
  return [
    `${host.cpu}, ${host.cores} cores, ${gibibytes} GiB, ${host.platform}, node ${host.node}; load at the start ${host.load.toFixed(2)}`,
    'Medians, and percentiles where a column says so; n is the number of samples.',
    ...reports.flatMap(([, { tables, bounds, notes = [] }]) => [
      ...tables.flatMap(({ title, rows }) => ['', title, ...alignedLines(rows)]),
      ...(notes.length === 0 ? [] : ['', ...notes]),
      '',
      ...bounds.map((bound) => `${isExceeded(bound) ? 'exceeded' : 'held'}: ${boundText(bound)}`),
    ]),
  ];
}

/** What is no number holds no bound. */
function isExceeded({ measured, atMost }: Bound): boolean {
  return !(measured <= atMost);
}

function boundText({ what, measured, atMost }: Bound): string {
  return `${what}, is ${measured.toFixed(3)}; at most ${atMost} is allowed`;
}

function boundAsJson(bound: Bound): object {
  const { what, measured, atMost } = bound;
  return { what, measured, at_most: atMost, held: !isExceeded(bound) };
}
