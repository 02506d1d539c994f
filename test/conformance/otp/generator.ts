import { Chance } from './chance.ts';
import { RandomTree } from './random-tree.ts';
import { nodesOf } from './scenario.ts';
import type { Node, Scenario, Step, SupervisorNode } from './scenario.ts';

/** Longer than any run, so that every restart counts. */
const LONG_PERIOD_MS = 30_000;
/** Between two bursts it passes for certain, however OTP rounds its seconds. */
const SHORT_PERIOD_MS = 1_000;
const BURST_GAP_MS = 2_600;
const BURST_MS = 800;

const BOOT_MS = 700;
/** Long enough for every slow start and stop, so that the end finds the tree at rest. */
const REST_MS = 1_500;

/**
 * A random scenario: the same for the same seed. It leaves out what differs by decision, but for what only a run
 * can show.
 */
export function randomScenario(seed: number): Scenario {
  const chance = new Chance(seed);
  const isInBursts = chance.is(0.1);
  const trees = new RandomTree(chance, isInBursts ? SHORT_PERIOD_MS : LONG_PERIOD_MS);
  const tree = trees.supervisor(1, 'never');
  const times = isInBursts ? burstTimes(chance) : scatteredTimes(chance);
  const script = new Script(chance, trees, tree);
  const steps = times.map((atMs) => ({ atMs, ...script.next() }));
  return {
    name: `seed ${seed}`,
    tree,
    steps,
    endMs: (times.at(-1) ?? 0) + REST_MS,
  };
}

function scatteredTimes(chance: Chance): number[] {
  const times: number[] = [];
  let atMs = BOOT_MS;
  for (let left = chance.whole(2, 9); left > 0; left -= 1) {
    times.push(atMs);
    // The short ones come while something slow is under way.
    atMs += chance.pick([20, 40, 80, 200, 350]);
  }
  return times;
}

function burstTimes(chance: Chance): number[] {
  return [0, BURST_GAP_MS].flatMap((beginMs) => {
    const times: number[] = [];
    for (let atMs = 0; atMs < BURST_MS; atMs += chance.pick([150, 250])) {
      times.push(BOOT_MS + beginMs + atMs);
    }
    return times;
  });
}

type Deed = Step extends infer One ? (One extends Step ? Omit<One, 'atMs'> : never) : never;
type Choice<T> = readonly [T, ...T[]];

/** Chooses what happens to whom. */
class Script {
  readonly #chance: Chance;
  readonly #trees: RandomTree;
  readonly #root: SupervisorNode;
  /** Where every child stands, those started at run time too. */
  readonly #places: { readonly node: Node; readonly parent: SupervisorNode }[] = [];
  #supervisors: Choice<SupervisorNode>;
  /** The child that was last to be terminated. */
  #terminated: { readonly supervisor: string; readonly child: string } | null = null;

  constructor(chance: Chance, trees: RandomTree, root: SupervisorNode) {
    this.#chance = chance;
    this.#trees = trees;
    this.#root = root;
    this.#supervisors = [root];
    this.#learn(root);
  }

  next(): Deed {
    if (this.#chance.is(0.65)) return this.#exit();
    if (this.#terminated !== null && this.#chance.is(0.4)) {
      return {
        do: this.#chance.pick(['restart_child', 'restart_child', 'delete_child'] as const),
        ...this.#terminated,
      };
    }
    const supervisor = this.#chance.pick(this.#supervisors);
    const request = this.#chance.pick([
      ...(['start_child', 'start_child', 'terminate_child', 'terminate_child'] as const),
      ...(['restart_child', 'restart_child', 'delete_child'] as const),
      ...(['count_children', 'which_children'] as const),
    ]);
    switch (request) {
      case 'start_child':
        return this.#start(supervisor);
      case 'count_children':
      case 'which_children':
        return { do: request, supervisor: supervisor.id };
      default: {
        const asked = { supervisor: supervisor.id, child: this.#childOf(supervisor) };
        if (request === 'terminate_child') this.#terminated = asked;
        return { do: request, ...asked };
      }
    }
  }

  #exit(): Deed {
    const chance = this.#chance;
    const isKill = chance.is(0.2);
    const targets = this.#places.filter(({ node }) => isKill || node.type !== 'supervisor');
    const [first, ...others] = targets;
    if (first === undefined) return { do: 'count_children', supervisor: this.#root.id };
    const { node, parent } = chance.pick([first, ...others]);
    return {
      do: 'exit',
      id: this.#instance(node, parent),
      reason: isKill ? 'kill' : chance.pick(['crash', 'crash', 'crash', 'normal', 'shutdown']),
    };
  }

  #start(supervisor: SupervisorNode): Deed {
    const chance = this.#chance;
    if (supervisor.strategy === 'simple_one_for_one') {
      const changes = this.#trees.behaviour(true);
      return { do: 'start_child', supervisor: supervisor.id, changes };
    }
    const old = this.#places.filter(({ parent }) => parent === supervisor);
    const [first, ...others] = old;
    if (first !== undefined && chance.is(0.35)) {
      const { node } = chance.pick([first, ...others]);
      return { do: 'start_child', supervisor: supervisor.id, child: node };
    }
    const level = this.#levelOf(supervisor);
    const random = this.#trees.child(level, supervisor.autoShutdown ?? 'never');
    const fails = random.type !== 'supervisor' && chance.is(0.15);
    const child = fails ? { ...random, failsStarts: [1] } : random;
    this.#places.push({ node: child, parent: supervisor });
    this.#learn(child);
    return { do: 'start_child', supervisor: supervisor.id, child };
  }

  #childOf(supervisor: SupervisorNode): string {
    const [first, ...others] = this.#places.filter(({ parent }) => parent === supervisor);
    if (first === undefined) return 'nobody';
    if (supervisor.strategy !== 'simple_one_for_one' && this.#chance.is(0.05)) return 'nobody';
    return this.#instance(this.#chance.pick([first, ...others]).node, supervisor);
  }

  #instance({ id }: Node, parent: SupervisorNode): string {
    return parent.strategy === 'simple_one_for_one' ? `${id}-${this.#chance.whole(1, 3)}` : id;
  }

  #levelOf({ id }: SupervisorNode): number {
    const place = this.#places.find(({ node }) => node.id === id);
    return place === undefined ? 1 : this.#levelOf(place.parent) + 1;
  }

  #learn(node: Node): void {
    for (const one of nodesOf(node)) {
      if (one.type !== 'supervisor') continue;
      if (one !== this.#root) this.#supervisors = [...this.#supervisors, one];
      for (const child of one.children) this.#places.push({ node: child, parent: one });
    }
  }
}
