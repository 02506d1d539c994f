import { assign, enqueueActions, sendParent, sendTo, setup } from 'xstate';
import type { AnyActorLogic, AnyActorRef } from 'xstate';
import type { ChildSpec } from './child-spec.ts';
import { reap } from './reap.ts';

/** What a slot is told by its supervisor and by its child. */
export type SlotEvent =
  | { type: 'slot.start'; delayMs: number }
  | { type: 'slot.stop' }
  | { type: 'slot.abandon' }
  | { type: 'sup.ready' }
  | { type: 'sup.pong' };

/** What a slot tells its supervisor. */
export type SlotReport =
  | { type: 'slot.up'; id: string }
  | { type: 'slot.down'; id: string }
  | { type: 'slot.fell'; id: string; abnormal: boolean; reason: string; attempts: number };

export interface SlotContext {
  readonly spec: ChildSpec;
  /** Counts the child's lives; 0 before the first. */
  readonly incarnation: number;
  /** Falls since the child was last stable. */
  readonly attempts: number;
  /** Falls in all. */
  readonly falls: number;
  readonly delayMs: number;
  readonly reason: string;
  readonly abnormal: boolean;
}

interface ChildExit {
  type: string;
  actorId?: string;
  error?: unknown;
}

const childIdOf = (context: SlotContext): string =>
  `${context.spec.id}#${String(context.incarnation)}`;

const exitReason = (event: ChildExit): string => {
  if (event.error === undefined) return 'normal';
  return event.error instanceof Error ? event.error.message : JSON.stringify(event.error);
};

/**
 * One child's life, from its first start to its last stop. It knows how to start, watch and stop one child;
 * whether a fallen child starts again is its supervisor's business.
 */
export function createSlot(child: AnyActorLogic) {
  return setup({
    types: {
      context: {} as SlotContext,
      events: {} as SlotEvent,
      input: {} as { spec: ChildSpec },
    },
    actors: { child },
    delays: {
      start: ({ context }) => context.spec.startMs,
      backoff: ({ context }) => context.delayMs,
      shutdown: ({ context }) => context.spec.shutdownMs,
      stable: ({ context }) => context.spec.stableMs,
      heartbeat: ({ context }) => context.spec.heartbeat?.everyMs ?? 0,
      miss: ({ context }) => context.spec.heartbeat?.missMs ?? 0,
    },
    guards: {
      isCurrent: ({ context, event }) => (event as ChildExit).actorId === childIdOf(context),
      hasDelay: ({ event }) => event.type === 'slot.start' && event.delayMs > 0,
      hasHeartbeat: ({ context }) => context.spec.heartbeat !== null,
    },
    actions: {
      spawn: enqueueActions(({ enqueue, context }) => {
        const incarnation = context.incarnation + 1;
        enqueue.assign({ incarnation, delayMs: 0 });
        enqueue.spawnChild('child', {
          id: childIdOf({ ...context, incarnation }),
          systemId: context.spec.id,
        });
      }),
      kill: enqueueActions(({ enqueue, context, self }) => {
        const id = childIdOf(context);
        const { children } = self.getSnapshot() as {
          children: Record<string, AnyActorRef | undefined>;
        };
        const ref = children[id];
        if (ref === undefined) return;
        enqueue(() => {
          if ((ref.getSnapshot() as { status?: string } | undefined)?.status === 'error') reap(ref);
        });
        enqueue.stopChild(id);
      }),
      ping: sendTo(({ context }) => childIdOf(context), { type: 'sup.ping' }),
      askToStop: sendTo(({ context }) => childIdOf(context), { type: 'sup.shutdown' }),
      rememberDelay: assign({
        delayMs: ({ event }) => (event.type === 'slot.start' ? event.delayMs : 0),
      }),
      rememberFall: assign(({ context, event }, params: { reason?: string }) => ({
        reason: params.reason ?? exitReason(event as ChildExit),
        abnormal: params.reason !== undefined || (event as ChildExit).error !== undefined,
        attempts: context.attempts + 1,
        falls: context.falls + 1,
      })),
      rememberStop: assign((_, params: { reason: string }) => params),
      forgive: assign({ attempts: 0 }),
      reportUp: sendParent(({ context }): SlotReport => ({ type: 'slot.up', id: context.spec.id })),
      reportDown: sendParent(({ context }): SlotReport => ({
        type: 'slot.down',
        id: context.spec.id,
      })),
      reportFell: sendParent(({ context }): SlotReport => ({
        type: 'slot.fell',
        id: context.spec.id,
        abnormal: context.abnormal,
        reason: context.reason,
        attempts: context.attempts,
      })),
    },
  }).createMachine({
    id: 'slot',
    initial: 'down',
    context: ({ input }) => ({
      spec: input.spec,
      incarnation: 0,
      attempts: 0,
      falls: 0,
      delayMs: 0,
      reason: '',
      abnormal: false,
    }),
    on: {
      // What an earlier incarnation still says is nobody's business, and must not climb as an error.
      'xstate.error.actor.*': {},
      'xstate.done.actor.*': {},
      'slot.stop': { actions: 'reportDown' },
    },
    states: {
      down: {
        description: 'Not started, or stopped on request.',
        on: {
          'slot.start': [
            { guard: 'hasDelay', target: 'backoff', actions: 'rememberDelay' },
            { target: 'live' },
          ],
        },
      },
      backoff: {
        description: 'Waits before the child is started again.',
        after: { backoff: 'live' },
        on: { 'slot.stop': { target: 'down', actions: 'reportDown' } },
      },
      live: {
        initial: 'starting',
        entry: 'spawn',
        exit: 'kill',
        on: {
          'slot.stop': '.draining',
          'xstate.error.actor.*': {
            guard: 'isCurrent',
            target: 'fell',
            actions: { type: 'rememberFall', params: {} },
          },
          'xstate.done.actor.*': {
            guard: 'isCurrent',
            target: 'fell',
            actions: { type: 'rememberFall', params: {} },
          },
        },
        states: {
          starting: {
            description: 'The child runs and has not said yet that it has started.',
            on: { 'sup.ready': 'up' },
            after: {
              start: {
                target: '#slot.fell',
                actions: { type: 'rememberFall', params: { reason: 'start deadline passed' } },
              },
            },
          },
          up: {
            entry: 'reportUp',
            initial: 'idle',
            after: { stable: { actions: 'forgive' } },
            states: {
              idle: {
                description: 'Up; the next ping is due after a pause.',
                after: { heartbeat: { guard: 'hasHeartbeat', target: 'pinged' } },
              },
              pinged: {
                description: 'Up; a ping waits for its answer.',
                entry: 'ping',
                on: { 'sup.pong': 'idle' },
                after: {
                  miss: {
                    target: '#slot.fell',
                    actions: { type: 'rememberFall', params: { reason: 'heartbeat missed' } },
                  },
                },
              },
            },
          },
          draining: {
            description: 'Asked to stop; killed when it takes longer than its bound.',
            entry: 'askToStop',
            on: {
              'slot.stop': {},
              'xstate.done.actor.*': {
                guard: 'isCurrent',
                target: '#slot.down',
                actions: [{ type: 'rememberStop', params: { reason: 'stopped' } }, 'reportDown'],
              },
              'xstate.error.actor.*': {
                guard: 'isCurrent',
                target: '#slot.down',
                actions: [
                  { type: 'rememberStop', params: { reason: 'failed while stopping' } },
                  'reportDown',
                ],
              },
            },
            after: {
              shutdown: {
                target: '#slot.down',
                actions: [
                  { type: 'rememberStop', params: { reason: 'killed: shutdown bound passed' } },
                  'reportDown',
                ],
              },
            },
          },
        },
      },
      fell: {
        description: 'The child ended by itself; the supervisor decides.',
        entry: 'reportFell',
        on: {
          'slot.start': [
            { guard: 'hasDelay', target: 'backoff', actions: 'rememberDelay' },
            { target: 'live' },
          ],
          'slot.abandon': 'down',
          'slot.stop': { target: 'down', actions: 'reportDown' },
        },
      },
    },
  });
}
