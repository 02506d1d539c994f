import fc from 'fast-check';
import { scenario } from './random-tree.ts';
import type { Scenario } from './random-tree.ts';
import { trial } from './trial.ts';
import { RULES } from './witness.ts';
import type { Rule, Violation } from './witness.ts';

/** A rule that was broken, with the smallest scenario that was found for it. */
export interface Finding {
  readonly rule: Rule;
  readonly scenario: Scenario;
  readonly told: string;
}

export interface Search {
  readonly count: number;
  readonly seed: number;
}

/** Tries random scenarios, the same for the same seed; the first of each broken rule is made small. */
export async function search({ count, seed }: Search): Promise<Map<Rule, Finding>> {
  const broken = new Set<Rule>();
  await fc.assert(
    fc.asyncProperty(scenario, async (one) => {
      for (const { rule } of await violationsOf(one)) broken.add(rule);
    }),
    { seed, numRuns: count },
  );
  const findings = new Map<Rule, Finding>();
  for (const rule of broken) findings.set(rule, await smallest(rule, { count, seed }));
  return findings;
}

async function violationsOf(one: Scenario): Promise<readonly Violation[]> {
  try {
    return await trial(one);
  } catch (thrown) {
    // A throw out of the tree is a tree that did not end as it should.
    return [{ rule: 'shutdown', atMs: NaN, text: String((thrown as Error).stack) }];
  }
}

async function smallest(rule: Rule, { count, seed }: Search): Promise<Finding> {
  const property = fc.asyncProperty(scenario, async (one) =>
    (await violationsOf(one)).every((violation) => violation.rule !== rule),
  );
  const { counterexample } = await fc.check(property, { seed, numRuns: count });
  if (counterexample === null) throw new Error(`${rule} was broken once, and not again`);
  const [found] = counterexample;
  const violation = (await violationsOf(found)).find((one) => one.rule === rule);
  const where = violation === undefined ? '' : `at ${violation.atMs} ms: ${violation.text}`;
  const told = `${RULES[rule]}, but ${where}\n${JSON.stringify(found, null, 2)}`;
  return { rule, scenario: found, told };
}
