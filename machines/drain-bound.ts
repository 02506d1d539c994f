import type { EventObject } from 'xstate';
import type { PublishEvent, SupervisedEvent } from '../src/domain/events.ts';

/** Why something was given up in a shutdown. */
export const BOUND_PASSED = 'shutdown bound passed';

/**
 * Delay of every state that a shutdown leads to: what the supervisor allows for it. It is taken from the event that
 * enters the state, so that a machine ends by itself before it is killed, whatever its runtime does.
 */
export function drainBound({ event }: { event: EventObject }): number {
  if (event.type !== 'sup.shutdown') throw new Error(`${event.type} is no shutdown`);
  return (event as Extract<SupervisedEvent, { type: 'sup.shutdown' }>).withinMs;
}

/** The public event of a stage that did not finish in time; `lost` says what was given up. */
export function overdueDrain(stage: string, lost: string): PublishEvent {
  return {
    type: 'publish.event',
    body: {
      event_type: 'stage_error',
      level: 'warning',
      metadata: { stage, reason: BOUND_PASSED, lost },
    },
  };
}
