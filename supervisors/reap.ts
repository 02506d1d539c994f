import type { AnyActorRef } from 'xstate';

/**
 * Stops what an actor that threw still lists as its children, deepest first, and gives back what it held itself: XState
 * leaves both. A cleanup that throws costs nobody else theirs.
 */
export function reap(dead: AnyActorRef): void {
  for (const child of childrenOf(dead)) {
    reap(child);
    try {
      child.send({ type: 'xstate.stop' });
    } catch {
      // Its dispose threw; it is stopped all the same.
    }
  }
  release(dead);
}

/** Runs the cleanup of a callback that threw; what else there is has none, or has a context. */
function release(ref: AnyActorRef): void {
  const snapshot = ref.getSnapshot() as { status: string };
  if (snapshot.status !== 'error' || 'context' in snapshot) return;
  const { logic } = ref as unknown as { logic: { transition: (...args: unknown[]) => unknown } };
  try {
    logic.transition(snapshot, { type: 'xstate.stop' }, { self: ref });
  } catch {
    // It has run already, or threw.
  }
}

/** The children that an actor's snapshot lists; none for logic that is no machine. */
export function childrenOf(ref: AnyActorRef): AnyActorRef[] {
  const snapshot = ref.getSnapshot() as
    { children?: Record<string, AnyActorRef | undefined> } | undefined;
  return Object.values(snapshot?.children ?? {}).filter((child) => child !== undefined);
}
