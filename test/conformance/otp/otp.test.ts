import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { disagreements, sample, told } from './comparison.ts';
import type { Disagreement } from './comparison.ts';
import { runOurs } from './ours.ts';
import { scenarioProblems } from './scenario.ts';
import type { Scenario } from './scenario.ts';
import { prepareErlang } from './twin.ts';

const SCENARIOS = fileURLToPath(new URL('scenarios/', import.meta.url));
const SEED = 1;
const RANDOM_SCENARIOS = 500;
/** Most of it is the twin's, which runs in real time, and Erlang may have to be installed first. */
const TIMEOUT_MS = 300_000;

function written(): Scenario[] {
  return readdirSync(SCENARIOS).map((name) => {
    const value: unknown = JSON.parse(readFileSync(`${SCENARIOS}${name}`, 'utf8'));
    expect(scenarioProblems(value), name).to.deep.equal([]);
    return value as Scenario;
  });
}

function agree(differing: readonly Disagreement[]): void {
  if (differing.length > 0) throw new Error(differing.map(told).join('\n\n'));
}

describe("conformance with Erlang/OTP's supervisor", function () {
  this.timeout(TIMEOUT_MS);

  before(() => {
    const lacking = prepareErlang();
    if (lacking !== undefined) throw new Error(`these tests take ${lacking}`);
  });

  describe('one scenario for each rule', () => {
    const scenarios = written();
    const differing = new Map<Scenario, Disagreement>();

    before(async () => {
      for (const one of await disagreements(scenarios)) differing.set(one.scenario, one);
    });

    for (const scenario of scenarios) {
      it(scenario.name ?? 'without a name', () => {
        const one = differing.get(scenario);
        agree(one === undefined ? [] : [one]);
      });
    }

    it('no written scenario differs by decision', async () => {
      for (const scenario of scenarios) {
        const { differsByDecision } = await runOurs(scenario);
        expect(differsByDecision, scenario.name).to.equal(false);
      }
    });
  });

  it(`${RANDOM_SCENARIOS} random scenarios`, async () => {
    const { scenarios } = await sample(RANDOM_SCENARIOS, SEED);
    agree(await disagreements(scenarios));
  });
});
