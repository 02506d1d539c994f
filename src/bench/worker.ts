import { assign, emit, enqueueActions, sendParent, sendTo, setup } from 'xstate';
import type { ActorSystem, ActorSystemInfo, AnyActorLogic, AnyActorRef } from 'xstate';

/** A token that is passed on so many times more. */
export interface HopEvent {
  type: 'hop';
  left: number;
}

/** Each kind of worker has fields of its own, as machines of a program do. */
export interface WorkerContext {
  readonly hops: number;
  readonly isOdd?: boolean;
  readonly last?: string | null;
  readonly names?: readonly string[];
  readonly watches?: number;
}

/** How a machine finds another one. */
export type Address = (args: {
  system: ActorSystem<ActorSystemInfo>;
  self: AnyActorRef;
}) => AnyActorRef;

/** For a worker that is sent nothing to pass on. */
export const nowhere: Address = ({ self }) => self;

type WorkerEvent =
  HopEvent | { type: 'sup.ping' } | { type: 'sup.shutdown' } | { type: 'worker.crash' };

const WATCH_MS = 60_000;

/** What workers are made of: they count tokens and pass them on, and obey the contract of a child. */
export function partsOf(next: Address) {
  return setup({
    types: {
      context: {} as WorkerContext,
      events: {} as WorkerEvent,
      emitted: {} as { type: 'worker.told'; hops: number },
    },
    delays: { watch: WATCH_MS },
    guards: { isLast: ({ event }) => isLast(event) },
    actions: {
      reportStarted: sendParent({ type: 'sup.ready' }),
      answerPing: sendParent({ type: 'sup.pong' }),
      count: assign({ hops: ({ context }) => context.hops + 1 }),
      countTurn: assign(({ context }) => ({
        hops: context.hops + 1,
        isOdd: !(context.isOdd ?? false),
      })),
      countWatch: assign({ watches: ({ context }) => (context.watches ?? 0) + 1 }),
      passOn: sendTo(next, ({ event }) => hopAfter(event)),
      countAndPassOn: enqueueActions(({ enqueue, event, context }) => {
        enqueue.assign({ hops: context.hops + 1, last: event.type });
        if (!isLast(event)) enqueue.sendTo(next, hopAfter(event));
      }),
      tell: emit(({ context }) => ({ type: 'worker.told' as const, hops: context.hops })),
      crash: () => {
        throw new Error('crashed as asked');
      },
    },
  });
}

/** What every worker answers; its machine has a final state `stopped`. */
export const CONTRACT = {
  'sup.ping': { actions: 'answerPing' },
  'sup.shutdown': '.stopped',
  'worker.crash': { actions: 'crash' },
} as const;

function isLast(event: WorkerEvent): boolean {
  return event.type === 'hop' && event.left === 0;
}

function hopAfter(event: WorkerEvent): HopEvent {
  if (event.type !== 'hop') throw new Error(`${event.type} is not passed on`);
  return { type: 'hop', left: event.left - 1 };
}

/** Counts and passes on: as little as a machine can do, so that its supervision shows the most. */
export function plainWorker(next: Address): AnyActorLogic {
  return partsOf(next).createMachine({
    initial: 'running',
    context: { hops: 0 },
    entry: 'reportStarted',
    on: CONTRACT,
    states: {
      running: {
        on: { hop: [{ guard: 'isLast', actions: 'count' }, { actions: ['count', 'passOn'] }] },
      },
      stopped: { type: 'final' },
    },
  });
}
