import { createActor, sendParent, setup } from 'xstate';
import type { Actor, AnyActorLogic, AnyActorRef } from 'xstate';
import type { SupervisorSpec, WorkerSpec } from '../../supervisors/child-spec.ts';
import { supervise } from '../../supervisors/supervise.ts';
import { VirtualClock } from './virtual-clock.ts';

/** What a worker of these tests does when it is started, asked to stop, pinged or told. */
export interface Behaviour {
  readonly readyAfterMs?: number;
  readonly stopAfterMs?: number;
  readonly isDeaf?: boolean;
}

/** A worker that obeys the contract, and crashes, ends or hangs when it is told to. */
export function worker(name: string, trace: string[], behaviour: Behaviour = {}): AnyActorLogic {
  const { readyAfterMs = 0, stopAfterMs = 0, isDeaf = false } = behaviour;
  return setup({
    types: {
      events: {} as
        | { type: 'sup.ping' }
        | { type: 'sup.shutdown' }
        | { type: 'test.crash' }
        | { type: 'test.end' },
    },
    actions: {
      started: () => void trace.push(`+${name}`),
      stopped: () => void trace.push(`-${name}`),
      crash: () => {
        throw new Error(`${name} crashed`);
      },
      ready: sendParent({ type: 'sup.ready' }),
      pong: sendParent({ type: 'sup.pong' }),
    },
    delays: { ready: readyAfterMs, stop: stopAfterMs },
  }).createMachine({
    initial: 'starting',
    entry: 'started',
    on: {
      ...(isDeaf ? {} : { 'sup.ping': { actions: 'pong' } }),
      'test.crash': { actions: 'crash' },
      'test.end': '.ended',
      'sup.shutdown': '.stopping',
    },
    states: {
      starting: { after: { ready: 'up' } },
      up: { entry: 'ready' },
      stopping: { after: { stop: 'ended' } },
      ended: { type: 'final', entry: 'stopped' },
    },
  });
}

export const WORKER: Omit<WorkerSpec, 'id'> = {
  type: 'worker',
  restart: 'permanent',
  shutdownMs: 100,
  startMs: 1_000,
  heartbeat: null,
  backoff: { baseMs: 0, factor: 1, capMs: 0, jitter: 0 },
  stableMs: 60_000,
  why: 'the test asks for it',
};

export const SUPERVISOR: Omit<SupervisorSpec, 'id' | 'children'> = {
  ...WORKER,
  type: 'supervisor',
  shutdownMs: 5_000,
  strategy: 'one_for_one',
  intensity: { restarts: 3, periodMs: 5_000 },
};

export interface RunningTree {
  readonly root: Actor<AnyActorLogic>;
  readonly clock: VirtualClock;
  /** What the root ended with: nothing yet, `done`, or its error. */
  readonly ended: () => 'done' | Error | null;
  readonly tell: (childId: string, type: string) => void;
  readonly isAlive: (childId: string) => boolean;
}

/** Starts a tree on virtual time. */
export function runTree(
  spec: SupervisorSpec,
  logicOf: (childId: string) => AnyActorLogic,
): RunningTree {
  const clock = new VirtualClock();
  const root = createActor(supervise(spec, logicOf, 1), {
    clock: clock,
  });
  let end: 'done' | Error | null = null;
  root.subscribe({
    complete: () => {
      end = 'done';
    },
    error: (thrown) => {
      end = thrown as Error;
    },
  });
  root.start();
  clock.advance(0);
  return {
    root,
    clock,
    ended: () => end,
    tell: (childId, type) => {
      const child = root.system.get(childId) as AnyActorRef | undefined;
      child?.send({ type });
      clock.advance(0);
    },
    isAlive: (childId) => root.system.get(childId) !== undefined,
  };
}
