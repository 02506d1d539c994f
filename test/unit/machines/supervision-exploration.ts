import { fromCallback } from 'xstate';
import type { AnyActorRef, AnyMachineSnapshot, SnapshotFrom } from 'xstate';
import { resolveChild, resolveTree } from '../../../supervisors/child-spec.ts';
import type { ChildSpec, Strategy, WorkerSpec } from '../../../supervisors/child-spec.ts';
import { slotMachine } from '../../../supervisors/slot.ts';
import type { SlotContext } from '../../../supervisors/slot.ts';
import { createSupervisor } from '../../../supervisors/supervisor.ts';
import { timersOf } from '../../support/explore.ts';
import type { Stimulus } from '../../support/explore.ts';
import type { Exploration } from './exploring.ts';

const STOP_MS = 100;
const SHUTDOWN = { type: 'sup.shutdown', withinMs: 2 * STOP_MS };

/** A slot whose child says nothing by itself. */
const quietSlot = slotMachine.provide({
  actors: { child: fromCallback(() => undefined) },
});

const CHILD: WorkerSpec = {
  id: 'child',
  startMs: 50,
  shutdownMs: STOP_MS,
  heartbeat: { everyMs: 300, missMs: 150 },
  backoff: { baseMs: 50, factor: 2, capMs: 5_000, jitter: 0 },
  stash: 1,
};

/** How the child of a slot ends by itself: its present life, or one before, which is nobody's business any more. */
function endings({ spec, incarnation }: SlotContext): Stimulus[] {
  return [incarnation, incarnation - 1].flatMap((life) => {
    const actorId = `${spec.id}#${life}`;
    return [
      { type: `xstate.done.actor.${actorId}`, actorId },
      { type: `xstate.error.actor.${actorId}`, actorId, error: new Error('crashed') },
    ];
  });
}

/** One child, in all that its supervisor, an operator and it itself can tell its slot. */
export function exploreSlot(spec: Partial<WorkerSpec>): Exploration {
  return {
    machine: quietSlot,
    hasActors: true,
    input: { spec: resolveChild({ ...CHILD, ...spec }) },
    events: ({ context }) => [
      { type: 'slot.start' },
      { type: 'slot.stop' },
      { type: 'slot.wait', delayMs: 50 },
      { type: 'slot.abandon' },
      { type: 'slot.kill' },
      { type: 'slot.suspend' },
      { type: 'slot.resume' },
      { type: 'slot.dead_letter', event: 'text.ready', reason: 'suspended' },
      { type: 'sup.mail', event: { type: 'text.ready' } },
      { type: 'sup.ready' },
      { type: 'sup.pong' },
      { type: 'sup.replace', context: {}, value: null },
      {
        type: 'sup.record',
        record: { kind: 'started', child: 'grandchild', incarnation: 1 },
      },
      ...endings(context as SlotContext),
    ],
    key: ({ context }) => (context as SlotContext).stash.length,
    rests: {},
    shutdown: { type: 'slot.stop' },
    boundMs: STOP_MS,
    hasEnded: ({ value }) => value === 'down',
  };
}

const supervisorMachine = createSupervisor(new Set(['child']), 1).provide({
  actors: { slot: quietSlot },
});
type SupervisorSnapshot = SnapshotFrom<typeof supervisorMachine>;

/** Two children under one supervisor, with their real slots. */
export function exploreSupervisor(strategy: Strategy): Exploration {
  const child: ChildSpec = { ...CHILD, logic: 'child', heartbeat: null, stash: 0 };
  const spec = resolveTree({
    id: 'root',
    type: 'supervisor',
    strategy,
    intensity: { restarts: 1, periodMs: 5_000 },
    children: [
      { ...child, id: 'a' },
      { ...child, id: 'b' },
    ],
  });
  return {
    machine: supervisorMachine,
    hasActors: true,
    input: { spec },
    events: (snapshot) => [
      { type: 'sup.ping' },
      SHUTDOWN,
      { type: 'sup.escalate', reason: 'nothing caught it' },
      { type: 'sup.mail', event: { type: 'text.ready' } },
      ...((snapshot as SupervisorSnapshot).context.recentRestarts > 0
        ? [{ type: 'sup.forget' }]
        : []),
      ...requests(snapshot as SupervisorSnapshot),
      ...slotsOf(snapshot).flatMap(([at, slot]) => slotEvents(at, slot)),
    ],
    key: (snapshot) => {
      const { goal, recentRestarts, pending, plan, awaiting, children } = (
        snapshot as SupervisorSnapshot
      ).context;
      return [
        goal,
        recentRestarts,
        pending.map((work) => [work.kind, 'id' in work ? work.id : '']),
        plan === null ? null : [plan.cause.kind, plan.stop, plan.start, plan.backoff?.id],
        awaiting,
        children.map(({ spec: { id }, status }) => [id, status]),
        slotsOf(snapshot).map(([id, { value }]) => [id, value]),
      ];
    },
    rests: {},
    shutdown: SHUTDOWN,
    boundMs: 2 * STOP_MS,
    // A supervisor that had given up before ends by its error.
    hasEnded: ({ status }) => status !== 'active',
  };
}

/** What an operator asks, one thing at a time. */
function requests({ context }: SupervisorSnapshot): Stimulus[] {
  if (context.pending.length > 0) return [];
  const [spec] = context.spec.children;
  return [
    { op: 'start_child', spec },
    { op: 'terminate_child', id: 'a' },
    { op: 'restart_child', id: 'a' },
    { op: 'delete_child', id: 'a' },
  ].map((body) => ({ type: 'sup.request', requestId: 1, body }));
}

type SlotSnapshot = SnapshotFrom<typeof slotMachine>;

function slotsOf({ children }: AnyMachineSnapshot): [string, SlotSnapshot][] {
  const slots = children as Readonly<Record<string, AnyActorRef>>;
  return Object.entries(slots).map(([id, ref]) => [id, ref.getSnapshot() as SlotSnapshot]);
}

/** What a slot is told by others, by its child and by its timers. */
function slotEvents(at: string, slot: SlotSnapshot): Stimulus[] {
  const mail = { type: 'sup.mail', event: { type: 'text.ready' } };
  if (slot.matches('down') || slot.matches('fell')) return [{ ...mail, at }];
  const [normal, abnormal] = endings(slot.context);
  return [mail, { type: 'sup.ready' }, normal, abnormal, ...timersOf(slot)].flatMap((event) =>
    event === undefined ? [] : [{ ...event, at }],
  );
}
