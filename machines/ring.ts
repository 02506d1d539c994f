import { assign, sendParent, sendTo, setup } from 'xstate';
import type { SupervisedEvent } from '../src/domain/events.ts';
import { to } from './address.ts';
import { drainBound, overdueDrain } from './drain-bound.ts';
import { failWithReason, runtimeOf } from './runtime.ts';
import type { RuntimeFailed } from './runtime.ts';

export type RingCommand = { type: 'intake.close' };

export type RingFact =
  | { type: 'ring.high'; utilisation: number }
  | { type: 'ring.relieved' }
  /** Losses of one reader since the last time, from the first position to the last. */
  | {
      type: 'ring.overflowed';
      reader: string;
      firstSample: number;
      lastSample: number;
      samples: number;
    }
  /** Nothing more is let in, and all losses have been told. */
  | { type: 'intake.closed' };

export interface RingContext {
  /** Times that losses were told. */
  readonly overflows: number;
  readonly droppedSamples: number;
}

/** The ring of the newest audio: open or closed, at ease or nearly full; tells of every loss. */
export const ringMachine = setup({
  types: {
    context: {} as RingContext,
    events: {} as SupervisedEvent | RingFact | RuntimeFailed,
  },
  actors: { runtime: runtimeOf<RingCommand>() },
  delays: { drainBound },
  actions: {
    reportStarted: sendParent({ type: 'sup.ready' }),
    answerPing: sendParent({ type: 'sup.pong' }),
    close: sendTo('runtime', { type: 'intake.close' }),
    count: assign(({ context, event }) =>
      event.type === 'ring.overflowed'
        ? {
            overflows: context.overflows + 1,
            droppedSamples: context.droppedSamples + event.samples,
          }
        : {},
    ),
    publishOverflow: sendTo(to('publisher'), ({ event }) => ({
      type: 'publish.event',
      body: {
        event_type: 'buffer_overflow',
        level: 'error',
        metadata:
          event.type === 'ring.overflowed'
            ? {
                buffer: 'ring',
                reader: event.reader,
                first_sample: event.firstSample,
                last_sample: event.lastSample,
                dropped_samples: event.samples,
              }
            : {},
      },
    })),
    publishHigh: sendTo(to('publisher'), ({ event }) => ({
      type: 'publish.event',
      body: {
        event_type: 'buffer_overflow',
        level: 'warning',
        metadata: {
          buffer: 'ring',
          dropped_samples: 0,
          utilisation: event.type === 'ring.high' ? event.utilisation : null,
        },
      },
    })),
    publishOverdue: sendTo(to('publisher'), overdueDrain('ring', 'the last counts of lost audio')),
    failWithReason,
  },
}).createMachine({
  id: 'ring',
  initial: 'open',
  context: { overflows: 0, droppedSamples: 0 },
  invoke: { src: 'runtime', id: 'runtime' },
  entry: 'reportStarted',
  on: {
    'sup.ping': { actions: 'answerPing' },
    'runtime.failed': { actions: 'failWithReason' },
    'ring.overflowed': { actions: ['count', 'publishOverflow'] },
  },
  states: {
    open: {
      initial: 'atEase',
      on: { 'sup.shutdown': 'closing' },
      states: {
        atEase: {
          description: 'Its readers keep up.',
          on: { 'ring.high': { target: 'high', actions: 'publishHigh' } },
        },
        high: {
          description: 'Four fifths are unread: a loss is near.',
          on: { 'ring.relieved': 'atEase' },
        },
      },
    },
    closing: {
      description: 'Lets nothing more in, and tells what has been lost up to now.',
      entry: 'close',
      after: { drainBound: { target: 'closed', actions: 'publishOverdue' } },
      on: { 'intake.closed': 'closed' },
    },
    closed: { type: 'final' },
  },
});
