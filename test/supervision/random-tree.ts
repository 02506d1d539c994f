import fc from 'fast-check';
import type {
  Backoff,
  ChildSpec,
  SupervisorSpec,
  WorkerSpec,
} from '../../supervisors/child-spec.ts';
import { resolveTree } from '../../supervisors/child-spec.ts';
import { stopBoundMs } from '../../supervisors/tree-problems.ts';
import type { Behaviour } from '../support/supervised.ts';

/** What happens to a tree: each step so long after the one before. JSON, as a counterexample is printed. */
export interface Scenario {
  readonly tree: SupervisorSpec;
  readonly steps: readonly Step[];
}

const ON_A_WORKER = ['crash', 'end', 'end_shutdown', 'hang', 'mail', 'suspend', 'resume'] as const;
const ON_A_CHILD = ['kill', 'terminate', 'restart', 'delete'] as const;

export type Step = { readonly afterMs: number } & (
  | { readonly do: (typeof ON_A_WORKER)[number] | (typeof ON_A_CHILD)[number]; readonly id: string }
  | {
      readonly do: 'start';
      readonly supervisor: string;
      readonly child: ChildSpec | { input: Behaviour };
    }
  | { readonly do: 'shutdown' | 'escalate' }
);

/** Long past every bound: it never stops by itself. */
const NEVER_MS = 1_000_000;

/** All times are on a grid, so that things often happen at the same one. */
const gridMs = (min: number, max: number): fc.Arbitrary<number> =>
  fc.integer({ min: min / 10, max: max / 10 }).map((tens) => tens * 10);

const behaviour: fc.Arbitrary<Behaviour> = fc.record({
  readyAfterMs: fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, gridMs(0, 100)),
  stopAfterMs: fc.oneof(
    { weight: 3, arbitrary: fc.constant(0) },
    { weight: 3, arbitrary: gridMs(0, 200) },
    { weight: 1, arbitrary: fc.constant(NEVER_MS) },
  ),
  failsStarts: starts(),
  hangsStarts: starts(),
  throwsOnDispose: fc.boolean(),
});

/** Seldom the first, since that is the end of its supervisor. */
function starts(): fc.Arbitrary<number[]> {
  const one = fc.oneof(
    { weight: 30, arbitrary: fc.integer({ min: 2, max: 6 }) },
    { weight: 1, arbitrary: fc.constant(1) },
  );
  return fc.oneof(
    { weight: 3, arbitrary: fc.constant<number[]>([]) },
    { weight: 1, arbitrary: fc.array(one, { maxLength: 3 }) },
  );
}

const backoff: fc.Arbitrary<Backoff | null> = fc.option(
  fc.record({
    baseMs: gridMs(0, 100),
    factor: fc.constantFrom(1, 2),
    capMs: fc.constant(300),
    jitter: fc.constantFrom(0, 0, 0.5),
  }),
  { nil: null, freq: 2 },
);

const heartbeat = fc.option(fc.record({ everyMs: gridMs(100, 300), missMs: gridMs(50, 150) }), {
  nil: null,
  freq: 2,
});

const common = {
  restart: fc.constantFrom('permanent', 'permanent', 'transient', 'temporary'),
  significant: fc.boolean(),
  heartbeat,
  backoff,
  stableMs: gridMs(100, 1_000),
  stash: fc.integer({ min: 0, max: 3 }),
} as const;

type Draft<T> = Omit<T, 'id' | 'children'>;

const worker: fc.Arbitrary<Draft<WorkerSpec>> = fc
  .record({
    ...common,
    shutdownMs: fc.oneof(gridMs(0, 150), fc.constantFrom('brutal_kill', 'infinity')),
    start: fc.constantFrom('bound', 'bound', 'infinity', 'immediate'),
    input: behaviour,
  })
  .map(({ start, input, ...spec }) => {
    const { readyAfterMs = 0, stopAfterMs = 0, hangsStarts = [] } = input;
    return {
      ...spec,
      startMs: start === 'bound' ? readyAfterMs + 50 : start,
      input: {
        ...input,
        // What nobody ends would be no fault of the supervisor's.
        stopAfterMs: spec.shutdownMs === 'infinity' ? Math.min(200, stopAfterMs) : stopAfterMs,
        hangsStarts: start === 'bound' ? hangsStarts : [],
      },
    };
  });

interface SupervisorDraft extends Draft<SupervisorSpec> {
  readonly below: readonly (Draft<WorkerSpec> | SupervisorDraft)[];
}

function supervisor(depth: number): fc.Arbitrary<SupervisorDraft> {
  const child =
    depth === 0
      ? worker
      : fc.oneof(
          { weight: 3, arbitrary: worker },
          { weight: 1, arbitrary: fc.constant(0).chain(() => supervisor(depth - 1)) },
        );
  return fc.record({
    ...common,
    type: fc.constant('supervisor' as const),
    strategy: fc.oneof(
      { weight: 5, arbitrary: fc.constantFrom('one_for_one', 'one_for_all', 'rest_for_one') },
      { weight: 1, arbitrary: fc.constant('simple_one_for_one') },
    ),
    intensity: fc.record({
      restarts: fc.integer({ min: 0, max: 6 }),
      periodMs: gridMs(50, 1_000),
    }),
    autoShutdown: fc.constantFrom('never', 'never', 'any_significant', 'all_significant'),
    shutdownMs: fc.constantFrom('infinity', 'infinity', 'brutal_kill', 0),
    startMs: fc.oneof({ weight: 4, arbitrary: fc.constant('infinity') }, gridMs(10, 300)),
    below: fc.array(child, { minLength: 1, maxLength: 4 }),
  }) as fc.Arbitrary<SupervisorDraft>;
}

/** A draft made valid, and named: `w1`, `s1` and so on in order. */
class Namer {
  readonly workers: string[] = [];
  readonly supervisors: string[] = [];
  readonly dynamic: string[] = [];
  #last = 0;

  name(draft: Draft<WorkerSpec> | SupervisorDraft, parent: SupervisorDraft | null): ChildSpec {
    const significant =
      draft.significant === true &&
      draft.restart !== 'permanent' &&
      parent !== null &&
      parent.autoShutdown !== 'never';
    this.#last += 1;
    if (!('below' in draft)) {
      const id = `w${this.#last}`;
      const instances = [1, 2, 3].map((number) => `${id}-${number}`);
      this.workers.push(...(parent?.strategy === 'simple_one_for_one' ? instances : [id]));
      return { ...draft, id, logic: 'worker', significant };
    }
    const { below, ...flags } = draft;
    const id = `s${this.#last}`;
    this.supervisors.push(id);
    const isDynamic = flags.strategy === 'simple_one_for_one';
    if (isDynamic) this.dynamic.push(id);
    const fitting = isDynamic ? below.filter((one) => !('below' in one)).slice(0, 1) : below;
    // A template is needed, and nothing but supervisors may have been drawn.
    const strategy =
      isDynamic && fitting.length === 0 ? 'one_for_one' : (flags.strategy ?? 'one_for_one');
    const children = fitting.map((one) => this.name(one, { ...draft, strategy }));
    const spec = { ...flags, strategy, id, significant, children } as SupervisorSpec;
    if (flags.shutdownMs !== 0) return spec;
    const boundMs = stopBoundMs(resolveTree({ ...spec, shutdownMs: 'infinity' }));
    return { ...spec, shutdownMs: boundMs === Infinity ? 'infinity' : boundMs };
  }
}

interface StepDraft {
  readonly afterMs: number;
  readonly action: Step['do'];
  readonly target: number;
  readonly child: Draft<WorkerSpec>;
}

const step: fc.Arbitrary<StepDraft> = fc.record({
  afterMs: fc.oneof({ weight: 1, arbitrary: fc.constant(0) }, gridMs(0, 300)),
  action: fc.oneof(
    { weight: 6, arbitrary: fc.constant('crash' as const) },
    { weight: 10, arbitrary: fc.constantFrom(...ON_A_WORKER) },
    { weight: 5, arbitrary: fc.constantFrom(...ON_A_CHILD) },
    { weight: 3, arbitrary: fc.constant('start' as const) },
    { weight: 1, arbitrary: fc.constantFrom('shutdown' as const, 'escalate' as const) },
  ),
  target: fc.nat(63),
  child: worker,
});

function named(tree: SupervisorDraft, drafts: readonly StepDraft[]): Scenario {
  const namer = new Namer();
  const root = namer.name({ ...tree, restart: 'permanent', significant: false }, null);
  const { workers, supervisors, dynamic } = namer;
  const [rootId, ...nested] = supervisors;
  const steps = drafts.map(({ afterMs, action, target, child }, index): Step => {
    const pick = (ids: readonly string[]): string => ids[target % ids.length] ?? 'nobody';
    switch (action) {
      case 'start': {
        const below = pick(supervisors);
        if (dynamic.includes(below)) {
          const { stopAfterMs = 0, ...input } = child.input as Behaviour;
          // The bounds are its template's, and may be none.
          const fitting = { ...input, stopAfterMs: Math.min(200, stopAfterMs), hangsStarts: [] };
          return { afterMs, do: action, supervisor: below, child: { input: fitting } };
        }
        const id = `n${index}`;
        // For the steps that follow.
        workers.push(id);
        const spec = { ...child, id, logic: 'worker', significant: false };
        return { afterMs, do: action, supervisor: below, child: spec };
      }
      case 'shutdown':
      case 'escalate':
        return { afterMs, do: action };
      case 'kill':
      case 'terminate':
      case 'restart':
      case 'delete':
        return { afterMs, do: action, id: pick([...workers, ...nested]) };
      default:
        return { afterMs, do: action, id: pick(workers) };
    }
  });
  return plainly({ tree: { ...(root as SupervisorSpec), id: rootId ?? 's1' }, steps });
}

/** Without what is as it would be anyway, so that a counterexample can be read. */
function plainly<T>(value: T): T {
  if (Array.isArray(value)) return value.map(plainly) as T;
  if (typeof value !== 'object' || value === null) return value;
  const isPlain = ([key, field]: [string, unknown]): boolean =>
    field === null ||
    field === false ||
    field === 'never' ||
    field === 'permanent' ||
    (Array.isArray(field) && field.length === 0 && !['children', 'steps'].includes(key)) ||
    (field === 0 && ['readyAfterMs', 'stopAfterMs', 'stash'].includes(key));
  return Object.fromEntries(
    Object.entries(value)
      .filter((entry) => !isPlain(entry))
      .map(([key, field]) => [key, plainly(field as unknown)]),
  ) as T;
}

export const scenario: fc.Arbitrary<Scenario> = fc
  .tuple(supervisor(2), fc.array(step, { maxLength: 14, size: 'max' }))
  .map(([tree, steps]) => named(tree, steps));
