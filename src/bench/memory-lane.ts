import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createActor, enqueueActions, setup } from 'xstate';
import type { AnyActorRef } from 'xstate';
import type { Lane } from './lane.ts';
import { actorOf, createRoot, groupedTree, stopped } from './supervised-root.ts';
import { nowhere, plainWorker } from './worker.ts';

/** Actors in groups, and what they take. */
export interface MemoryLane {
  readonly kind: 'memory';
  readonly variant: 'bare' | 'supervised';
  readonly actors: number;
  readonly fanOut: number;
}

/** Each value is the growth of the heap in bytes for each actor, the share of its group's parent included. */
export function openMemoryLane({ variant, actors, fanOut }: MemoryLane): Lane {
  const build = variant === 'bare' ? bareGroups : supervisedGroups;
  const collectGarbage = garbageCollector();

  function heapBytes(): number {
    // Once more for what the first round only lets go of.
    for (let round = 0; round < 3; round += 1) collectGarbage();
    return process.memoryUsage().heapUsed;
  }

  return {
    warmUp: async () => {
      // What is made once, whatever the number of actors.
      await stopped(await build(fanOut, fanOut));
    },
    repeat: async () => {
      const before = heapBytes();
      const root = await build(actors, fanOut);
      const bytes = heapBytes() - before;
      // The root is still held here: none of it was collected.
      actorOf(root, `worker-${actors - 1}`);
      return [bytes / actors];
    },
  };
}

function supervisedGroups(workers: number, fanOut: number): Promise<AnyActorRef> {
  const actors = { worker: plainWorker(nowhere) };
  let missing = workers;
  return new Promise((resolve) => {
    const root = createRoot(groupedTree(workers, fanOut), { actors }, {}, (record) => {
      if (record.kind !== 'started' || !record.child.startsWith('worker-')) return;
      missing -= 1;
      if (missing === 0) resolve(root);
    });
    root.start();
  });
}

/** The same groups without supervisors: machines that spawn others. */
function bareGroups(workers: number, fanOut: number): Promise<AnyActorRef> {
  const group = setup({
    types: { input: {} as { first: number }, context: {} as { first: number } },
    actors: { worker: plainWorker(nowhere) },
  }).createMachine({
    context: ({ input }) => input,
    entry: enqueueActions(({ enqueue, context: { first } }) => {
      for (let place = first; place < Math.min(first + fanOut, workers); place += 1) {
        const name = `worker-${place}`;
        enqueue.spawnChild('worker', { id: name, systemId: name });
      }
    }),
  });
  const top = setup({ actors: { group } }).createMachine({
    entry: enqueueActions(({ enqueue }) => {
      for (let first = 0; first < workers; first += fanOut) {
        const name = `group-${first}`;
        enqueue.spawnChild('group', { id: name, systemId: name, input: { first } });
      }
    }),
    on: { 'sup.shutdown': '.stopped' },
    initial: 'running',
    states: { running: {}, stopped: { type: 'final' } },
  });
  return Promise.resolve(createActor(top).start());
}

/** Of this process, which was not started with `--expose-gc`. */
function garbageCollector(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}
