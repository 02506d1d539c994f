import type { Backoff, Child, Supervisor } from './child-spec.ts';

/** A tree that cannot be built, with every problem of it. */
export class InvalidTreeError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`the supervision tree is invalid: ${problems.join('; ')}`);
    this.name = 'InvalidTreeError';
    this.problems = problems;
  }
}

const RESTARTS: readonly unknown[] = ['permanent', 'transient', 'temporary'];
const STRATEGIES: readonly unknown[] = [
  'one_for_one',
  'one_for_all',
  'rest_for_one',
  'simple_one_for_one',
];
const AUTO_SHUTDOWNS: readonly unknown[] = ['never', 'any_significant', 'all_significant'];

/**
 * Every problem of a tree at once, each with the path of the child; an empty list means that it can be built.
 * `logics` are the names of the actors that it is given.
 */
export function treeProblems(root: Supervisor, logics: ReadonlySet<string>): string[] {
  return problemsBelow(root, '', null, logics, new Map());
}

/** The same for one child that is to be started below a running supervisor. */
export function childProblems(
  child: Child,
  parent: Supervisor,
  logics: ReadonlySet<string>,
): string[] {
  return problemsBelow(child, '', parent, logics, new Map());
}

function problemsBelow(
  child: Child,
  parentPath: string,
  parent: Supervisor | null,
  logics: ReadonlySet<string>,
  seen: Map<string, string>,
): string[] {
  const path = parentPath === '' ? child.id : `${parentPath}/${child.id}`;
  const problems = ownProblems(child, parent);
  const other = seen.get(child.id);
  if (other === undefined) seen.set(child.id, path);
  else problems.push(`the id is already taken by ${other}`);
  if (child.type === 'worker' && !logics.has(child.logic)) {
    problems.push(`there is no logic named ${JSON.stringify(child.logic)}`);
  }
  const below =
    child.type === 'worker'
      ? []
      : child.children.flatMap((inner) => problemsBelow(inner, path, child, logics, seen));
  return [...problems.map((text) => `${path}: ${text}`), ...below];
}

function ownProblems(child: Child, parent: Supervisor | null): string[] {
  const problems: string[] = [];
  if (!/^[a-z][a-z0-9-]*$/.test(child.id)) problems.push('the id is not kebab-case');
  if (!RESTARTS.includes(child.restart)) {
    problems.push(`restart is none of ${RESTARTS.join(', ')}`);
  }
  const { shutdownMs, startMs } = child;
  if (shutdownMs !== 'infinity' && shutdownMs !== 'brutal_kill' && !isCount(shutdownMs)) {
    problems.push('shutdownMs is neither a whole number, infinity nor brutal_kill');
  }
  if (startMs !== 'infinity' && startMs !== 'immediate' && !(isCount(startMs) && startMs > 0)) {
    problems.push('startMs is neither a positive whole number, infinity nor immediate');
  }
  if (!isCount(child.stableMs) || child.stableMs === 0) {
    problems.push('stableMs is not a positive whole number');
  }
  if (!isCount(child.stash)) problems.push('stash is not a whole number of at least 0');
  if (child.backoff !== null) problems.push(...backoffProblems(child.backoff));
  const beat = child.heartbeat;
  if (beat !== null && !(beat.everyMs > 0 && beat.missMs > 0)) {
    problems.push('the heartbeat needs positive times');
  }
  if (child.significant && child.restart === 'permanent') {
    problems.push('a permanent child cannot be significant');
  }
  if (child.significant && parent?.autoShutdown === 'never') {
    problems.push('it is significant, and the autoShutdown of its supervisor is never');
  }
  return child.type === 'supervisor' ? [...problems, ...flagProblems(child)] : problems;
}

function flagProblems(supervisor: Supervisor): string[] {
  const problems: string[] = [];
  const { children, intensity, shutdownMs, startMs, strategy } = supervisor;
  if (startMs === 'immediate')
    problems.push('a supervisor says when it is ready: startMs must be a bound');
  if (!STRATEGIES.includes(strategy)) problems.push(`strategy is none of ${STRATEGIES.join(', ')}`);
  if (!AUTO_SHUTDOWNS.includes(supervisor.autoShutdown)) {
    problems.push(`autoShutdown is none of ${AUTO_SHUTDOWNS.join(', ')}`);
  }
  if (!isCount(intensity.restarts)) {
    problems.push('intensity.restarts is not a whole number of at least 0');
  }
  if (!isCount(intensity.periodMs) || intensity.periodMs === 0) {
    problems.push('intensity.periodMs is not a positive whole number');
  }
  const isDynamic = strategy === 'simple_one_for_one';
  if (isDynamic && children.length !== 1) {
    problems.push(
      `a simple_one_for_one has one child, its template, and not ${String(children.length)}`,
    );
  }
  if (isDynamic && children.some(({ type }) => type === 'supervisor')) {
    problems.push('the children of a simple_one_for_one are workers: ids are unique in the tree');
  }
  const needsMs = stopBoundMs(supervisor);
  if (typeof shutdownMs === 'number' && needsMs > shutdownMs) {
    const needs = needsMs === Infinity ? 'for ever' : `${String(needsMs)} ms`;
    problems.push(`its children may take ${needs} to stop, but it has ${String(shutdownMs)} ms`);
  }
  return problems;
}

/** The longest that the children of a supervisor may take to stop, one after the other, or all at once if dynamic. */
export function stopBoundMs({ children, strategy }: Supervisor): number {
  const bounds = children.map(({ shutdownMs }) => {
    if (shutdownMs === 'brutal_kill') return 0;
    return shutdownMs === 'infinity' ? Infinity : shutdownMs;
  });
  return strategy === 'simple_one_for_one'
    ? Math.max(0, ...bounds)
    : bounds.reduce((sum, bound) => sum + bound, 0);
}

function backoffProblems(backoff: Backoff): string[] {
  const problems: string[] = [];
  if (!(backoff.baseMs >= 0)) problems.push('backoff.baseMs is negative');
  if (!(backoff.factor >= 1)) problems.push('backoff.factor is below 1');
  if (!(backoff.capMs >= backoff.baseMs)) problems.push('backoff.capMs is below backoff.baseMs');
  if (!(backoff.jitter >= 0 && backoff.jitter <= 1)) problems.push('backoff.jitter is not in 0..1');
  return problems;
}

function isCount(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 0;
}
