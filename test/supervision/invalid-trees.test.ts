import { expect } from 'chai';
import type { ChildSpec, SupervisorSpec } from '../../supervisors/child-spec.ts';
import { supervise } from '../../supervisors/supervise.ts';
import { InvalidTreeError } from '../../supervisors/tree-problems.ts';
import { World, createWorker } from '../support/supervised.ts';

function problemsOf(spec: SupervisorSpec): readonly string[] {
  try {
    supervise(spec, { actors: { worker: createWorker(new World()) } });
  } catch (thrown) {
    if (thrown instanceof InvalidTreeError) return thrown.problems;
    throw thrown;
  }
  return [];
}

const backoff = { baseMs: 10, factor: 2, capMs: 100, jitter: 0.5 };
const NONE = 'nothing of the kind' as never;

/** One thing wrong with a worker, and what is said of it. */
const OF_WORKERS: readonly [Partial<ChildSpec>, string][] = [
  [{ id: 'Not Kebab' }, 'the id is not kebab-case'],
  [{ id: '' }, 'the id is not kebab-case'],
  [{ logic: 'nothing' }, 'there is no logic named "nothing"'],
  [{ restart: NONE }, 'restart is none of permanent, transient, temporary'],
  [{ shutdownMs: -1 }, 'shutdownMs is neither a whole number, infinity nor brutal_kill'],
  [{ shutdownMs: 0.5 }, 'shutdownMs is neither a whole number, infinity nor brutal_kill'],
  [{ shutdownMs: NONE }, 'shutdownMs is neither a whole number, infinity nor brutal_kill'],
  [{ startMs: 0 }, 'startMs is neither a positive whole number, infinity nor immediate'],
  [{ startMs: NONE }, 'startMs is neither a positive whole number, infinity nor immediate'],
  [{ stableMs: 0 }, 'stableMs is not a positive whole number'],
  [{ stash: -1 }, 'stash is not a whole number of at least 0'],
  [{ heartbeat: { everyMs: 0, missMs: 1 } }, 'the heartbeat needs positive times'],
  [{ heartbeat: { everyMs: 1, missMs: 0 } }, 'the heartbeat needs positive times'],
  [{ backoff: { ...backoff, baseMs: -1 } }, 'backoff.baseMs is negative'],
  [{ backoff: { ...backoff, factor: 0.5 } }, 'backoff.factor is below 1'],
  [{ backoff: { ...backoff, capMs: 9 } }, 'backoff.capMs is below backoff.baseMs'],
  [{ backoff: { ...backoff, jitter: 1.1 } }, 'backoff.jitter is not in 0..1'],
];

/** The same for a supervisor. */
const OF_SUPERVISORS: readonly [Partial<SupervisorSpec>, string][] = [
  [{ startMs: 'immediate' }, 'a supervisor says when it is ready: startMs must be a bound'],
  [
    { strategy: NONE },
    'strategy is none of one_for_one, one_for_all, rest_for_one, simple_one_for_one',
  ],
  [{ autoShutdown: NONE }, 'autoShutdown is none of never, any_significant, all_significant'],
  [
    { intensity: { restarts: -1, periodMs: 1 } },
    'intensity.restarts is not a whole number of at least 0',
  ],
  [
    { intensity: { restarts: 0, periodMs: 0 } },
    'intensity.periodMs is not a positive whole number',
  ],
  [
    { strategy: 'simple_one_for_one', children: [] },
    'a simple_one_for_one has one child, its template, and not 0',
  ],
  [
    { strategy: 'simple_one_for_one', children: [leaf('x'), leaf('y')] },
    'a simple_one_for_one has one child, its template, and not 2',
  ],
  [
    {
      strategy: 'simple_one_for_one',
      children: [{ id: 'x', type: 'supervisor', children: [] }],
    },
    'the children of a simple_one_for_one are workers: ids are unique in the tree',
  ],
  [
    { shutdownMs: 150, children: [leaf('x', 100), leaf('y', 51)] },
    'its children may take 151 ms to stop, but it has 150 ms',
  ],
  [
    { shutdownMs: 150, children: [leaf('x', 'infinity')] },
    'its children may take for ever to stop, but it has 150 ms',
  ],
  [
    { shutdownMs: 99, strategy: 'simple_one_for_one', children: [leaf('x', 100)] },
    'its children may take 100 ms to stop, but it has 99 ms',
  ],
];

function leaf(id: string, shutdownMs: number | 'infinity' = 0): ChildSpec {
  return { id, logic: 'worker', shutdownMs };
}

describe('an invalid tree', () => {
  for (const [fields, problem] of OF_WORKERS) {
    it(`a child with ${JSON.stringify(fields)}: ${problem}`, () => {
      const child = { id: 'a', logic: 'worker', ...fields } as ChildSpec;
      expect(problemsOf({ id: 'top', type: 'supervisor', children: [child] })).to.deep.equal([
        `top/${child.id}: ${problem}`,
      ]);
    });
  }

  for (const [fields, problem] of OF_SUPERVISORS) {
    it(`a supervisor with ${JSON.stringify(fields)}: ${problem}`, () => {
      const inner: SupervisorSpec = { id: 'inner', type: 'supervisor', children: [], ...fields };
      expect(problemsOf({ id: 'top', type: 'supervisor', children: [inner] })).to.deep.equal([
        `top/inner: ${problem}`,
      ]);
      expect(problemsOf({ ...inner, id: 'top' }), 'at the root').to.deep.equal([`top: ${problem}`]);
    });
  }

  const SIGNIFICANT = [
    {
      restart: 'permanent',
      autoShutdown: 'any_significant',
      problems: ['a permanent child cannot be significant'],
    },
    {
      restart: 'transient',
      autoShutdown: 'never',
      problems: ['it is significant, and the autoShutdown of its supervisor is never'],
    },
    {
      restart: 'permanent',
      autoShutdown: 'never',
      problems: [
        'a permanent child cannot be significant',
        'it is significant, and the autoShutdown of its supervisor is never',
      ],
    },
    { restart: 'transient', autoShutdown: 'all_significant', problems: [] },
    { restart: 'temporary', autoShutdown: 'any_significant', problems: [] },
  ] as const;
  for (const { restart, autoShutdown, problems } of SIGNIFICANT) {
    it(`a significant ${restart} child, autoShutdown ${autoShutdown}: ${problems.length} problems`, () => {
      const children = [{ id: 'a', logic: 'worker', restart, significant: true }];
      expect(problemsOf({ id: 'top', type: 'supervisor', autoShutdown, children })).to.deep.equal(
        problems.map((problem) => `top/a: ${problem}`),
      );
    });
  }

  it('an id that is there twice, anywhere in the tree', () => {
    const inner: SupervisorSpec = { id: 'inner', type: 'supervisor', children: [leaf('a')] };
    expect(
      problemsOf({ id: 'top', type: 'supervisor', children: [leaf('a'), inner, leaf('inner')] }),
    ).to.deep.equal([
      'top/inner/a: the id is already taken by top/a',
      'top/inner: the id is already taken by top/inner',
    ]);
  });

  it('is refused with every problem at once, each with its path', () => {
    const spec: SupervisorSpec = {
      id: 'top',
      type: 'supervisor',
      shutdownMs: 150,
      children: [
        leaf('a', 100),
        { ...leaf('a', 100), startMs: 0 },
        { ...leaf('Not Kebab'), backoff: { baseMs: 5, factor: 0, capMs: 1, jitter: 2 } },
      ],
    };
    const problems = [
      'top: its children may take 200 ms to stop, but it has 150 ms',
      'top/a: startMs is neither a positive whole number, infinity nor immediate',
      'top/a: the id is already taken by top/a',
      'top/Not Kebab: the id is not kebab-case',
      'top/Not Kebab: backoff.factor is below 1',
      'top/Not Kebab: backoff.capMs is below backoff.baseMs',
      'top/Not Kebab: backoff.jitter is not in 0..1',
    ];
    expect(problemsOf(spec)).to.deep.equal(problems);
    expect(() => supervise(spec, { actors: { worker: createWorker(new World()) } })).to.throw(
      `the supervision tree is invalid: ${problems.join('; ')}`,
    );
  });

  it('a valid one with everything in it has none', () => {
    const child: ChildSpec = {
      ...leaf('a'),
      restart: 'transient',
      significant: true,
      heartbeat: { everyMs: 1, missMs: 1 },
      backoff,
      stash: 1,
      stableMs: 1,
      startMs: 'infinity',
      shutdownMs: 'brutal_kill',
    };
    expect(
      problemsOf({
        id: 'top',
        type: 'supervisor',
        strategy: 'simple_one_for_one',
        autoShutdown: 'any_significant',
        intensity: { restarts: 0, periodMs: 1 },
        shutdownMs: 0,
        children: [child],
      }),
    ).to.deep.equal([]);
  });
});
