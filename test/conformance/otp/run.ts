/** `npm run otp`: one scenario, on our supervisors or on OTP's. */
import { readFile } from 'node:fs/promises';
import { InvalidTreeError } from '../../../supervisors/tree-problems.ts';
import { runOurs } from './ours.ts';
import { scenarioProblems } from './scenario.ts';
import type { Scenario } from './scenario.ts';
import { printed } from './trace.ts';
import type { Trace } from './trace.ts';
import { isErlangThere, runTwin } from './twin.ts';

const USAGE = `usage: npm run otp -- [--erlang] SCENARIO.json

Runs the scenario on our supervisors, on virtual time, and prints the trace as JSON.
--erlang  runs it on Erlang/OTP's own supervisor, in real time
`;

/** A bad command line or file: said in plain lines. */
class Refusal extends Error {}

async function main(args: readonly string[]): Promise<void> {
  const flags = args.filter((arg) => arg.startsWith('-'));
  const [path, ...more] = args.filter((arg) => !arg.startsWith('-'));
  const unknown = flags.find((flag) => flag !== '--erlang');
  if (unknown !== undefined) throw new Refusal(`${unknown} is unknown\n${USAGE}`);
  if (path === undefined || more.length > 0) throw new Refusal(USAGE);

  const scenario = await read(path);
  const trace = flags.length > 0 ? await twins(scenario) : await ours(scenario);
  process.stdout.write(`${printed(trace)}\n`);
}

async function read(path: string): Promise<Scenario> {
  let value: unknown;
  try {
    value = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw new Refusal(`${path}: ${error instanceof Error ? error.message : String(error)}\n`);
  }
  const problems = scenarioProblems(value);
  if (problems.length > 0) throw new Refusal(`${problems.join('\n')}\n`);
  return value as Scenario;
}

async function ours(scenario: Scenario): Promise<Trace> {
  try {
    return (await runOurs(scenario)).trace;
  } catch (error) {
    if (error instanceof InvalidTreeError) throw new Refusal(`${error.problems.join('\n')}\n`);
    throw error;
  }
}

async function twins(scenario: Scenario): Promise<Trace> {
  if (!isErlangThere())
    throw new Refusal('Erlang is not installed: Debian has it as erlang-base\n');
  const [trace] = await runTwin([scenario]);
  return trace ?? [];
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof Refusal)) throw error;
  process.stderr.write(error.message);
  process.exitCode = 2;
}
