import type { AnyActorRef, AnyMachineSnapshot, Subscription } from 'xstate';
import { replaced } from './gate.ts';
import { childrenOf } from './reap.ts';
import type { SlotContext } from './slot.ts';

/** Why an operator's wish cannot be granted, in one sentence. */
export class SysError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'SysError';
  }
}

/** The state of one child, as its machine has it. */
export interface ChildState {
  readonly id: string;
  readonly isSuspended: boolean;
  /** The state value of a machine; null for other logic. */
  readonly value: unknown;
  /** Its context; null for other logic. */
  readonly context: unknown;
}

/** One step of a traced child: an event that reached it, or the state that it came to. */
export type TraceStep =
  | { kind: 'event'; actor: string; from: string | null; event: { readonly type: string } }
  | { kind: 'state'; actor: string; status: string; value: unknown };

/**
 * What Erlang's `sys` gives an operator, for the children of a running tree, by id: hold one, look into it, replace its
 * state, follow it, end it. Everything throws a {@link SysError} where it cannot be done.
 */
export class Sys {
  readonly #root: AnyActorRef;

  constructor(root: AnyActorRef) {
    this.#root = root;
  }

  /** Its events wait, in order and bounded, until it is resumed; stopping it resumes it. */
  suspend(id: string): void {
    const slot = this.#upSlot(id);
    if (isSuspended(slot)) throw new SysError(`${id} is suspended already`);
    slot.send({ type: 'slot.suspend' });
  }

  resume(id: string): void {
    const slot = this.#upSlot(id);
    if (!isSuspended(slot)) throw new SysError(`${id} is not suspended`);
    slot.send({ type: 'slot.resume' });
  }

  state(id: string): ChildState {
    const slot = this.#upSlot(id);
    const { value = null, context = null } = snapshotOf(childOf(slot)) as MachineState;
    return {
      id,
      isSuspended: isSuspended(slot),
      value,
      context,
    };
  }

  /**
   * Sets fields of its context, and the state that it is in. As in Erlang nothing runs for it: no entry, no exit, no
   * timer. What its machine cannot be in is refused, and nothing changes.
   */
  replace(
    id: string,
    { context = {}, value }: { context?: Record<string, unknown>; value?: unknown },
  ): void {
    const slot = this.#upSlot(id);
    const child = childOf(slot);
    const snapshot = snapshotOf(child) as AnyMachineSnapshot;
    if (!('machine' in snapshot)) throw new SysError(`${id} is no state machine`);
    const strange = Object.keys(context).find((key) => !(key in Object(snapshot.context)));
    if (strange !== undefined) {
      throw new SysError(`the context of ${id} has no ${JSON.stringify(strange)}`);
    }
    try {
      replaced(snapshot.machine, snapshot, { context, value });
    } catch (thrown) {
      throw new SysError(`${id} cannot be in that state: ${(thrown as Error).message}`);
    }
    slot.send({ type: 'sup.replace', context, value });
  }

  /** Ends it at once, as if it had crashed; its supervisor decides what follows. */
  kill(id: string): void {
    const slot = this.#slot(id);
    if (childrenOf(slot).length === 0) throw new SysError(`${id} is down`);
    slot.send({ type: 'slot.kill' });
  }

  /** Follows a child through its lives until the subscription ends; its own actors below it are not followed. */
  trace(id: string, listener: (step: TraceStep) => void): Subscription {
    this.#slot(id);
    const isOurs = (ref: object): boolean => 'id' in ref && String(ref.id).startsWith(`${id}#`);
    return this.#root.system.inspect({
      next: (inspected) => {
        if (!isOurs(inspected.actorRef)) return;
        const actor = (inspected.actorRef as AnyActorRef).id;
        if (inspected.type === '@xstate.event') {
          const { sourceRef, event } = inspected;
          const from = (sourceRef as AnyActorRef | undefined)?.id ?? null;
          listener({ kind: 'event', actor, from, event });
        } else if (inspected.type === '@xstate.snapshot') {
          const { status, value = null } = inspected.snapshot as MachineState;
          listener({ kind: 'state', actor, status, value });
        }
      },
    });
  }

  /** The running supervisor of a child. */
  supervisorOf(id: string): AnyActorRef {
    const { _parent: supervisor } = this.#slot(id);
    if (supervisor === undefined) throw new SysError(`${id} has no supervisor`);
    return supervisor;
  }

  #slot(id: string): AnyActorRef {
    const slot = this.#root.system.get(`slot:${id}`) as AnyActorRef | undefined;
    if (slot === undefined) throw new SysError(`there is no child "${id}" in the tree`);
    return slot;
  }

  #upSlot(id: string): AnyActorRef {
    const slot = this.#slot(id);
    const { value } = snapshotOf(slot) as MachineState;
    if (typeof value !== 'object' || value === null || !('live' in value))
      throw new SysError(`${id} is down`);
    const { live } = value;
    if (typeof live === 'string') throw new SysError(`${id} is ${live}`);
    return slot;
  }
}

/** What is looked at in the snapshot of a machine; other logic has neither value nor context. */
interface MachineState {
  readonly status: string;
  readonly value?: unknown;
  readonly context?: unknown;
}

function snapshotOf(ref: AnyActorRef): unknown {
  return ref.getSnapshot() as unknown;
}

function isSuspended(slot: AnyActorRef): boolean {
  return (snapshotOf(slot) as AnyMachineSnapshot).matches({ live: { up: 'suspended' } });
}

function childOf(slot: AnyActorRef): AnyActorRef {
  const child = childrenOf(slot).at(0);
  const { spec } = (snapshotOf(slot) as { context: SlotContext }).context;
  if (child === undefined) throw new SysError(`${spec.id} is down`);
  return child;
}
