import { enqueueActions, setup } from 'xstate';
import type { AnyActorRef, AnyEventObject } from 'xstate';
import type { Child, Supervisor } from './child-spec.ts';
import type { Mail } from './mail.ts';
import {
  beginBackoff,
  boot,
  failStart,
  finish,
  giveUp,
  keep,
  noteDown,
  noteUp,
  shutDown,
  takeNext,
} from './operations.ts';
import type { Step, SupervisorContext } from './operations.ts';
import type { Work } from './plan.ts';
import type { SupervisionEmitted, SupervisionRecord } from './records.ts';
import type { SupervisorReply, SupervisorRequest } from './requests.ts';
import { slotMachine } from './slot.ts';
import type { SlotContext, SlotReport } from './slot.ts';

/** A supervisor gave up: its restarts exceeded its intensity. For its own supervisor that is a `shutdown`. */
export class EscalationError extends Error {
  readonly exit = 'shutdown';

  constructor(message: string) {
    super(message);
    this.name = 'EscalationError';
  }
}

/** A supervisor could not start one of its children, and so not start at all. */
export class StartError extends Error {
  readonly exit = 'shutdown';

  constructor(message: string) {
    super(message);
    this.name = 'StartError';
  }
}

export type SupervisorEvent =
  | SlotReport
  | Mail
  | { type: 'sup.ping' }
  | { type: 'sup.shutdown'; withinMs?: number }
  /** Gives up, as if its intensity were exceeded: how an error that nothing caught becomes an escalation. */
  | { type: 'sup.escalate'; reason: string }
  | { type: 'sup.request'; requestId: number; body: SupervisorRequest }
  | { type: 'sup.forget' }
  | { type: 'sup.fail' };

type Emitted =
  SupervisionEmitted | { type: 'sup.reply'; requestId: number; reply: SupervisorReply };

/** What of XState's `enqueue` a step is carried out with. */
interface Enqueue {
  assign(context: SupervisorContext): void;
  emit(event: Emitted): void;
  raise(event: { type: 'sup.forget' }, options: { id: string; delay: number }): void;
  sendTo(target: AnyActorRef | string, event: AnyEventObject): void;
  spawnChild(src: 'slot', options: { id: string; systemId: string; input: { spec: Child } }): void;
  stopChild(id: string): void;
}

const slotId = (childId: string): string => `slot:${childId}`;

/** Carries a step out. */
function perform(enqueue: Enqueue, self: AnyActorRef, { context, effects }: Step): void {
  enqueue.assign(context);
  for (const effect of effects) {
    switch (effect.kind) {
      case 'create': {
        const id = slotId(effect.spec.id);
        enqueue.spawnChild('slot', { id, systemId: id, input: { spec: effect.spec } });
        break;
      }
      case 'remove':
        bury(enqueue, self, effect.id);
        enqueue.stopChild(slotId(effect.id));
        break;
      case 'tell':
        enqueue.sendTo(slotId(effect.id), effect.event);
        break;
      case 'record':
        tellRecord(enqueue, self, effect.record);
        break;
      case 'reply':
        enqueue.emit({ type: 'sup.reply', requestId: effect.requestId, reply: effect.reply });
        break;
      case 'ready':
        if (self._parent !== undefined) enqueue.sendTo(self._parent, { type: 'sup.ready' });
        break;
      case 'forget':
        enqueue.raise(
          { type: 'sup.forget' },
          { id: `restart:${String(effect.serial)}`, delay: effect.afterMs },
        );
    }
  }
}

/** Records climb from supervisor to supervisor, and the root emits them. */
function tellRecord(enqueue: Enqueue, self: AnyActorRef, record: SupervisionRecord): void {
  if (self._parent === undefined) enqueue.emit({ type: 'supervision.record', record });
  else enqueue.sendTo(self._parent, { type: 'sup.record', record });
}

/** What a stash still holds when nothing will be started there any more becomes dead letters. */
function bury(enqueue: Enqueue, self: AnyActorRef, child: string): void {
  const { children } = self.getSnapshot() as { children: Record<string, AnyActorRef | undefined> };
  const slot = children[slotId(child)]?.getSnapshot() as { context: SlotContext } | undefined;
  for (const { type } of slot?.context.stash ?? []) {
    const reason = 'stopped for good';
    tellRecord(enqueue, self, { kind: 'dead_letter', child, event: type, reason });
  }
}

function recordOf(event: SupervisorEvent): SupervisionRecord | null {
  switch (event.type) {
    case 'slot.up':
      return { kind: 'started', child: event.id, incarnation: event.incarnation };
    case 'slot.down': {
      const { id, incarnation, reason } = event;
      return reason === null ? null : { kind: 'stopped', child: id, incarnation, reason };
    }
    case 'slot.fell': {
      const { id, incarnation, exit, reason, isStarting } = event;
      return { kind: 'fell', child: id, incarnation, exit, reason, isStarting };
    }
    case 'slot.record':
      return event.record;
    case 'sup.mail':
      return { kind: 'dead_letter', child: '', event: event.event.type, reason: 'no such child' };
    default:
      return null;
  }
}

function workOf(event: SupervisorEvent): Work | null {
  switch (event.type) {
    case 'slot.fell':
      return { kind: 'fell', report: event };
    case 'slot.due':
      return { kind: 'due', id: event.id };
    case 'sup.request':
      return { kind: 'request', requestId: event.requestId, body: event.body };
    default:
      return null;
  }
}

/**
 * One supervisor: OTP's rules over its slots, one operation at a time, in the order in which its children fell and it
 * was asked. Its context is JSON; time is `after` and delayed events alone.
 */
export function createSupervisor(logics: ReadonlySet<string>, seed: number) {
  return setup({
    types: {
      context: {} as SupervisorContext,
      events: {} as SupervisorEvent,
      input: {} as { spec: Supervisor },
      output: {} as { exit: 'normal' | 'shutdown' },
      emitted: {} as Emitted,
    },
    actors: { slot: slotMachine },
    guards: {
      isEnding: ({ context }) => context.goal !== 'run',
      hasPlan: ({ context }) => context.plan !== null,
      hasPending: ({ context }) => context.pending.length > 0,
      hasStops: ({ context }) => context.plan !== null && context.plan.stop.length > 0,
      hasStarts: ({ context }) => context.plan !== null && context.plan.start.length > 0,
      hasBackoff: ({ context }) => context.plan !== null && context.plan.backoff !== null,
      isFollowing: ({ context: { plan } }) =>
        plan !== null && plan.cause.kind !== 'boot' && plan.start.length > 0,
      isOrderly: ({ context }) => context.goal === 'stop' || context.goal === 'auto_shutdown',
      isOfWave: ({ context, event }) =>
        event.type === 'slot.down' && (context.plan?.stop[0]?.includes(event.id) ?? false),
      isUpAsPlanned: ({ context, event }) =>
        event.type === 'slot.up' && event.id === context.plan?.start[0],
      isFailedStart: ({ context, event }) =>
        event.type === 'slot.fell' && event.isStarting && event.id === context.plan?.start[0],
    },
    actions: {
      boot: enqueueActions(({ enqueue, context, self }) => {
        perform(enqueue, self, boot(context));
      }),
      takeNext: enqueueActions(({ enqueue, context, self, system }) => {
        const isTaken = (id: string): boolean => system.get(slotId(id)) !== undefined;
        perform(enqueue, self, takeNext(context, { logics, seed, isTaken }));
      }),
      keep: enqueueActions(({ enqueue, context, event, self }) => {
        const work = workOf(event);
        if (work !== null) perform(enqueue, self, keep(context, work));
      }),
      stopWave: enqueueActions(({ enqueue, context }) => {
        for (const id of context.plan?.stop[0] ?? []) {
          enqueue.sendTo(slotId(id), { type: 'slot.stop' });
        }
      }),
      noteDown: enqueueActions(({ enqueue, context, event, self }) => {
        if (event.type === 'slot.down') perform(enqueue, self, noteDown(context, event.id));
      }),
      beginBackoff: enqueueActions(({ enqueue, context, self }) => {
        perform(enqueue, self, beginBackoff(context));
      }),
      startNext: enqueueActions(({ enqueue, context }) => {
        const id = context.plan?.start[0];
        if (id !== undefined) enqueue.sendTo(slotId(id), { type: 'slot.start' });
      }),
      noteUp: enqueueActions(({ enqueue, context, event, self }) => {
        if (event.type === 'slot.up') perform(enqueue, self, noteUp(context, event.id));
      }),
      failStart: enqueueActions(({ enqueue, context, event, self }) => {
        if (event.type === 'slot.fell') perform(enqueue, self, failStart(context, event));
      }),
      finish: enqueueActions(({ enqueue, context, self }) => {
        perform(enqueue, self, finish(context));
      }),
      forget: enqueueActions(({ enqueue, context }) => {
        enqueue.assign({ recentRestarts: context.recentRestarts - 1 });
      }),
      shutDown: enqueueActions(({ enqueue, context, self }) => {
        perform(enqueue, self, shutDown(context));
      }),
      giveUp: enqueueActions(({ enqueue, context, event, self }) => {
        if (event.type === 'sup.escalate') perform(enqueue, self, giveUp(context, event.reason));
      }),
      // A machine that throws would leave its slots running.
      bury: enqueueActions(({ enqueue, context, self }) => {
        for (const { spec } of context.children) {
          bury(enqueue, self, spec.id);
          enqueue.stopChild(slotId(spec.id));
        }
      }),
      tell: enqueueActions(({ enqueue, event, self }) => {
        const record = recordOf(event);
        if (record !== null) tellRecord(enqueue, self, record);
      }),
      answerPing: enqueueActions(({ enqueue, self }) => {
        if (self._parent !== undefined) enqueue.sendTo(self._parent, { type: 'sup.pong' });
      }),
      failNext: enqueueActions(({ enqueue, self }) => {
        enqueue.sendTo(self, { type: 'sup.fail' });
      }),
      fail: ({ context }) => {
        throw context.goal === 'fail'
          ? new EscalationError(context.reason)
          : new StartError(context.reason);
      },
    },
  }).createMachine({
    id: 'supervisor',
    initial: 'boot',
    context: ({ input }) => ({
      spec: input.spec,
      children: [],
      recentRestarts: 0,
      restarts: 0,
      pending: [],
      plan: null,
      awaiting: {},
      serial: 0,
      goal: 'run',
      reason: '',
    }),
    output: ({ context }) => ({
      exit: context.goal === 'auto_shutdown' ? ('shutdown' as const) : ('normal' as const),
    }),
    on: {
      'sup.ping': { actions: 'answerPing' },
      'sup.shutdown': { target: '.ending', actions: 'shutDown' },
      'sup.escalate': { target: '.ending', actions: 'giveUp' },
      'sup.request': { actions: 'keep' },
      'sup.forget': { actions: 'forget' },
      'sup.mail': { actions: 'tell' },
      'slot.up': { actions: 'tell' },
      'slot.down': { actions: 'tell' },
      'slot.fell': { actions: ['tell', 'keep'] },
      'slot.due': { actions: 'keep' },
      'slot.record': { actions: 'tell' },
    },
    states: {
      boot: {
        description: 'Creates the slots, and plans to start each.',
        entry: 'boot',
        always: 'executing',
      },
      running: {
        description: 'Nothing is under way; what has come in meanwhile is looked at, in order.',
        always: [
          { guard: 'isEnding', target: 'ending' },
          { guard: 'hasPlan', target: 'executing' },
          { guard: 'hasPending', actions: 'takeNext' },
        ],
      },
      executing: {
        description: 'One operation is under way; what comes in meanwhile waits for its end.',
        initial: 'stopping',
        states: {
          stopping: {
            description: 'Looks for what the plan has still to stop.',
            always: [
              { guard: 'hasStops', target: 'stoppingWave' },
              { guard: 'hasBackoff', target: '#supervisor.running', actions: 'beginBackoff' },
              { guard: 'isFollowing', target: 'clearing' },
              { target: 'starting' },
            ],
          },
          clearing: {
            description:
              'Lets what was stopped come to its end: its own event may have brought us here, on one stack.',
            after: { 0: 'starting' },
          },
          stoppingWave: {
            description: 'Waits until what it told to stop is down.',
            entry: 'stopWave',
            on: {
              'slot.down': [
                { guard: 'isOfWave', target: 'stopping', actions: ['tell', 'noteDown'] },
                { actions: 'tell' },
              ],
            },
          },
          starting: {
            description: 'Looks for what the plan has still to start.',
            always: [
              { guard: 'hasStarts', target: 'startingNext' },
              { target: '#supervisor.running', actions: 'finish' },
            ],
          },
          startingNext: {
            description: 'Waits until the child that it started is up.',
            entry: 'startNext',
            on: {
              'slot.up': [
                { guard: 'isUpAsPlanned', target: 'starting', actions: ['tell', 'noteUp'] },
                { actions: 'tell' },
              ],
              'slot.fell': [
                {
                  guard: 'isFailedStart',
                  target: '#supervisor.running',
                  actions: ['tell', 'failStart'],
                },
                { actions: ['tell', 'keep'] },
              ],
            },
          },
        },
      },
      ending: {
        description: 'Every child is stopped; what else comes in is refused.',
        initial: 'stopping',
        states: {
          stopping: {
            description: 'Looks for what is still to be stopped.',
            always: [
              { guard: 'hasStops', target: 'stoppingWave' },
              { guard: 'isOrderly', target: '#supervisor.stopped' },
              { target: '#supervisor.failed' },
            ],
          },
          stoppingWave: {
            description: 'Waits until what it told to stop is down.',
            entry: 'stopWave',
            on: {
              'slot.down': [
                { guard: 'isOfWave', target: 'stopping', actions: ['tell', 'noteDown'] },
                { actions: 'tell' },
              ],
            },
          },
        },
      },
      stopped: { description: 'Every child is down.', type: 'final', entry: 'bury' },
      failed: {
        description: 'Gave up, or could not start; its own supervisor hears of it.',
        // In a step of its own: what is told and sent in a step that throws is lost.
        entry: ['bury', 'failNext'],
        on: { 'sup.fail': { actions: 'fail' } },
      },
    },
  });
}
