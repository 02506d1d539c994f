import type { EventObject } from 'xstate';
import type { PublishEvent } from '../src/domain/events.ts';

/** What the runtime of a stage that listens to the ring tells its machine. */
export type StageFact =
  | { type: 'stage.flushed'; endSample: number }
  | { type: 'stage.drained' }
  | ({ type: 'audio.gap'; cause: string } & DroppedRange);

/** The audio did not go on where it stopped: of these positions, so many had been captured and were dropped. */
export interface DroppedRange {
  readonly firstSample: number;
  readonly lastSample: number;
  readonly droppedSamples: number;
}

/** The public event of a gap that a stage met. */
export function gapPublication(event: EventObject, stage: string): PublishEvent {
  if (event.type !== 'audio.gap') throw new Error(`${event.type} is no gap`);
  const { firstSample, lastSample, droppedSamples, cause } = event as Extract<
    StageFact,
    { type: 'audio.gap' }
  >;
  return {
    type: 'publish.event',
    body: {
      event_type: 'audio_gap',
      level: 'warning',
      metadata: {
        first_sample: firstSample,
        last_sample: lastSample,
        samples: droppedSamples,
        cause,
        stage,
      },
    },
  };
}
