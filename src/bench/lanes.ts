import type { Lane } from './lane.ts';
import { openMemoryLane } from './memory-lane.ts';
import type { MemoryLane } from './memory-lane.ts';
import { openRestartLane } from './restart-lane.ts';
import type { RestartLane } from './restart-lane.ts';
import { openRingLane } from './ring-lane.ts';
import type { RingLane } from './ring-lane.ts';
import { openStartLane } from './start-lane.ts';
import type { StartLane } from './start-lane.ts';

/** Every kind of lane, as JSON for the process that it runs in. */
export type LaneSpec = RingLane | RestartLane | MemoryLane | StartLane;

export function openLane(spec: LaneSpec): Lane {
  switch (spec.kind) {
    case 'ring':
      return openRingLane(spec);
    case 'restart':
      return openRestartLane(spec);
    case 'memory':
      return openMemoryLane(spec);
    case 'start':
      return openStartLane(spec);
  }
}
