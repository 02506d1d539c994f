import { assign, enqueueActions, sendParent, sendTo, setup } from 'xstate';
import type { AnyActorLogic, AnyActorRef, AnyEventObject } from 'xstate';
import type { Child } from './child-spec.ts';
import type { GateEvent } from './gate.ts';
import type { Mail } from './mail.ts';
import { childrenOf, reap } from './reap.ts';
import type { Exit, SupervisionRecord } from './records.ts';

/** What a slot is told by its supervisor, its child and an operator. */
export type SlotEvent =
  | { type: 'slot.start' }
  | { type: 'slot.stop' }
  /** The child has fallen: wait so long, and say `slot.due`. */
  | { type: 'slot.wait'; delayMs: number }
  /** The child has fallen, and is not started again. */
  | { type: 'slot.abandon' }
  /** Ends the child at once, as if it had crashed. */
  | { type: 'slot.kill' }
  | { type: 'slot.suspend' }
  | { type: 'slot.resume' }
  | { type: 'slot.dead_letter'; event: string; reason: string }
  | GateEvent
  | Mail
  | { type: 'sup.ready' }
  | { type: 'sup.pong' }
  | { type: 'sup.record'; record: SupervisionRecord };

/** What a slot tells its supervisor. */
export type SlotReport =
  | { type: 'slot.up'; id: string; incarnation: number }
  /** The answer to `slot.stop`; `reason` is null when there was nothing to stop. */
  | { type: 'slot.down'; id: string; incarnation: number; reason: string | null }
  | {
      type: 'slot.fell';
      id: string;
      incarnation: number;
      exit: Exit;
      reason: string;
      isStarting: boolean;
      attempts: number;
    }
  | { type: 'slot.due'; id: string }
  | { type: 'slot.record'; record: SupervisionRecord };

export interface SlotContext {
  readonly spec: Child;
  /** Counts the child's lives; 0 before the first. */
  readonly incarnation: number;
  /** Falls since the child was last stable. */
  readonly attempts: number;
  /** Falls in all. */
  readonly falls: number;
  readonly delayMs: number;
  readonly exit: Exit;
  /** Why the child last ended; empty if it never did. */
  readonly reason: string;
  readonly stash: readonly AnyEventObject[];
  readonly deadLetters: number;
}

interface ChildExit {
  type: string;
  actorId?: string;
  error?: unknown;
  output?: unknown;
}

/** A share of the bound is left for the child's last steps, so that one which keeps to its own is not killed. */
const DRAIN_SHARE = 0.9;

/** The longest that a timer can be; a guard keeps what is unbounded from ending by it. */
const FOR_EVER_MS = 2 ** 31 - 1;

/** The name of a nested supervisor's logic among the actors; no worker can have it. */
export const SUPERVISOR = '(supervisor)';

const childIdOf = (context: SlotContext): string =>
  `${context.spec.id}#${String(context.incarnation)}`;

/** How an actor ended: an error or an output may carry `exit: 'shutdown'`, as an escalation does. */
function endOf({ error, output }: ChildExit): { exit: Exit; reason: string } {
  if (error === undefined) {
    const exit = isShutdown(output) ? 'shutdown' : 'normal';
    return { exit, reason: exit };
  }
  const reason = error instanceof Error ? error.message : JSON.stringify(error);
  return { exit: isShutdown(error) ? 'shutdown' : 'abnormal', reason };
}

function isShutdown(value: unknown): boolean {
  return (
    typeof value === 'object' && value !== null && 'exit' in value && value.exit === 'shutdown'
  );
}

const bounded = (bound: number | string): number =>
  typeof bound === 'number' ? Math.min(bound, FOR_EVER_MS) : FOR_EVER_MS;

/** None here: `supervise` provides them by name. */
const WORKERS: Record<string, AnyActorLogic> = {};

/**
 * One child's life, from its first start to its last stop. It knows how to start, watch and stop one child, and keeps
 * its mail while it is down; whether a fallen child starts again is its supervisor's business. The actors are provided
 * by name.
 */
export const slotMachine = setup({
  types: {
    context: {} as SlotContext,
    events: {} as SlotEvent,
    input: {} as { spec: Child },
  },
  actors: WORKERS,
  delays: {
    start: ({ context }) => bounded(context.spec.startMs),
    backoff: ({ context }) => context.delayMs,
    shutdown: ({ context }) => bounded(context.spec.shutdownMs),
    stable: ({ context }) => context.spec.stableMs,
    heartbeat: ({ context }) => context.spec.heartbeat?.everyMs ?? FOR_EVER_MS,
    miss: ({ context }) => context.spec.heartbeat?.missMs ?? FOR_EVER_MS,
  },
  guards: {
    isCurrent: ({ context, event }) => (event as ChildExit).actorId === childIdOf(context),
    /** As of a supervisor that was giving up when it was asked to stop. */
    isShutdown: ({ context, event }) =>
      (event as ChildExit).actorId === childIdOf(context) && isShutdown((event as ChildExit).error),
    isUpAtOnce: ({ context }) => context.spec.startMs === 'immediate',
    isKilledToStop: ({ context }) => context.spec.shutdownMs === 'brutal_kill',
    hasStartBound: ({ context }) => typeof context.spec.startMs === 'number',
    hasShutdownBound: ({ context }) => typeof context.spec.shutdownMs === 'number',
    hasHeartbeat: ({ context }) => context.spec.heartbeat !== null,
    hasRoom: ({ context }) => context.stash.length < context.spec.stash,
  },
  actions: {
    spawn: enqueueActions(({ enqueue, context }) => {
      const { spec } = context;
      const incarnation = context.incarnation + 1;
      enqueue.assign({ incarnation, delayMs: 0 });
      enqueue.spawnChild(spec.type === 'supervisor' ? SUPERVISOR : spec.logic, {
        id: childIdOf({ ...context, incarnation }),
        systemId: spec.id,
        input: spec.type === 'supervisor' ? { spec } : spec.input,
      });
    }),
    kill: enqueueActions(({ enqueue, context, self }) => {
      const id = childIdOf(context);
      const { children } = self.getSnapshot() as {
        children: Record<string, AnyActorRef | undefined>;
      };
      const ref = children[id];
      if (ref === undefined) return;
      const lost = context.spec.type === 'supervisor' ? stashedBelow(ref) : [];
      for (const { child, type } of lost) {
        enqueue.sendTo(({ self: slot }) => parentOf(slot), {
          type: 'slot.record',
          record: { kind: 'dead_letter', child, event: type, reason: 'its supervisor was killed' },
        } satisfies SlotReport);
      }
      enqueue(() => {
        if ((ref.getSnapshot() as { status: string }).status === 'error') reap(ref);
      });
      enqueue.stopChild(id);
    }),
    ping: sendTo(({ context }) => childIdOf(context), { type: 'sup.ping' }),
    askToStop: sendTo(
      ({ context }) => childIdOf(context),
      ({ context }) => ({
        type: 'sup.shutdown',
        withinMs: Math.floor(bounded(context.spec.shutdownMs) * DRAIN_SHARE),
      }),
    ),
    suspend: sendTo(({ context }) => childIdOf(context), { type: 'sup.suspend' }),
    resume: sendTo(({ context }) => childIdOf(context), { type: 'sup.resume' }),
    passDown: sendTo(
      ({ context }) => childIdOf(context),
      ({ event }) => event,
    ),
    rememberDelay: assign({
      delayMs: ({ event }) => (event.type === 'slot.wait' ? event.delayMs : 0),
    }),
    rememberEnd: assign(({ context, event }) => ({
      ...endOf(event as ChildExit),
      attempts: context.attempts + 1,
      falls: context.falls + 1,
    })),
    rememberFailure: assign(({ context }, { reason }: { reason: string }) => ({
      exit: 'abnormal' as const,
      reason,
      attempts: context.attempts + 1,
      falls: context.falls + 1,
    })),
    rememberStop: assign((_, { reason }: { reason: string }) => ({ reason })),
    forgive: assign({ attempts: 0 }),
    reportUp: sendParent(({ context }): SlotReport => ({
      type: 'slot.up',
      id: context.spec.id,
      incarnation: context.incarnation,
    })),
    reportStopped: sendParent(({ context }): SlotReport => ({
      type: 'slot.down',
      id: context.spec.id,
      incarnation: context.incarnation,
      reason: context.reason,
    })),
    reportDown: sendParent(({ context }): SlotReport => ({
      type: 'slot.down',
      id: context.spec.id,
      incarnation: context.incarnation,
      reason: null,
    })),
    reportFell: sendParent(({ context }, { isStarting }: { isStarting: boolean }): SlotReport => ({
      type: 'slot.fell',
      id: context.spec.id,
      incarnation: context.incarnation,
      exit: context.exit,
      reason: context.reason,
      isStarting,
      attempts: context.attempts,
    })),
    reportDue: sendParent(({ context }): SlotReport => ({ type: 'slot.due', id: context.spec.id })),
    relayRecord: sendParent(({ event }): SlotReport => {
      if (event.type !== 'sup.record') throw new Error(`${event.type} is no record`);
      return { type: 'slot.record', record: event.record };
    }),
    keep: assign({
      stash: ({ context, event }) =>
        event.type === 'sup.mail' ? [...context.stash, event.event] : context.stash,
    }),
    handOver: sendTo(
      ({ context }) => childIdOf(context),
      ({ event }) => (event as Mail).event,
    ),
    unstash: enqueueActions(({ enqueue, context }) => {
      for (const event of context.stash) enqueue.sendTo(childIdOf(context), event);
      enqueue.assign({ stash: [] });
    }),
    refuse: enqueueActions(({ enqueue, context, event }) => {
      if (event.type === 'sup.mail') {
        enqueue.assign({ deadLetters: context.deadLetters + 1 });
        enqueue.sendTo(
          ({ self }) => parentOf(self),
          deadLetter(context, event.event.type, downReason(context)),
        );
      } else if (event.type === 'slot.dead_letter') {
        enqueue.assign({ deadLetters: context.deadLetters + 1 });
        enqueue.sendTo(
          ({ self }) => parentOf(self),
          deadLetter(context, event.event, event.reason),
        );
      }
    }),
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
    exit: 'normal',
    reason: '',
    stash: [],
    deadLetters: 0,
  }),
  on: {
    // What an earlier incarnation still says is nobody's business, and must not climb as an error.
    'xstate.error.actor.*': {},
    'xstate.done.actor.*': {},
    'slot.stop': { actions: 'reportDown' },
    'slot.dead_letter': { actions: 'refuse' },
    'sup.mail': [{ guard: 'hasRoom', actions: 'keep' }, { actions: 'refuse' }],
    'sup.record': { actions: 'relayRecord' },
  },
  states: {
    down: {
      description: 'Not started, or stopped on request.',
      on: { 'slot.start': 'live' },
    },
    fell: {
      description: 'The child ended by itself; the supervisor decides.',
      on: {
        'slot.start': 'live',
        'slot.wait': { target: 'backoff', actions: 'rememberDelay' },
        'slot.abandon': 'down',
        'slot.stop': { target: 'down', actions: 'reportDown' },
      },
    },
    backoff: {
      description: 'Waits before the child is started again.',
      after: { backoff: { target: 'fell', actions: 'reportDue' } },
      on: {
        'slot.start': 'live',
        'slot.abandon': 'down',
        'slot.stop': { target: 'down', actions: 'reportDown' },
      },
    },
    live: {
      initial: 'starting',
      entry: 'spawn',
      exit: 'kill',
      on: {
        'slot.start': {},
        'slot.stop': [
          {
            guard: 'isKilledToStop',
            target: 'down',
            actions: [{ type: 'rememberStop', params: { reason: 'killed' } }, 'reportStopped'],
          },
          { target: '.draining' },
        ],
        'sup.mail': { actions: 'handOver' },
      },
      states: {
        starting: {
          description: 'The child runs and has not said yet that it has started.',
          always: { guard: 'isUpAtOnce', target: 'up' },
          on: {
            'sup.ready': 'up',
            'slot.kill': {
              target: '#slot.fell',
              actions: [
                { type: 'rememberFailure', params: { reason: 'killed' } },
                { type: 'reportFell', params: { isStarting: true } },
              ],
            },
            'xstate.error.actor.*': {
              guard: 'isCurrent',
              target: '#slot.fell',
              actions: ['rememberEnd', { type: 'reportFell', params: { isStarting: true } }],
            },
            'xstate.done.actor.*': {
              guard: 'isCurrent',
              target: '#slot.fell',
              actions: ['rememberEnd', { type: 'reportFell', params: { isStarting: true } }],
            },
          },
          after: {
            start: {
              guard: 'hasStartBound',
              target: '#slot.fell',
              actions: [
                { type: 'rememberFailure', params: { reason: 'start deadline passed' } },
                { type: 'reportFell', params: { isStarting: true } },
              ],
            },
          },
        },
        up: {
          entry: ['reportUp', 'unstash'],
          initial: 'idle',
          after: { stable: { actions: 'forgive' } },
          on: {
            'slot.suspend': { target: '.suspended', actions: 'suspend' },
            'sup.replace': { actions: 'passDown' },
            'slot.kill': {
              target: '#slot.fell',
              actions: [
                { type: 'rememberFailure', params: { reason: 'killed' } },
                { type: 'reportFell', params: { isStarting: false } },
              ],
            },
            'xstate.error.actor.*': {
              guard: 'isCurrent',
              target: '#slot.fell',
              actions: ['rememberEnd', { type: 'reportFell', params: { isStarting: false } }],
            },
            'xstate.done.actor.*': {
              guard: 'isCurrent',
              target: '#slot.fell',
              actions: ['rememberEnd', { type: 'reportFell', params: { isStarting: false } }],
            },
          },
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
                  actions: [
                    { type: 'rememberFailure', params: { reason: 'heartbeat missed' } },
                    { type: 'reportFell', params: { isStarting: false } },
                  ],
                },
              },
            },
            suspended: {
              description: 'An operator holds it: its events wait in order, and it is not pinged.',
              on: {
                'slot.suspend': {},
                'slot.resume': { target: 'idle', actions: 'resume' },
                'slot.stop': [
                  {
                    guard: 'isKilledToStop',
                    target: '#slot.down',
                    actions: [
                      { type: 'rememberStop', params: { reason: 'killed' } },
                      'reportStopped',
                    ],
                  },
                  { target: '#slot.live.draining', actions: 'resume' },
                ],
              },
            },
          },
        },
        draining: {
          description: 'Asked to stop; killed when it takes longer than its bound.',
          entry: 'askToStop',
          on: {
            'slot.stop': {},
            'slot.kill': {
              target: '#slot.down',
              actions: [{ type: 'rememberStop', params: { reason: 'killed' } }, 'reportStopped'],
            },
            'xstate.done.actor.*': {
              guard: 'isCurrent',
              target: '#slot.down',
              actions: [{ type: 'rememberStop', params: { reason: 'stopped' } }, 'reportStopped'],
            },
            'xstate.error.actor.*': [
              {
                guard: 'isShutdown',
                target: '#slot.down',
                actions: [{ type: 'rememberStop', params: { reason: 'stopped' } }, 'reportStopped'],
              },
              {
                guard: 'isCurrent',
                target: '#slot.down',
                actions: [
                  { type: 'rememberStop', params: { reason: 'failed while stopping' } },
                  'reportStopped',
                ],
              },
            ],
          },
          after: {
            shutdown: {
              guard: 'hasShutdownBound',
              target: '#slot.down',
              actions: [
                { type: 'rememberStop', params: { reason: 'killed: shutdown bound passed' } },
                'reportStopped',
              ],
            },
          },
        },
      },
    },
  },
});

function deadLetter(context: SlotContext, event: string, reason: string): SlotReport {
  return {
    type: 'slot.record',
    record: { kind: 'dead_letter', child: context.spec.id, event, reason },
  };
}

function downReason(context: SlotContext): string {
  return context.spec.stash === 0
    ? 'down'
    : `down, and its stash of ${String(context.spec.stash)} is full`;
}

/** The mail that still waits below a running supervisor, and goes with it. */
function stashedBelow(ref: AnyActorRef): { child: string; type: string }[] {
  const { status } = ref.getSnapshot() as { status: string };
  if (status !== 'active') return [];
  return childrenOf(ref).flatMap((slot) => {
    const { context } = slot.getSnapshot() as { context?: Partial<SlotContext> };
    const { spec, stash = [] } = context ?? {};
    if (spec === undefined) return [];
    const own = stash.map(({ type }) => ({ child: spec.id, type }));
    return [...own, ...childrenOf(slot).flatMap(stashedBelow)];
  });
}

function parentOf(self: AnyActorRef): AnyActorRef {
  if (self._parent === undefined) throw new Error('a slot has no life without a supervisor');
  return self._parent;
}
