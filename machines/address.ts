import type { ActorSystem, ActorSystemInfo, AnyActorRef } from 'xstate';

/**
 * The running child with a name of the tree, for `sendTo`. While it is down its mail goes to its slot, which keeps it
 * or makes it a dead letter, and where there is no such child to the root: a send into nothing is never silent.
 */
export function to(
  name: string,
): (args: { system: ActorSystem<ActorSystemInfo>; self: AnyActorRef }) => AnyActorRef {
  return ({ system, self }) => {
    const ref: AnyActorRef | undefined = system.get(name) ?? system.get(`slot:${name}`);
    return ref ?? rootOf(self);
  };
}

function rootOf(ref: AnyActorRef): AnyActorRef {
  return ref._parent === undefined ? ref : rootOf(ref._parent);
}
