import { setImmediate as nextTurn } from 'node:timers/promises';
import { systemClock } from '../io/system-clock.ts';
import type { Lane } from './lane.ts';
import { SUPERVISOR, WORKER, actorOf, createRoot } from './supervised-root.ts';
import { nowhere, plainWorker } from './worker.ts';

/** A child that crashes beside its siblings, each of them in turn. */
export interface RestartLane {
  readonly kind: 'restart';
  readonly strategy: 'one_for_one' | 'one_for_all';
  readonly siblings: number;
  readonly restarts: number;
  readonly warmUpRestarts: number;
}

/**
 * Each value is one restart in milliseconds: from the event that makes the child throw until its successor, or with
 * one_for_all the last of the group, has said that it is ready.
 */
export function openRestartLane(spec: RestartLane): Lane {
  const { strategy, siblings } = spec;
  const count = siblings + 1;
  const group = strategy === 'one_for_all' ? count : 1;
  let startedAtMs = 0;
  let missing = count;
  let whenStarted: () => void = () => undefined;
  const root = createRoot(
    {
      ...SUPERVISOR,
      id: 'top',
      strategy,
      children: Array.from({ length: count }, (_, place) => ({ ...WORKER, id: `worker-${place}` })),
    },
    { actors: { worker: plainWorker(nowhere) } },
    {},
    ({ kind }) => {
      if (kind === 'escalated') throw new Error('the supervisor gave up');
      if (kind !== 'started') return;
      startedAtMs = systemClock.now();
      missing -= 1;
      if (missing === 0) whenStarted();
    },
  ).start();
  let victim = 0;

  async function crash(times: number): Promise<number[]> {
    const durationsMs: number[] = [];
    for (let done = 0; done < times; done += 1) {
      // Between two crashes a supervisor forgets the one before.
      await nextTurn();
      victim = (victim + 1) % count;
      const child = actorOf(root, `worker-${victim}`);
      missing = group;
      const started = new Promise<void>((resolve) => {
        whenStarted = resolve;
      });
      const crashedAtMs = systemClock.now();
      child.send({ type: 'worker.crash' });
      await started;
      durationsMs.push(startedAtMs - crashedAtMs);
    }
    return durationsMs;
  }

  return {
    warmUp: async () => {
      await crash(spec.warmUpRestarts);
    },
    repeat: () => crash(spec.restarts),
  };
}
