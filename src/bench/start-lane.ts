import { setImmediate as nextTurn } from 'node:timers/promises';
import { systemClock } from '../io/system-clock.ts';
import type { Lane } from './lane.ts';
import { createRoot, groupedTree, stopped } from './supervised-root.ts';
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
      let missing = workers;
      let whenStarted: (atMs: number) => void = () => undefined;
      const started = new Promise<number>((resolve) => {
        whenStarted = resolve;
      });
      const beginMs = systemClock.now();
      const root = createRoot(spec, { actors }, {}, (record) => {
        if (record.kind !== 'started' || !record.child.startsWith('worker-')) return;
        missing -= 1;
        if (missing === 0) whenStarted(systemClock.now());
      });
      const builtMs = systemClock.now();
      root.start();
      const upMs = await started;
      await stopped(root);
      await nextTurn();
      return [builtMs - beginMs, upMs - builtMs];
    },
  };
}
