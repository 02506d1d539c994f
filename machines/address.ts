import type { ActorSystem, ActorSystemInfo, AnyActorRef } from 'xstate';

/**
 * The running actor with a name of the tree, for `sendTo`. While it is down, its mail goes to the dead letters,
 * which count it: a send into nothing is never silent.
 */
export function to(name: string): (args: { system: ActorSystem<ActorSystemInfo> }) => AnyActorRef {
  return ({ system }) => {
    const ref = system.get(name) ?? system.get('dead-letters');
    if (ref === undefined) throw new Error(`neither ${name} nor the dead letters are running`);
    return ref;
  };
}
