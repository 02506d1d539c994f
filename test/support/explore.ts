import { createActor, fromCallback, setup } from 'xstate';
import type { AnyActorRef, AnyMachineSnapshot, AnyStateMachine, EventObject } from 'xstate';
import { VirtualClock } from './virtual-clock.ts';

type StateNode = AnyStateMachine['root'];

/** An event for the machine, or for the actor of that name in its system. */
export interface Stimulus extends EventObject {
  readonly at?: string;
}

/** What is sent to a machine, and what of its context tells one configuration from another. */
export interface Alphabet {
  readonly machine: AnyStateMachine;
  readonly input?: unknown;
  /** Its actors run; they are silent otherwise. */
  readonly hasActors?: boolean;
  readonly events: (snapshot: AnyMachineSnapshot) => readonly Stimulus[];
  /** Must have few values: counters are left out. */
  readonly key: (snapshot: AnyMachineSnapshot) => unknown;
}

/** A step from one configuration to another. */
interface Edge {
  readonly event: Stimulus;
  readonly to: string;
}

/** A machine at rest between two events, and the shortest way there. */
export interface Configuration {
  readonly key: string;
  readonly path: readonly Stimulus[];
  readonly snapshot: AnyMachineSnapshot;
  readonly edges: Edge[];
}

export interface Explored {
  readonly configurations: ReadonlyMap<string, Configuration>;
  /** States that were active, if only in passing, or whose entry threw. */
  readonly visited: ReadonlySet<string>;
  /** Types of the events that came. */
  readonly received: ReadonlySet<string>;
}

/** A configuration with more than this many others is a key that does not abstract enough. */
const MAX_CONFIGURATIONS = 5_000;

const AFTER = 'xstate.after.';

/**
 * Every configuration that the events and timers of a machine lead to, whatever their order. Each step runs the real
 * machine anew on virtual time, among a parent and runtimes that take what they are told and say nothing.
 */
export function explore(alphabet: Alphabet): Explored {
  const configurations = new Map<string, Configuration>();
  const visited = new Set<string>();
  const received = new Set<string>();

  const add = (run: Run, path: readonly Stimulus[]): string => {
    const { snapshot } = run;
    const { status } = snapshot;
    const inner = status === 'active' ? alphabet.key(snapshot) : null;
    const key = JSON.stringify([status, snapshot.value, inner]);
    if (!configurations.has(key)) {
      configurations.set(key, { key, path, snapshot, edges: [] });
      if (configurations.size > MAX_CONFIGURATIONS) throw new Error(`no end to ${key}`);
    }
    for (const node of activeNodes(snapshot)) visited.add(node.id);
    for (const id of run.passed) visited.add(id);
    for (const type of run.received) received.add(type);
    return key;
  };

  add(runTo(alphabet, []), []);
  // A map gives its new entries to whoever iterates it.
  for (const { path, snapshot, edges } of configurations.values()) {
    if (snapshot.status !== 'active') continue;
    for (const event of [...alphabet.events(snapshot), ...timersOf(snapshot)]) {
      const run = runTo(alphabet, path);
      const targets = run.send(event);
      // What throws on entry is never at rest.
      if (run.snapshot.status === 'error') for (const id of targets) visited.add(id);
      edges.push({ event, to: add(run, [...path, event]) });
    }
  }
  return { configurations, visited, received };
}

/** A machine that has been sent some events, with everything around it silent. */
export interface Run {
  readonly snapshot: AnyMachineSnapshot;
  readonly clock: VirtualClock;
  /** States that it went through. */
  readonly passed: ReadonlySet<string>;
  /** Types of the events that it was sent, by whomever. */
  readonly received: ReadonlySet<string>;
  /** Returns the states that the event leads to. */
  send(event: Stimulus): string[];
}

/** Starts the machine anew and sends it the events, with no time between them. */
export function runTo(
  { machine, input, hasActors = false }: Pick<Alphabet, 'machine' | 'input' | 'hasActors'>,
  path: readonly Stimulus[],
): Run {
  const clock = new VirtualClock();
  const passed = new Set<string>();
  const received = new Set<string>();
  const silent = fromCallback(() => undefined);
  const actors = Object.fromEntries(
    Object.entries(machine.implementations.actors).map(([name, real]) => [
      name,
      hasActors ? real : silent,
    ]),
  );
  const world = setup({
    actors: { explored: machine.provide({ actors }) as AnyStateMachine },
  }).createMachine({
    invoke: { src: 'explored', id: 'explored', input },
    on: { 'xstate.error.actor.explored': {} },
  });
  const root = createActor(world, {
    clock,
    inspect: (inspection) => {
      if ((inspection.actorRef as AnyActorRef).id !== 'explored') return;
      if (inspection.type === '@xstate.event') received.add(inspection.event.type);
      if (inspection.type !== '@xstate.microstep') return;
      for (const { source, target } of inspection._transitions) {
        for (const node of [source, ...(target ?? [])]) passed.add(node.id);
      }
    },
  });
  root.start();
  const actor = (root.getSnapshot().children as Record<string, AnyActorRef>)['explored'];
  if (actor === undefined) throw new Error('the machine did not start');
  const run: Run = {
    get snapshot() {
      return actor.getSnapshot() as AnyMachineSnapshot;
    },
    clock,
    passed,
    received,
    send: ({ at, ...event }) => {
      if (at !== undefined) {
        (root.system.get(at) as AnyActorRef | undefined)?.send(event);
        return [];
      }
      const selected = machine.getTransitionData(actor.getSnapshot() as AnyMachineSnapshot, event);
      actor.send(event);
      return selected.flatMap(({ target }) => (target ?? []).map(({ id }: StateNode) => id));
    },
  };
  for (const event of path) run.send(event);
  return run;
}

/** The state nodes that a snapshot is in, the root first. */
export function activeNodes({ machine, value }: AnyMachineSnapshot): StateNode[] {
  const nodes: StateNode[] = [];
  const visit = (node: StateNode, inner: unknown): void => {
    nodes.push(node);
    if (typeof inner === 'string') visit(childOf(node, inner), undefined);
    else for (const [key, rest] of Object.entries(inner ?? {})) visit(childOf(node, key), rest);
  };
  visit((machine as AnyStateMachine).root, value);
  return nodes;
}

/** Every state node of a machine below its root. */
export function allNodes(machine: AnyStateMachine): StateNode[] {
  const below = (node: StateNode): StateNode[] =>
    Object.values(node.states as Record<string, StateNode>).flatMap((child) => [
      child,
      ...below(child),
    ]);
  return below(machine.root);
}

function childOf(node: StateNode, key: string): StateNode {
  const child = (node.states as Record<string, StateNode | undefined>)[key];
  if (child === undefined) throw new Error(`${node.id} has no state ${key}`);
  return child;
}

/** The timers of the states that a machine is in, as the events that they are. */
export function timersOf(snapshot: AnyMachineSnapshot): EventObject[] {
  return activeNodes(snapshot)
    .flatMap((node) => [...node.transitions.keys()])
    .filter((type) => type.startsWith(AFTER))
    .map((type) => ({ type }));
}
