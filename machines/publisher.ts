import { assign, sendParent, sendTo, setup } from 'xstate';
import type { FlushEvent, PublishEvent, SupervisedEvent } from '../src/domain/events.ts';
import { drainBound } from './drain-bound.ts';
import { failWithReason, runtimeOf } from './runtime.ts';
import type { RuntimeFailed } from './runtime.ts';

export type PublisherCommand = PublishEvent | FlushEvent | { type: 'stage.drain' };

export interface PublisherContext {
  readonly events: number;
  readonly transcripts: number;
}

/** Gives every message its place in its stream and hands it to the outlets. */
export const publisherMachine = setup({
  types: {
    context: {} as PublisherContext,
    events: {} as
      SupervisedEvent | PublishEvent | FlushEvent | RuntimeFailed | { type: 'stage.drained' },
  },
  actors: { runtime: runtimeOf<PublisherCommand>() },
  delays: { drainBound },
  actions: {
    reportStarted: sendParent({ type: 'sup.ready' }),
    answerPing: sendParent({ type: 'sup.pong' }),
    passDown: sendTo('runtime', ({ event }) => event as PublisherCommand),
    drain: sendTo('runtime', { type: 'stage.drain' }),
    count: assign(({ context, event }) =>
      event.type === 'publish.transcript'
        ? { transcripts: context.transcripts + 1 }
        : { events: context.events + 1 },
    ),
    failWithReason,
  },
}).createMachine({
  id: 'publisher',
  initial: 'running',
  context: { events: 0, transcripts: 0 },
  invoke: { src: 'runtime', id: 'runtime' },
  entry: 'reportStarted',
  on: {
    'sup.ping': { actions: 'answerPing' },
    'runtime.failed': { actions: 'failWithReason' },
    'publish.transcript': { actions: ['count', 'passDown'] },
    'publish.event': { actions: ['count', 'passDown'] },
    'stage.flushed': { actions: 'passDown' },
  },
  states: {
    running: {
      description: 'Messages go out.',
      on: { 'sup.shutdown': 'draining' },
    },
    draining: {
      description: 'Says that the pipeline has stopped, as its last message.',
      entry: 'drain',
      // Nobody is left to publish that this message was not.
      after: { drainBound: 'stopped' },
      on: { 'stage.drained': 'stopped' },
    },
    stopped: { type: 'final' },
  },
});
