import type { AnyActorRef } from 'xstate';

/**
 * Stops what an actor that threw still lists as its children, deepest first: XState leaves them running.
 * A cleanup that throws costs nobody else theirs.
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
}

/** The children that an actor's snapshot lists; none for logic that is no machine. */
export function childrenOf(ref: AnyActorRef): AnyActorRef[] {
  const snapshot = ref.getSnapshot() as
    { children?: Record<string, AnyActorRef | undefined> } | undefined;
  return Object.values(snapshot?.children ?? {}).filter((child) => child !== undefined);
}
