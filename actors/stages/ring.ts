import { ringMachine } from '../../machines/ring.ts';
import type { RingCommand, RingFact } from '../../machines/ring.ts';
import type { Parts } from '../parts.ts';
import { fromRuntime } from '../runtime.ts';

const HIGH = 0.8;
const RELIEVED = 0.5;
/** A reader's losses are told at once when they begin, and then no more often than this. */
const TELL_MS = 1_000;

/**
 * The ring stage: opens the path for samples, and watches how full the ring is. A loss is counted when it is told, so
 * that the counter and the sum of the events are the same; what a stage before this one left untold is told first.
 */
export function ringStage(parts: Parts) {
  const { clock, metrics, path } = parts;
  return ringMachine.provide({
    actors: {
      runtime: fromRuntime<RingCommand, RingFact>((context) => {
        let isHigh = false;
        /** Of the readers whose last loss was told less than a while ago. */
        const timers = new Map<string, unknown>();

        function tell(reader: string): void {
          const loss = path.losses.take(reader);
          if (loss === null) return;
          metrics.samplesDropped.inc({ buffer: `ring, ${reader}` }, loss.samples);
          context.tell({ type: 'ring.overflowed', ...loss });
        }

        const tellInTime = context.guard((reader: string): void => {
          if (timers.has(reader) || !path.losses.readers.includes(reader)) return;
          tell(reader);
          const again = (): void => {
            timers.delete(reader);
            tellInTime(reader);
          };
          timers.set(reader, clock.setTimeout(again, TELL_MS));
        });

        const watchLevel = context.guard((): void => {
          const { utilisation } = path.ring;
          if (!isHigh && utilisation >= HIGH) {
            isHigh = true;
            context.tell({ type: 'ring.high', utilisation });
          } else if (isHigh && utilisation < RELIEVED) {
            isHigh = false;
            context.tell({ type: 'ring.relieved' });
          }
        });

        const sample = (): void => {
          metrics.bufferUtilization.set({ buffer: 'ring' }, path.ring.utilisation);
        };

        path.open();
        parts.samplers.add(sample);
        for (const reader of path.losses.readers) tellInTime(reader);
        const ends = [path.onLoss(tellInTime), path.onWrite(watchLevel)];
        return {
          receive: () => {
            path.close();
            for (const reader of path.losses.readers) tell(reader);
            context.tell({ type: 'intake.closed' });
          },
          dispose: () => {
            path.close();
            parts.samplers.delete(sample);
            for (const end of ends) end();
            for (const timer of timers.values()) clock.clearTimeout(timer);
          },
        };
      }),
    },
  });
}
