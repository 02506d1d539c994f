import type { EventObject } from 'xstate';
import type { PublishEvent } from '../src/domain/events.ts';

/** What the runtime of a stage that listens to the ring tells its machine. */
export type StageFact =
  | { type: 'stage.flushed'; endSample: number }
  | { type: 'stage.drained' }
  | { type: 'audio.gap'; firstSample: number; lastSample: number; cause: string };

/** The public event of a gap that a stage met. */
export function gapPublication(event: EventObject, stage: string): PublishEvent {
  if (event.type !== 'audio.gap') throw new Error(`${event.type} is no gap`);
  const { firstSample, lastSample, cause } = event as Extract<StageFact, { type: 'audio.gap' }>;
  return {
    type: 'publish.event',
    body: {
      event_type: 'audio_gap',
      level: 'warning',
      metadata: {
        first_sample: firstSample,
        last_sample: lastSample,
        samples: lastSample - firstSample + 1,
        cause,
        stage,
      },
    },
  };
}
