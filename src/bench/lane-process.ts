import { openLane } from './lanes.ts';
import type { LaneSpec } from './lanes.ts';

/**
 * One lane in a process of its own, so that no lane's code is compiled for another's objects. Says `ready` once it is
 * warm, and answers each `repeat` with its values.
 */
export type FromLane = { type: 'ready' } | { type: 'values'; values: readonly number[] };

function tell(message: FromLane): void {
  process.send?.(message);
}

const lane = openLane(JSON.parse(process.argv[2] ?? '') as LaneSpec);

process.on('disconnect', () => process.exit());
process.on('message', () => {
  // A rejection has no listener: it ends this process, and the reason is on its standard error.
  void lane.repeat().then((values) => {
    tell({ type: 'values', values });
  });
});

await lane.warmUp();
tell({ type: 'ready' });
