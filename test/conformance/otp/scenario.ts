/** A scenario: a tree of child specs, and a timed script of what happens to it. docs/otp-conformance.md has the format. */

export type Restart = (typeof RESTARTS)[number];
export type Strategy = (typeof STRATEGIES)[number];
export type AutoShutdown = (typeof AUTO_SHUTDOWNS)[number];
export type ExitReason = (typeof EXIT_REASONS)[number];

/** What a worker does at its starts and stops. */
export interface Behaviour {
  readonly startTakesMs?: number;
  readonly stopTakesMs?: number;
  readonly ignoresShutdown?: boolean;
  /** Numbers of its starts, from 1, over the whole run. */
  readonly failsStarts?: readonly number[];
}

interface Flags {
  readonly id: string;
  readonly restart?: Restart;
  readonly significant?: boolean;
  readonly shutdown?: number | 'brutal_kill' | 'infinity';
}

export interface WorkerNode extends Flags, Behaviour {
  readonly type?: 'worker';
}

export interface SupervisorNode extends Flags {
  readonly type: 'supervisor';
  readonly strategy?: Strategy;
  readonly intensity?: number;
  readonly periodMs?: number;
  readonly autoShutdown?: AutoShutdown;
  readonly children: readonly Node[];
}

export type Node = WorkerNode | SupervisorNode;

export type Step = { readonly atMs: number } & (
  | { readonly do: 'exit'; readonly id: string; readonly reason: ExitReason }
  | { readonly do: 'start_child'; readonly supervisor: string; readonly child: Node }
  /** Of a dynamic supervisor: one more of its template, with this behaviour. */
  | { readonly do: 'start_child'; readonly supervisor: string; readonly changes?: Behaviour }
  | {
      readonly do: 'terminate_child' | 'restart_child' | 'delete_child';
      readonly supervisor: string;
      readonly child: string;
    }
  | { readonly do: 'count_children' | 'which_children'; readonly supervisor: string }
  | { readonly do: 'stop' }
);

export interface Scenario {
  readonly name?: string;
  /** The rule of OTP's that it shows. */
  readonly rule?: string;
  readonly tree: SupervisorNode;
  /** In order of time. */
  readonly steps: readonly Step[];
  /** Then the root is asked to stop, if it still runs. */
  readonly endMs: number;
  /** The twin begins it with a whole second, in which OTP counts its periods. */
  readonly isAligned?: boolean;
}

const RESTARTS = ['permanent', 'transient', 'temporary'] as const;
const STRATEGIES = ['one_for_one', 'one_for_all', 'rest_for_one', 'simple_one_for_one'] as const;
const AUTO_SHUTDOWNS = ['never', 'any_significant', 'all_significant'] as const;
const EXIT_REASONS = ['normal', 'shutdown', 'crash', 'kill'] as const;

type Check = (value: unknown, path: string) => string[];
type Fields = Readonly<Record<string, Check>>;

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const show = (value: unknown): string => JSON.stringify(value);

const must =
  (what: string, holds: (value: unknown) => boolean): Check =>
  (value, path) =>
    holds(value) ? [] : [`${path}: ${show(value)} is not ${what}`];
const oneOf = (words: readonly unknown[]): Check =>
  must(`one of ${words.join(', ')}`, (value) => words.includes(value));
const isCount = (value: unknown): boolean => Number.isInteger(value) && Number(value) >= 0;

const count = must('a whole number of at least 0', isCount);
const bool = must('true or false', (value) => typeof value === 'boolean');
const text = must('a text', (value) => typeof value === 'string');
const id = must(
  'a kebab-case id that does not end in a number after a dash',
  (value) => typeof value === 'string' && /^[a-z][a-z0-9-]*$/.test(value) && !/-\d+$/.test(value),
);
const anyId = must(
  'a kebab-case id',
  (value) => typeof value === 'string' && /^[a-z][a-z0-9-]*$/.test(value),
);
const period = must(
  'a whole number of seconds, in ms',
  (value) => isCount(value) && Number(value) > 0 && Number(value) % 1000 === 0,
);

const list =
  (each: Check): Check =>
  (value, path) =>
    Array.isArray(value)
      ? value.flatMap((one: unknown, index) => each(one, `${path}[${index}]`))
      : [`${path}: ${show(value)} is not a list`];

function object(value: unknown, path: string, required: Fields, optional: Fields): string[] {
  if (!isObject(value)) return [`${path}: ${show(value)} is not an object`];
  const known = { ...required, ...optional };
  return [
    ...Object.keys(required)
      .filter((key) => !(key in value))
      .map((key) => `${path}: ${key} is missing`),
    ...Object.entries(value).flatMap(([key, one]) =>
      Object.hasOwn(known, key)
        ? (known[key]?.(one, `${path}.${key}`) ?? [])
        : [`${path}: ${key} is unknown`],
    ),
  ];
}

const BEHAVIOUR: Fields = {
  startTakesMs: count,
  stopTakesMs: count,
  ignoresShutdown: bool,
  failsStarts: list(must('a whole number of at least 1', (value) => isCount(value) && value !== 0)),
};

const FLAGS: Fields = {
  restart: oneOf(RESTARTS),
  significant: bool,
  shutdown: must(
    'a whole number of ms, brutal_kill or infinity',
    (value) => isCount(value) || value === 'brutal_kill' || value === 'infinity',
  ),
};

const node: Check = (value, path) =>
  isObject(value) && value['type'] === 'supervisor'
    ? supervisor(value, path)
    : object(
        value,
        path,
        { id },
        { ...FLAGS, ...BEHAVIOUR, type: oneOf(['worker', 'supervisor']) },
      );

const supervisor: Check = (value, path) => [
  ...object(
    value,
    path,
    { id, type: oneOf(['supervisor']), children: list(node) },
    {
      ...FLAGS,
      strategy: oneOf(STRATEGIES),
      intensity: count,
      periodMs: period,
      autoShutdown: oneOf(AUTO_SHUTDOWNS),
    },
  ),
  ...templateProblems(value, path),
];

function templateProblems(value: unknown, path: string): string[] {
  if (!isObject(value) || value['strategy'] !== 'simple_one_for_one') return [];
  const children: unknown = value['children'];
  const isTemplate =
    Array.isArray(children) &&
    children.length === 1 &&
    isObject(children[0]) &&
    children[0]['type'] !== 'supervisor';
  return isTemplate ? [] : [`${path}.children: a simple_one_for_one has one worker, its template`];
}

const anyChild: Check = (value, path) =>
  isObject(value) ? node(value, path) : [`${path}: ${show(value)} is not a child`];
const behaviour: Check = (value, path) => object(value, path, {}, BEHAVIOUR);

const STEPS: Readonly<Record<string, readonly [required: Fields, optional: Fields]>> = {
  exit: [{ id: anyId, reason: oneOf(EXIT_REASONS) }, {}],
  start_child: [{ supervisor: id }, { child: anyChild, changes: behaviour }],
  terminate_child: [{ supervisor: id, child: anyId }, {}],
  restart_child: [{ supervisor: id, child: anyId }, {}],
  delete_child: [{ supervisor: id, child: anyId }, {}],
  count_children: [{ supervisor: id }, {}],
  which_children: [{ supervisor: id }, {}],
  stop: [{}, {}],
};

const step: Check = (value, path) => {
  if (!isObject(value)) return [`${path}: ${show(value)} is not an object`];
  const named = String(value['do']);
  const fields = Object.hasOwn(STEPS, named) ? STEPS[named] : undefined;
  if (fields === undefined) return oneOf(Object.keys(STEPS))(value['do'], `${path}.do`);
  const [required, optional] = fields;
  return object(value, path, { atMs: count, do: text, ...required }, optional);
};

/** Every problem of what was read as a scenario, each with its path; an empty list means that it is one. */
export function scenarioProblems(value: unknown): string[] {
  const problems = object(
    value,
    'scenario',
    { tree: supervisor, steps: list(step), endMs: count },
    { name: text, rule: text, isAligned: bool },
  );
  return problems.length > 0 ? problems : wholeProblems(value as Scenario);
}

/** What no single field shows. */
function wholeProblems({ tree, steps, endMs }: Scenario): string[] {
  const problems: string[] = [];
  const seen = new Set<string>();
  for (const { id: one } of nodesOf(tree)) {
    if (seen.has(one)) problems.push(`scenario.tree: the id ${one} is taken twice`);
    seen.add(one);
  }
  const supervisors = new Set(
    [
      tree,
      ...steps.flatMap((one) =>
        'child' in one && typeof one.child === 'object' ? [one.child] : [],
      ),
    ]
      .flatMap(nodesOf)
      .filter(({ type }) => type === 'supervisor')
      .map(({ id: one }) => one),
  );
  let lastMs = 0;
  steps.forEach((one, index) => {
    const path = `scenario.steps[${index}]`;
    if (one.atMs < lastMs) problems.push(`${path}.atMs: ${one.atMs} is before the step above it`);
    lastMs = Math.max(lastMs, one.atMs);
    if (one.do === 'exit' && one.id === tree.id) {
      problems.push(`${path}.id: the root has no supervisor; stop is what ends it`);
    } else if (one.do === 'exit' && one.reason !== 'kill' && supervisors.has(one.id)) {
      problems.push(`${path}.reason: a supervisor ends by kill alone`);
    }
  });
  if (endMs < lastMs) problems.push(`scenario.endMs: ${endMs} is before the last step`);
  return problems;
}

/** A node and all below it. */
export function nodesOf(one: Node): Node[] {
  return [one, ...(one.type === 'supervisor' ? one.children.flatMap(nodesOf) : [])];
}
