/** The twin: OTP's own supervisor, in one Erlang node, in real time. */
import { spawnSync, execFile } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Scenario } from './scenario.ts';
import type { Trace } from './trace.ts';

const run = promisify(execFile);

const PACKAGE = 'erlang-base';
const SOURCES = fileURLToPath(new URL('twin/', import.meta.url));
const MAX_OUTPUT_BYTES = 2 ** 30;

/** Installs Erlang where it is lacking; undefined when it is there, else a line that says what is lacking. */
export function prepareErlang(): string | undefined {
  if (isErlangThere()) return undefined;
  const lacking = `Erlang's runtime (${PACKAGE})`;
  if (process.getuid?.() !== 0) return `${lacking}, which only root can install`;
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const install = ['install', '-y', '-qq', '--no-install-recommends', PACKAGE];
  for (const args of [['update', '-qq'], install]) {
    const { status, error } = spawnSync('apt-get', args, { env, stdio: 'ignore' });
    if (status !== 0)
      return `${lacking}, which apt-get did not install${error ? ' (no apt-get)' : ''}`;
  }
  return isErlangThere() ? undefined : lacking;
}

export function isErlangThere(): boolean {
  return spawnSync('erlc', ['--version'], { stdio: 'ignore' }).error === undefined;
}

export interface TwinOptions {
  /** By how much each run is slower than its script; an odd number keeps aligned scenarios away from the seconds. */
  readonly scale?: number;
  /** The pause between the begins of two runs. */
  readonly everyMs?: number;
}

/** Runs every scenario on OTP's supervisor, many at once; the traces are in the order of the scenarios. */
export async function runTwin(
  scenarios: readonly Scenario[],
  { scale = 1, everyMs = 4 }: TwinOptions = {},
): Promise<Trace[]> {
  const folder = await mkdtemp(join(tmpdir(), 'otp-twin-'));
  try {
    const modules = (await readdir(SOURCES)).filter((name) => name.endsWith('.erl'));
    await run('erlc', ['-o', folder, ...modules.map((name) => join(SOURCES, name))]);
    const input = join(folder, 'scenarios.jsonl');
    await writeFile(input, scenarios.map((one) => `${JSON.stringify(one)}\n`).join(''));
    const { stdout } = await run(
      'erl',
      // One scheduler: who was told first goes first.
      [
        ...['+S', '1:1', '-noshell', '-noinput', '-pa', folder],
        ...['-run', 'twin', 'main', input, String(scale), String(everyMs)],
      ],
      { maxBuffer: MAX_OUTPUT_BYTES },
    );
    const traces: Trace[] = [];
    for (const line of stdout.split('\n').filter((one) => one !== '')) {
      const { number, trace } = JSON.parse(line) as { number: number; trace: Trace };
      traces[number] = trace.map((event) => ({ ...event, atMs: Math.round(event.atMs / scale) }));
    }
    return traces;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
