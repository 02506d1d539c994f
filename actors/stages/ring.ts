import { ringMachine } from '../../machines/ring.ts';
import type { RingCommand, RingFact } from '../../machines/ring.ts';
import type { Parts } from '../parts.ts';
import { fromRuntime } from '../runtime.ts';

const HIGH = 0.8;
const RELIEVED = 0.5;

/** The ring stage: opens the path for samples, and watches how full the ring is. */
export function ringStage(parts: Parts) {
  const { path } = parts;
  return ringMachine.provide({
    actors: {
      runtime: fromRuntime<RingCommand, RingFact>((context) => {
        let isHigh = false;
        path.open();
        const ends = [
          path.onLoss((reader, firstSample, lastSample, samples) => {
            parts.metrics.samplesDropped.inc({ buffer: `ring, ${reader}` }, samples);
            context.tell({ type: 'ring.overflowed', reader, firstSample, lastSample, samples });
          }),
          path.onWrite(
            context.guard(() => {
              const { utilisation } = path.ring;
              if (!isHigh && utilisation >= HIGH) {
                isHigh = true;
                context.tell({ type: 'ring.high', utilisation });
              } else if (isHigh && utilisation < RELIEVED) {
                isHigh = false;
                context.tell({ type: 'ring.relieved' });
              }
            }),
          ),
        ];
        return {
          receive: () => {
            path.close();
          },
          dispose: () => {
            path.close();
            for (const end of ends) end();
          },
        };
      }),
    },
  });
}
