import type { AnyActorRef } from 'xstate';
import type { Restart } from './child-spec.ts';
import { childrenOf } from './reap.ts';
import type { SlotContext } from './slot.ts';
import type { SupervisorContext } from './operations.ts';

/** One child of the tree as it is now. */
export interface ChildStatus {
  readonly id: string;
  readonly type: 'worker' | 'supervisor';
  /** The slot's own state, such as `up`, `backoff` or `down`. */
  readonly slot: string;
  /** The state of the child's machine, as a path; empty while it is down. */
  readonly state: string;
  readonly incarnation: number;
  readonly restarts: number;
  /** Of a supervisor: its restarts within its period, and how many it may have; null for a worker. */
  readonly intensity: {
    readonly restarts: number;
    readonly most: number;
    readonly periodMs: number;
  } | null;
  readonly restart: Restart;
  /** Why it last ended; empty if it never did. */
  readonly reason: string;
  /** How long this incarnation has run; null while it is down. */
  readonly ageMs: number | null;
  readonly why: string;
  readonly children: readonly ChildStatus[];
}

/** When actors were created: XState does not say. */
export class Births {
  readonly #at = new WeakMap<object, number>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  note(ref: object): void {
    this.#at.set(ref, this.#now());
  }

  ageMs(ref: object): number | null {
    const at = this.#at.get(ref);
    return at === undefined ? null : Math.round(this.#now() - at);
  }
}

interface MachineSnapshot<TContext> {
  readonly context: TContext;
  readonly value: unknown;
}

/** The live tree below a running supervisor, in its own order. */
export function statusOfTree(supervisor: AnyActorRef, births: Births): ChildStatus[] {
  const { context } = supervisor.getSnapshot() as MachineSnapshot<SupervisorContext>;
  const slots = childrenOf(supervisor);
  return context.children.flatMap(({ spec }) => {
    const slot = slots.find(({ id }) => id === `slot:${spec.id}`);
    return slot === undefined ? [] : [statusOfSlot(slot, births)];
  });
}

function statusOfSlot(slot: AnyActorRef, births: Births): ChildStatus {
  const { context, value } = slot.getSnapshot() as MachineSnapshot<SlotContext>;
  const child = childrenOf(slot).at(0);
  const { spec } = context;
  const below =
    spec.type === 'supervisor' && child !== undefined
      ? (child.getSnapshot() as MachineSnapshot<SupervisorContext>).context
      : null;
  return {
    id: spec.id,
    type: spec.type,
    slot: slotState(value),
    state: child === undefined ? '' : statePath(child),
    incarnation: context.incarnation,
    restarts: Math.max(0, context.incarnation - 1),
    restart: spec.restart,
    intensity:
      spec.type === 'supervisor'
        ? {
            restarts: below?.recentRestarts ?? 0,
            most: spec.intensity.restarts,
            periodMs: spec.intensity.periodMs,
          }
        : null,
    reason: context.reason,
    ageMs: child === undefined ? null : births.ageMs(child),
    why: spec.why,
    children: spec.type === 'supervisor' && child !== undefined ? statusOfTree(child, births) : [],
  };
}

/** `{live: {up: 'idle'}}` is plainly `up`. */
function slotState(value: unknown): string {
  const path = pathOf(value).split('.');
  return path[0] === 'live' ? (path[1] ?? 'live') : (path[0] ?? '');
}

function statePath(child: AnyActorRef): string {
  const { value } = child.getSnapshot() as { value?: unknown };
  return pathOf(value);
}

/** A state value as the text that a person would say: `running.ready`. */
function pathOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) return '';
  return Object.entries(value)
    .map(([key, inner]) => `${key}.${pathOf(inner)}`)
    .join(' | ');
}
