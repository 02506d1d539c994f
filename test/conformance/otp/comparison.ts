import { randomScenario } from './generator.ts';
import { runOurs } from './ours.ts';
import type { Scenario } from './scenario.ts';
import { difference, printed } from './trace.ts';
import type { Trace } from './trace.ts';
import { runTwin } from './twin.ts';

/** A scenario on which OTP and we differ, and how. */
export interface Disagreement {
  readonly scenario: Scenario;
  readonly what: string;
  readonly otps: Trace;
  readonly ours: Trace;
}

/** Random scenarios that both can be held to; those whose seeds were set aside are counted. */
export interface Sample {
  readonly scenarios: readonly Scenario[];
  /** Two moments so near to each other that real time may swap them. */
  readonly closeCalls: number;
  /** They differ by decision, and the run shows it. */
  readonly decisions: number;
}

/** How much slower a disagreement is looked at again, alone: chance does not survive it. */
const AGAIN_SCALE = 3;

/** The first `count` fit scenarios from the seed on. */
export async function sample(count: number, seed: number): Promise<Sample> {
  const scenarios: Scenario[] = [];
  let closeCalls = 0;
  let decisions = 0;
  for (let next = seed; scenarios.length < count; next += 1) {
    const scenario = randomScenario(next);
    const { hasCloseCall, differsByDecision } = await runOurs(scenario);
    if (differsByDecision) decisions += 1;
    else if (hasCloseCall) closeCalls += 1;
    else scenarios.push(scenario);
  }
  return { scenarios, closeCalls, decisions };
}

/** Runs each scenario on both, and returns those on which they differ, looked at twice. */
export async function disagreements(scenarios: readonly Scenario[]): Promise<Disagreement[]> {
  const first = await compare(scenarios, await runTwin(scenarios));
  if (first.length === 0) return [];
  const again = first.map(({ scenario }) => scenario);
  return compare(again, await runTwin(again, { scale: AGAIN_SCALE, everyMs: 50 }));
}

async function compare(
  scenarios: readonly Scenario[],
  twins: readonly Trace[],
): Promise<Disagreement[]> {
  const differing: Disagreement[] = [];
  for (const [index, scenario] of scenarios.entries()) {
    const otps = twins[index] ?? [];
    const { trace: ours } = await runOurs(scenario);
    const what = difference(otps, ours);
    if (what !== null) differing.push({ scenario, what, otps, ours });
  }
  return differing;
}

/** The scenario, both traces, and what differs. */
export function told({ scenario, what, otps, ours }: Disagreement): string {
  return [
    `${scenario.name ?? 'a scenario'}: ${what}`,
    JSON.stringify(scenario),
    `OTP: ${printed(otps)}`,
    `ours: ${printed(ours)}`,
  ].join('\n');
}
