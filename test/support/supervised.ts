import { assign, createActor, fromCallback, sendParent, setup } from 'xstate';
import type {
  Actor,
  ActorSystem,
  ActorSystemInfo,
  AnyActorLogic,
  AnyActorRef,
  InspectionEvent,
} from 'xstate';
import { to } from '../../machines/address.ts';
import type { ChildSpec, SupervisorSpec, WorkerSpec } from '../../supervisors/child-spec.ts';
import { deadLetterOf } from '../../supervisors/dead-letter-tap.ts';
import type { SupervisionEmitted, SupervisionRecord } from '../../supervisors/records.ts';
import { supervise } from '../../supervisors/supervise.ts';
import type { SuperviseOptions } from '../../supervisors/supervise.ts';
import { VirtualClock } from './virtual-clock.ts';

/** What a worker of these tests does otherwise than a good child, which does all at once. JSON. */
export interface Behaviour {
  readonly readyAfterMs?: number;
  /** After it was asked to. */
  readonly stopAfterMs?: number;
  /** Does not answer pings. */
  readonly isDeaf?: boolean;
  /** Which of its starts fail, and which never come to an end; counted from 1 over the whole run. */
  readonly failsStarts?: readonly number[];
  readonly hangsStarts?: readonly number[];
  /** What it holds is given back, and then its cleanup throws. */
  readonly throwsOnDispose?: boolean;
}

/** What the workers of one run do to the world: each holds one thing open while it lives. */
export class World {
  /** `+a` once a has opened what it holds, `-a` once that is given back, however it ended. */
  readonly trace: string[] = [];
  readonly open = new Set<string>();
  /** The mail that reached a worker, in order. */
  readonly received: { readonly id: string; readonly letter: number }[] = [];
  /** Told when a worker opens while one of its name still holds the same thing. */
  readonly doubled: string[] = [];
  readonly #starts = new Map<string, number>();

  started(id: string): number {
    const number = (this.#starts.get(id) ?? 0) + 1;
    this.#starts.set(id, number);
    return number;
  }

  opened(id: string): void {
    if (this.open.has(id)) this.doubled.push(id);
    this.open.add(id);
    this.trace.push(`+${id}`);
  }

  closed(id: string): void {
    this.open.delete(id);
    this.trace.push(`-${id}`);
  }
}

type WorkerEvent =
  | { type: 'sup.ping' }
  | { type: 'sup.shutdown'; withinMs?: number }
  | { type: 'test.crash' }
  | { type: 'test.end' }
  | { type: 'test.end_shutdown' }
  /** From now on it answers nobody. */
  | { type: 'test.hang' }
  | { type: 'test.mail'; letter: number };

const nameOf = ({ id }: { id: string }): string => id.replace(/#\d+$/, '');

/** A worker that obeys the contract, and crashes, ends or hangs when it is told to. */
export function createWorker(
  world: World,
  behaviours: Readonly<Record<string, Behaviour>> = {},
): AnyActorLogic {
  return setup({
    types: {
      context: {} as { id: string; start: number; behaviour: Behaviour; isHung: boolean },
      events: {} as WorkerEvent,
      input: null as Behaviour | null,
      output: {} as { exit: 'normal' | 'shutdown' },
    },
    actors: {
      held: fromCallback<{ type: string }, { id: string; throwsOnDispose: boolean }>(
        ({ input: { id, throwsOnDispose } }) => {
          world.opened(id);
          return () => {
            world.closed(id);
            if (throwsOnDispose) throw new Error(`the cleanup of ${id} failed`);
          };
        },
      ),
    },
    guards: {
      isAnswering: ({ context }) => !context.isHung && context.behaviour.isDeaf !== true,
      isListening: ({ context }) => !context.isHung,
      hangsNow: ({ context: { behaviour, start } }) =>
        behaviour.hangsStarts?.includes(start) === true,
      failsNow: ({ context: { behaviour, start } }) =>
        behaviour.failsStarts?.includes(start) === true,
    },
    actions: {
      receive: ({ context, event }) => {
        if (event.type === 'test.mail')
          world.received.push({ id: context.id, letter: event.letter });
      },
      crash: ({ context }) => {
        throw new Error(`${context.id} crashed`);
      },
      failToStart: ({ context }) => {
        throw new Error(`${context.id} failed to start`);
      },
      ready: sendParent({ type: 'sup.ready' }),
      pong: sendParent({ type: 'sup.pong' }),
      hang: assign({ isHung: true }),
    },
    delays: {
      ready: ({ context }) => context.behaviour.readyAfterMs ?? 0,
      stop: ({ context }) => context.behaviour.stopAfterMs ?? 0,
    },
  }).createMachine({
    context: ({ input, self }) => {
      const id = nameOf(self);
      const behaviour = input ?? behaviours[id] ?? {};
      return { id, start: world.started(id), behaviour, isHung: false };
    },
    invoke: {
      src: 'held',
      input: ({ context }) => ({
        id: context.id,
        throwsOnDispose: context.behaviour.throwsOnDispose ?? false,
      }),
    },
    output: ({ event }) => ({ exit: (event as { output?: 'shutdown' }).output ?? 'normal' }),
    initial: 'starting',
    on: {
      'sup.ping': { guard: 'isAnswering', actions: 'pong' },
      'sup.shutdown': { guard: 'isListening', target: '.stopping' },
      'test.crash': { actions: 'crash' },
      'test.end': '.ended',
      'test.end_shutdown': '.shutDown',
      'test.hang': { actions: 'hang' },
      'test.mail': { actions: 'receive' },
    },
    states: {
      starting: {
        after: {
          ready: [
            { guard: 'hangsNow', target: 'stuck' },
            { guard: 'failsNow', actions: 'failToStart' },
            { target: 'up' },
          ],
        },
      },
      stuck: {},
      up: { entry: 'ready' },
      stopping: { after: { stop: 'ended' } },
      ended: { type: 'final' },
      shutDown: { type: 'final', output: 'shutdown' },
    },
  });
}

export const WORKER: Omit<WorkerSpec, 'id'> = { shutdownMs: 100, startMs: 1_000 };

export const SUPERVISOR: Omit<SupervisorSpec, 'id' | 'children'> = {
  type: 'supervisor',
  intensity: { restarts: 3, periodMs: 5_000 },
};

/** A supervisor named top over workers, unless told otherwise. */
export function treeOf(
  ids: readonly string[],
  overrides: Partial<SupervisorSpec> = {},
  child: Partial<WorkerSpec> = {},
): SupervisorSpec {
  return {
    ...SUPERVISOR,
    id: 'top',
    children: ids.map((id) => ({ ...WORKER, ...child, id })),
    ...overrides,
  };
}

export interface RunOptions extends Partial<SuperviseOptions> {
  /** By the id of the worker. */
  readonly behaviours?: Readonly<Record<string, Behaviour>>;
  readonly observe?: (inspected: InspectionEvent) => void;
}

/** A tree that runs on virtual time. */
export class RunningTree {
  readonly clock = new VirtualClock();
  readonly world = new World();
  readonly root: Actor<AnyActorLogic>;
  readonly records: SupervisionRecord[] = [];
  /** What went to actors that had ended. */
  readonly lateLetters: SupervisionRecord[] = [];
  readonly #actors: AnyActorRef[] = [];
  #end: 'done' | Error | null = null;

  constructor(spec: SupervisorSpec, { behaviours, observe, ...options }: RunOptions = {}) {
    const worker = createWorker(this.world, behaviours);
    const actors = {
      worker,
      ...Object.fromEntries(workersOf(spec).map((name) => [name, worker])),
      ...options.actors,
    };
    this.root = createActor(supervise(spec, { ...options, actors }), {
      clock: this.clock,
      inspect: (inspected) => {
        if (inspected.type === '@xstate.actor') {
          this.#actors.push(inspected.actorRef as AnyActorRef);
        }
        const letter = deadLetterOf(inspected);
        if (letter !== null) this.lateLetters.push(letter);
        observe?.(inspected);
      },
    });
    this.root.on('supervision.record', (emitted) => {
      this.records.push((emitted as unknown as SupervisionEmitted).record);
    });
    this.root.subscribe({
      complete: () => {
        this.#end = 'done';
      },
      error: (thrown) => {
        this.#end = thrown as Error;
      },
    });
  }

  /** What the root has ended with, if it has: `done`, or its error. */
  get end(): 'done' | Error | null {
    return this.#end;
  }

  find(name: string): AnyActorRef | undefined {
    return this.root.system.get(name) as AnyActorRef | undefined;
  }

  isAlive(id: string): boolean {
    return this.find(id) !== undefined;
  }

  /** What is due at once then happens. */
  tell(id: string, type: string): void {
    this.find(id)?.send({ type });
    this.clock.advance(0);
  }

  /** Sends an event by name, as an actor of the tree does. */
  mail(id: string, letter: number): void {
    const { root } = this;
    to(id)({ system: root.system as ActorSystem<ActorSystemInfo>, self: root }).send({
      type: 'test.mail',
      letter,
    });
    this.clock.advance(0);
  }

  shutDown(): void {
    this.root.send({ type: 'sup.shutdown' });
    this.clock.advance(0);
  }

  /** What has started and ended since the last call. */
  drain(): string[] {
    return this.world.trace.splice(0);
  }

  /** Whatever of it still runs. */
  leftovers(): string[] {
    const running = this.#actors.filter(
      (ref) => (ref.getSnapshot() as { status: string }).status === 'active',
    );
    const timers = this.clock.pending === 0 ? [] : [`${this.clock.pending} timers`];
    return [...running.map(({ id }) => id), ...this.world.open, ...timers];
  }
}

/** Starts a tree; what its children do at once has happened. */
export function run(spec: SupervisorSpec, options: RunOptions = {}): RunningTree {
  const running = new RunningTree(spec, options);
  running.root.start();
  running.clock.advance(0);
  return running;
}

/** The names of the logic of the workers of a tree, in its order. */
function workersOf(spec: ChildSpec): string[] {
  return spec.type === 'supervisor' ? spec.children.flatMap(workersOf) : [spec.logic ?? spec.id];
}
