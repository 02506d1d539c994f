import { createActor } from 'xstate';
import type { Actor, ActorOptions, AnyActorLogic, AnyActorRef } from 'xstate';
import type { SupervisorSpec, WorkerSpec } from '../../supervisors/child-spec.ts';
import { HEARTBEAT } from '../../supervisors/child-spec.ts';
import type { SupervisionEmitted, SupervisionRecord } from '../../supervisors/records.ts';
import { supervise } from '../../supervisors/supervise.ts';
import type { SuperviseOptions } from '../../supervisors/supervise.ts';

/** A worker as the daemon has them: bounds, a heartbeat, a stash. */
export const WORKER: Omit<WorkerSpec, 'id'> = {
  logic: 'worker',
  startMs: 1_000,
  shutdownMs: 1_000,
  heartbeat: HEARTBEAT,
  stash: 100,
};

/** A supervisor that never gives up: a millisecond forgets a restart. */
export const SUPERVISOR: Omit<SupervisorSpec, 'id' | 'children'> = {
  type: 'supervisor',
  intensity: { restarts: 1_000_000, periodMs: 1 },
};

/** Groups of workers of at most `fanOut` below one root. */
export function groupedTree(workers: number, fanOut: number): SupervisorSpec {
  return {
    ...SUPERVISOR,
    id: 'top',
    children: Array.from({ length: Math.ceil(workers / fanOut) }, (_, group) => ({
      ...SUPERVISOR,
      id: `group-${group}`,
      children: Array.from({ length: Math.min(fanOut, workers - group * fanOut) }, (_, place) => ({
        ...WORKER,
        id: `worker-${group * fanOut + place}`,
      })),
    })),
  };
}

/** A root that is not started yet, whose records go to the listener. */
export function createRoot(
  spec: SupervisorSpec,
  options: SuperviseOptions,
  actorOptions: ActorOptions<AnyActorLogic> = {},
  onRecord: (record: SupervisionRecord) => void = () => undefined,
): Actor<AnyActorLogic> {
  const root = createActor(supervise(spec, options), actorOptions);
  root.on('supervision.record', (emitted) => {
    onRecord((emitted as unknown as SupervisionEmitted).record);
  });
  return root;
}

/** The running actor of that name. */
export function actorOf(root: AnyActorRef, name: string): AnyActorRef {
  const ref = root.system.get(name) as AnyActorRef | undefined;
  if (ref === undefined) throw new Error(`${name} does not run`);
  return ref;
}

/** Asks a root to stop, and resolves when it has. */
export function stopped(root: AnyActorRef): Promise<void> {
  return new Promise((resolve, reject) => {
    root.subscribe({ complete: resolve, error: reject });
    root.send({ type: 'sup.shutdown' });
  });
}
