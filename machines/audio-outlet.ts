import { assign, sendParent, sendTo, setup } from 'xstate';
import type { SupervisedEvent } from '../src/domain/events.ts';
import { to } from './address.ts';
import { drainBound } from './drain-bound.ts';
import { failWithReason, runtimeOf } from './runtime.ts';
import type { RuntimeFailed } from './runtime.ts';

/** Publish what there still is and close, within the time. */
export type AudioOutletCommand = { type: 'audio.drain'; withinMs: number };

export type AudioOutletFact =
  | { type: 'audio.opened'; address: string }
  /** Samples between these positions were not published, or were taken back before they were sent. */
  | { type: 'audio.dropped'; firstSample: number; lastSample: number; samples: number }
  | { type: 'audio.closed' };

export interface AudioOutletContext {
  readonly address: string;
  readonly droppedSamples: number;
}

/** The audio that is published because somebody asked for it, from the opening of its port to its last frame. */
export const audioOutletMachine = setup({
  types: {
    context: {} as AudioOutletContext,
    events: {} as SupervisedEvent | AudioOutletFact | RuntimeFailed,
  },
  actors: { runtime: runtimeOf<AudioOutletCommand>() },
  delays: { drainBound },
  actions: {
    reportStarted: sendParent({ type: 'sup.ready' }),
    answerPing: sendParent({ type: 'sup.pong' }),
    rememberAddress: assign(({ event }) =>
      event.type === 'audio.opened' ? { address: event.address } : {},
    ),
    countDropped: assign(({ context, event }) =>
      event.type === 'audio.dropped'
        ? { droppedSamples: context.droppedSamples + event.samples }
        : {},
    ),
    publishDropped: sendTo(to('publisher'), ({ event }) => ({
      type: 'publish.event',
      body: {
        event_type: 'buffer_overflow',
        level: 'warning',
        metadata:
          event.type === 'audio.dropped'
            ? {
                buffer: 'audio-outlet',
                first_sample: event.firstSample,
                last_sample: event.lastSample,
                dropped_samples: event.samples,
              }
            : {},
      },
    })),
    drain: sendTo('runtime', ({ event }): AudioOutletCommand => ({
      type: 'audio.drain',
      withinMs: drainBound({ event }),
    })),
    failWithReason,
  },
}).createMachine({
  id: 'audioOutlet',
  initial: 'opening',
  context: { address: '', droppedSamples: 0 },
  invoke: { src: 'runtime', id: 'runtime' },
  on: {
    'sup.ping': { actions: 'answerPing' },
    'runtime.failed': { actions: 'failWithReason' },
    'sup.shutdown': '.draining',
  },
  states: {
    opening: {
      description: 'Its port is being opened.',
      on: { 'audio.opened': { target: 'publishing', actions: 'rememberAddress' } },
    },
    publishing: {
      description: 'Every sample of the ring is published.',
      entry: 'reportStarted',
      on: { 'audio.dropped': { actions: ['countDropped', 'publishDropped'] } },
    },
    draining: {
      description: 'The intake is closed: what the ring still holds is published.',
      entry: 'drain',
      // Its runtime counts what it could not send; there is nobody left to publish that.
      after: { drainBound: 'stopped' },
      on: {
        'audio.dropped': { actions: 'countDropped' },
        'audio.closed': 'stopped',
        'sup.shutdown': {},
      },
    },
    stopped: { type: 'final' },
  },
});
