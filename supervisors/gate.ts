import type { AnyActorLogic, AnyActorRef, AnyEventObject, AnyMachineSnapshot } from 'xstate';
import { derive, isOwn } from './mail.ts';
import type { PlainLogic } from './mail.ts';

/** Hears of every transition of the supervised actors, so that a watchdog can say which one was running. */
export interface TransitionMonitor {
  enter(actorId: string, eventType: string): void;
  leave(): void;
}

/** What an operator may tell a child, through its slot. */
export type GateEvent =
  | { type: 'sup.suspend' }
  | { type: 'sup.resume' }
  /** Fields of the context to be set, and the state value to be in; nothing is entered, left or timed by it. */
  | { type: 'sup.replace'; context: Record<string, unknown>; value: unknown };

/** Events that a suspended child keeps; what is beyond becomes dead letters. */
export const SUSPENDED_EVENTS = 1_000;

/**
 * The same logic behind a gate: suspended, it keeps its events in order until it is resumed, timers' included. Its
 * supervisor's own events pass at any time.
 */
export function gated<TLogic extends AnyActorLogic>(
  logic: TLogic,
  monitor: TransitionMonitor | null,
): TLogic {
  const waiting = new WeakMap<AnyActorRef, AnyEventObject[]>();

  const { transition } = logic as PlainLogic;
  const step: PlainLogic['transition'] = (snapshot, event, scope) => {
    const { self } = scope;
    const kept = waiting.get(self);
    if (kept !== undefined && !isPassing(event)) {
      if (kept.length < SUSPENDED_EVENTS) kept.push(event);
      else deadLetter(self, event, 'suspended, and its queue is full');
      return snapshot;
    }
    switch (event.type) {
      case 'xstate.stop':
        waiting.delete(self);
        discard(self, kept ?? []);
        return transition(snapshot, event, scope);
      case 'sup.suspend':
        if (kept === undefined) waiting.set(self, []);
        return snapshot;
      case 'sup.resume': {
        waiting.delete(self);
        const left = kept ?? [];
        let next = snapshot;
        try {
          while (next.status === 'active') {
            const one = left.shift();
            if (one === undefined) break;
            next = transition(next, one, scope);
          }
        } finally {
          discard(self, left);
        }
        return next;
      }
      case 'sup.replace':
        return replaced(logic, snapshot as AnyMachineSnapshot, event as ReplaceEvent);
      default:
        return transition(snapshot, event, scope);
    }
  };
  if (monitor === null) return derive(logic, step);
  return derive(logic, (snapshot, event, scope) => {
    monitor.enter(scope.self.id, event.type);
    try {
      return step(snapshot, event, scope);
    } finally {
      monitor.leave();
    }
  });
}

type ReplaceEvent = Extract<GateEvent, { type: 'sup.replace' }>;

function isPassing({ type }: AnyEventObject): boolean {
  return type.startsWith('sup.') || type === 'xstate.stop';
}

function deadLetter(child: AnyActorRef, event: AnyEventObject, reason: string): void {
  child._parent?.send({ type: 'slot.dead_letter', event: event.type, reason });
}

/**
 * What a child has not come to when it ends; its own timers and actors are nobody's mail. The root hears of it, since
 * its slot may end with it.
 */
function discard(child: AnyActorRef, left: readonly AnyEventObject[]): void {
  const reason = 'it ended before it came to this event';
  for (const event of left) {
    if (isOwn(event)) continue;
    rootOf(child).send({
      type: 'slot.record',
      record: { kind: 'dead_letter', child: nameOf(child), event: event.type, reason },
    });
  }
}

function rootOf(ref: AnyActorRef): AnyActorRef {
  return ref._parent === undefined ? ref : rootOf(ref._parent);
}

/** Without the number of its life. */
function nameOf({ id }: AnyActorRef): string {
  return id.replace(/#\d+$/, '');
}

/** Throws when the machine has no such state. */
export function replaced(
  logic: AnyActorLogic,
  snapshot: AnyMachineSnapshot,
  { context, value }: Pick<ReplaceEvent, 'context' | 'value'>,
): AnyMachineSnapshot {
  const before: MachineState = snapshot;
  const machine = logic as unknown as { resolveState(state: object): object };
  const resolved = machine.resolveState({
    value: value ?? before.value,
    context: { ...before.context, ...context },
    historyValue: before.historyValue,
  });
  return { ...resolved, children: before.children } as AnyMachineSnapshot;
}

interface MachineState {
  readonly value: unknown;
  readonly context: object;
  readonly children: unknown;
  readonly historyValue: unknown;
}
