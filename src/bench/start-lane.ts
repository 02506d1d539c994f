import { setImmediate as nextTurn } from 'node:timers/promises';
import { systemClock } from '../io/system-clock.ts';
import type { Lane } from './lane.ts';
import { createRoot, groupedTree } from './supervised-root.ts';
import { nowhere, plainWorker } from './worker.ts';

/** A whole tree, built and started; nothing is warm when its process is new. */
export interface StartLane {
  readonly kind: 'start';
  readonly workers: number;
  readonly fanOut: number;
}

/** Two values, in milliseconds: to build the tree's logic, and from then until its last worker is ready. */
export function openStartLane({ workers, fanOut }: StartLane): Lane {
  const spec = groupedTree(workers, fanOut);
  return {
    warmUp: () => Promise.resolve(),
    repeat: async () => {
      const actors = { worker: plainWorker(nowhere) };
      let started = 0;
      const beginMs = systemClock.now();
      const root = createRoot(spec, { actors }, {}, ({ kind, ...record }) => {
        if (kind === 'started' && 'child' in record && record.child.startsWith('worker-')) {
          started += 1;
        }
      });
      const builtMs = systemClock.now();
      root.start();
      const upMs = systemClock.now();
      if (started !== workers) throw new Error(`${started} of ${workers} workers were started`);
      const ended = new Promise<void>((resolve) => {
        root.subscribe({ complete: resolve });
      });
      root.send({ type: 'sup.shutdown' });
      await ended;
      await nextTurn();
      return [builtMs - beginMs, upMs - builtMs];
    },
  };
}
