import { assign, sendParent, setup } from 'xstate';
import type { EventObject } from 'xstate';
import type { SupervisedEvent } from '../src/domain/events.ts';

export interface DeadLettersContext {
  readonly count: number;
  /** By type of event; the types are those of our own protocol, so their number is bounded. */
  readonly byType: Readonly<Record<string, number>>;
}

/** Takes the mail of actors that are down, and counts it. */
export const deadLettersMachine = setup({
  types: { context: {} as DeadLettersContext, events: {} as SupervisedEvent | EventObject },
  actions: {
    reportStarted: sendParent({ type: 'sup.ready' }),
    answerPing: sendParent({ type: 'sup.pong' }),
    count: assign(({ context, event }) => ({
      count: context.count + 1,
      byType: { ...context.byType, [event.type]: (context.byType[event.type] ?? 0) + 1 },
    })),
  },
}).createMachine({
  id: 'deadLetters',
  initial: 'open',
  context: { count: 0, byType: {} },
  entry: 'reportStarted',
  states: {
    open: {
      on: {
        'sup.ping': { actions: 'answerPing' },
        'sup.shutdown': 'closed',
        // Namespaces rather than a bare wildcard, which would swallow a child's errors.
        'engine.*': { actions: 'count' },
        'stage.*': { actions: 'count' },
        'source.*': { actions: 'count' },
        'speech.*': { actions: 'count' },
        'wake.*': { actions: 'count' },
        'text.*': { actions: 'count' },
        'publish.*': { actions: 'count' },
        'pipeline.*': { actions: 'count' },
        'capture.*': { actions: 'count' },
      },
    },
    closed: { type: 'final' },
  },
});
