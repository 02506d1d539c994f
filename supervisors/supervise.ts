import type { AnyActorLogic, AnyStateMachine } from 'xstate';
import { resolveTree } from './child-spec.ts';
import type { SupervisorSpec } from './child-spec.ts';
import { gated } from './gate.ts';
import type { TransitionMonitor } from './gate.ts';
import { takingMail } from './mail.ts';
import { SUPERVISOR, slotMachine } from './slot.ts';
import { createSupervisor } from './supervisor.ts';
import { InvalidTreeError, treeProblems } from './tree-problems.ts';

export interface SuperviseOptions {
  /** The logic of the workers, by the names that the specification uses. */
  readonly actors: Readonly<Record<string, AnyActorLogic>>;
  /** Feeds the jitter of the backoff; 1 when left out. */
  readonly seed?: number;
  /** Hears of every transition of the workers. */
  readonly monitor?: TransitionMonitor;
}

/**
 * Builds a tree of supervisors from its specification. The logic that it returns is the root supervisor: it obeys the
 * same contract as any child (`sup.ready`, `sup.ping`, `sup.shutdown`), emits `supervision.record`, and throws an
 * {@link EscalationError} when it gives up. It takes its time from the actor system's clock alone.
 *
 * @throws {InvalidTreeError} with every problem of the tree.
 */
export function supervise(spec: SupervisorSpec, options: SuperviseOptions): AnyActorLogic {
  const { actors, seed = 1, monitor = null } = options;
  const tree = resolveTree(spec);
  const logics = new Set(Object.keys(actors));
  const problems = treeProblems(tree, logics);
  if (problems.length > 0) throw new InvalidTreeError(problems);

  const workers = Object.fromEntries(
    Object.entries(actors).map(([name, logic]) => [name, gated(logic, monitor)]),
  );
  const slot = slotMachine.provide({ actors: workers });
  const supervisor = createSupervisor(logics, seed).provide({
    actors: { slot: takingMail(slot) },
  });
  const nested = takingMail(supervisor);
  // The two name each other: a slot may carry a supervisor.
  (slot as AnyStateMachine).implementations.actors[SUPERVISOR] = nested;
  return withInput(nested, { spec: tree });
}

/** The same logic with an input of its own. */
function withInput(logic: AnyActorLogic, input: unknown): AnyActorLogic {
  const initial = logic.getInitialSnapshot as (scope: unknown, input: unknown) => unknown;
  const getInitialSnapshot = (scope: unknown): unknown => initial(scope, input);
  return Object.create(logic, {
    getInitialSnapshot: { value: getInitialSnapshot, enumerable: true },
  }) as AnyActorLogic;
}
