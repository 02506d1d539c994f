import { assign, enqueueActions, sendParent, sendTo, setup } from 'xstate';
import type { AnyActorLogic } from 'xstate';
import { backoffMs } from './backoff.ts';
import { treeProblems } from './child-spec.ts';
import type { ChildSpec, SupervisorSpec } from './child-spec.ts';
import { decide } from './decision.ts';
import { createSlot } from './slot.ts';
import type { SlotReport } from './slot.ts';

/** A supervisor gave up: its restarts exceeded its intensity. */
export class EscalationError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'EscalationError';
  }
}

/** A tree that cannot be built, with every problem of it. */
export class InvalidTreeError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`the supervision tree is invalid: ${problems.join('; ')}`);
    this.name = 'InvalidTreeError';
    this.problems = problems;
  }
}

export type SupervisorEvent =
  | SlotReport
  | { type: 'sup.ping' }
  | { type: 'sup.shutdown' }
  | { type: 'restart.expired' }
  | { type: 'plan.changed' };

export interface SupervisorContext {
  readonly spec: SupervisorSpec;
  /** Restarts within the last period. */
  readonly recentRestarts: number;
  readonly restarts: number;
  readonly stopQueue: readonly string[];
  readonly startQueue: readonly string[];
  readonly waitMs: number;
  readonly goal: 'run' | 'stop' | 'fail';
  readonly reason: string;
}

const slotId = (childId: string): string => `slot:${childId}`;

/** Looks up the logic of a worker; nested supervisors need none. */
export type LogicOf = (childId: string) => AnyActorLogic;

/**
 * Builds a tree of supervisors from its specification. The machine that it returns is the root supervisor:
 * it obeys the same contract as any child (`sup.ready`, `sup.ping`, `sup.shutdown`), and throws an
 * {@link EscalationError} when it gives up. `seed` feeds the jitter of the backoff.
 *
 * @throws {InvalidTreeError} with every problem of the tree.
 */
export function supervise(spec: SupervisorSpec, logicOf: LogicOf, seed: number): AnyActorLogic {
  const problems = treeProblems(spec);
  if (problems.length > 0) throw new InvalidTreeError(problems);
  return createSupervisor(spec, logicOf, seed);
}

function createSupervisor(spec: SupervisorSpec, logicOf: LogicOf, seed: number): AnyActorLogic {
  const order = spec.children.map((child) => child.id);
  const reversed = [...order].reverse();
  const childById = new Map<string, ChildSpec>(spec.children.map((child) => [child.id, child]));
  const slots = Object.fromEntries(
    spec.children.map((child) => [
      slotId(child.id),
      createSlot(
        child.type === 'supervisor' ? createSupervisor(child, logicOf, seed) : logicOf(child.id),
      ),
    ]),
  );

  return setup({
    types: { context: {} as SupervisorContext, events: {} as SupervisorEvent },
    actors: slots,
    delays: { wait: ({ context }) => context.waitMs },
    guards: {
      stopsDone: ({ context }) => context.stopQueue.length === 0,
      startsDone: ({ context }) => context.startQueue.length === 0,
      isStopped: ({ context }) => context.stopQueue.length === 0 && context.goal === 'stop',
      isFailed: ({ context }) => context.stopQueue.length === 0 && context.goal === 'fail',
      isStopHead: ({ context, event }) => 'id' in event && event.id === context.stopQueue[0],
      isStartHead: ({ context, event }) => 'id' in event && event.id === context.startQueue[0],
    },
    actions: {
      spawnSlots: enqueueActions(({ enqueue }) => {
        for (const child of spec.children) {
          enqueue.spawnChild(slotId(child.id), { id: slotId(child.id), input: { spec: child } });
        }
      }),
      reportReady: enqueueActions(({ enqueue, self }) => {
        if (self._parent !== undefined) enqueue(sendParent({ type: 'sup.ready' }));
      }),
      answerPing: sendParent({ type: 'sup.pong' }),
      stopHead: sendTo(({ context }) => slotId(context.stopQueue[0] ?? ''), { type: 'slot.stop' }),
      startHead: sendTo(({ context }) => slotId(context.startQueue[0] ?? ''), {
        type: 'slot.start',
        delayMs: 0,
      }),
      popStop: assign({ stopQueue: ({ context }) => context.stopQueue.slice(1) }),
      popStart: assign({ startQueue: ({ context }) => context.startQueue.slice(1) }),
      planShutdown: assign({ goal: 'stop', stopQueue: reversed, startQueue: [] }),
      forgetRestart: assign({ recentRestarts: ({ context }) => context.recentRestarts - 1 }),
      judge: enqueueActions(({ enqueue, context, event }) => {
        // While stopping, a fallen slot acknowledges the stop that is on its way.
        if (event.type !== 'slot.fell' || context.goal !== 'run') return;
        const child = childById.get(event.id);
        if (child === undefined) return;
        const decision = decide({
          order,
          strategy: spec.strategy,
          childId: event.id,
          restart: child.restart,
          abnormal: event.abnormal,
          recentRestarts: context.recentRestarts,
          maxRestarts: spec.intensity.restarts,
          awaitingStart: context.startQueue,
        });
        if (decision.kind === 'abandon') {
          enqueue.sendTo(slotId(event.id), { type: 'slot.abandon' });
          enqueue.assign({ startQueue: context.startQueue.filter((id) => id !== event.id) });
          enqueue.raise({ type: 'plan.changed' });
          return;
        }
        if (decision.kind === 'escalate') {
          enqueue.assign({
            goal: 'fail',
            reason:
              `${spec.id} gave up after ${String(context.recentRestarts)} restarts in ` +
              `${String(spec.intensity.periodMs)} ms; last, ${event.id}: ${event.reason}`,
            stopQueue: reversed,
            startQueue: [],
          });
          enqueue.raise({ type: 'plan.changed' });
          return;
        }
        const restarts = context.restarts + 1;
        enqueue.assign({ restarts, recentRestarts: context.recentRestarts + 1 });
        enqueue.raise(
          { type: 'restart.expired' },
          { id: `restart:${String(restarts)}`, delay: spec.intensity.periodMs },
        );
        const delayMs = backoffMs(child.backoff, seed, event.id, event.attempts);
        const isIdle = context.startQueue.length === 0 && context.stopQueue.length === 0;
        if (spec.strategy === 'one_for_one' && isIdle) {
          enqueue.sendTo(slotId(event.id), { type: 'slot.start', delayMs });
          return;
        }
        enqueue.assign({
          waitMs: delayMs,
          stopQueue: decision.stop,
          startQueue: decision.start,
        });
        enqueue.raise({ type: 'plan.changed' });
      }),
      escalate: ({ context }) => {
        throw new EscalationError(context.reason);
      },
    },
  }).createMachine({
    id: spec.id,
    initial: 'boot',
    context: {
      spec,
      recentRestarts: 0,
      restarts: 0,
      stopQueue: [],
      startQueue: order,
      waitMs: 0,
      goal: 'run',
      reason: '',
    },
    on: {
      'sup.ping': { actions: 'answerPing' },
      'slot.fell': { actions: 'judge' },
      'restart.expired': { actions: 'forgetRestart' },
      'sup.shutdown': { target: '.transit.stopping', actions: 'planShutdown' },
      'plan.changed': '.transit.stopping',
    },
    states: {
      boot: {
        description: 'Creates the slots, which start nothing yet.',
        entry: 'spawnSlots',
        always: 'transit',
      },
      transit: {
        initial: 'starting',
        states: {
          stopping: {
            description: 'Stops the children of the plan, one at a time.',
            always: [
              { guard: 'isStopped', target: 'stopped' },
              { guard: 'isFailed', target: 'failed' },
              { guard: 'stopsDone', target: 'waiting' },
              { target: 'stoppingHead' },
            ],
          },
          stoppingHead: {
            description: 'Waits until the child that it told to stop is down.',
            entry: 'stopHead',
            on: { 'slot.down': { guard: 'isStopHead', target: 'stopping', actions: 'popStop' } },
          },
          waiting: {
            description: 'The backoff of a group, before it is started again.',
            after: { wait: 'starting' },
          },
          starting: {
            description: 'Starts the children of the plan, one at a time.',
            always: [
              { guard: 'startsDone', target: `#${spec.id}.running` },
              { target: 'startingHead' },
            ],
          },
          startingHead: {
            description: 'Waits until the child that it started is up.',
            entry: 'startHead',
            on: { 'slot.up': { guard: 'isStartHead', target: 'starting', actions: 'popStart' } },
          },
          stopped: { always: `#${spec.id}.stopped` },
          failed: { always: `#${spec.id}.failed` },
        },
      },
      running: { description: 'Every child of the plan is up.', entry: 'reportReady' },
      stopped: { description: 'Every child is down, on request.', type: 'final' },
      failed: { description: 'Gave up; its own supervisor hears of it.', entry: 'escalate' },
    },
  });
}
