import { assign, sendParent, sendTo, setup } from 'xstate';
import type { EngineEvent, PublishEvent, SupervisedEvent } from '../src/domain/events.ts';
import type { TranscriptBody } from '../src/domain/messages.ts';
import { to } from './address.ts';
import { failWithReason, runtimeOf } from './runtime.ts';
import type { RuntimeFailed } from './runtime.ts';
import type { TextEvent } from './transcription.ts';

export type LanguageCommand = EngineEvent | TextEvent | { type: 'stage.drain' };

export type LanguageFact =
  | { type: 'text.annotated'; body: TranscriptBody }
  | { type: 'texts.flushed'; endSample: number }
  | { type: 'stage.drained' };

export interface LanguageContext {
  readonly texts: number;
  /** Texts whose language was not known in time. */
  readonly late: number;
}

/** Adds language and sentiment to each text, in order, and holds no text up for longer than its bound. */
export const languageMachine = setup({
  types: {
    context: {} as LanguageContext,
    events: {} as SupervisedEvent | EngineEvent | TextEvent | LanguageFact | RuntimeFailed,
  },
  actors: { runtime: runtimeOf<LanguageCommand>() },
  actions: {
    reportStarted: sendParent({ type: 'sup.ready' }),
    answerPing: sendParent({ type: 'sup.pong' }),
    announce: sendTo(to('readiness'), { type: 'stage.up', stage: 'language' }),
    passDown: sendTo('runtime', ({ event }) => event as LanguageCommand),
    drain: sendTo('runtime', { type: 'stage.drain' }),
    count: assign(({ context, event }) =>
      event.type === 'text.annotated'
        ? {
            texts: context.texts + 1,
            late: context.late + (event.body.language === 'und' ? 1 : 0),
          }
        : {},
    ),
    publish: sendTo(to('publisher'), ({ event }): PublishEvent => {
      if (event.type !== 'text.annotated') throw new Error(`${event.type} carries no text`);
      return { type: 'publish.transcript', body: event.body };
    }),
    tellFlushed: sendTo(to('publisher'), ({ event }) => ({
      type: 'stage.flushed',
      stage: 'language',
      endSample: event.type === 'texts.flushed' ? event.endSample : 0,
    })),
    failWithReason,
  },
}).createMachine({
  id: 'language',
  initial: 'running',
  context: { texts: 0, late: 0 },
  invoke: { src: 'runtime', id: 'runtime' },
  entry: ['reportStarted', 'announce'],
  on: {
    'sup.ping': { actions: 'answerPing' },
    'runtime.failed': { actions: 'failWithReason' },
    'engine.ready': { actions: 'passDown' },
    'engine.lost': { actions: 'passDown' },
    'text.ready': { actions: 'passDown' },
    'stage.flushed': { actions: 'passDown' },
    'text.annotated': { actions: ['count', 'publish'] },
    'texts.flushed': { actions: 'tellFlushed' },
  },
  states: {
    running: {
      description: 'Texts pass through.',
      on: { 'sup.shutdown': 'draining' },
    },
    draining: {
      description: 'No more texts come; those at hand are handed on.',
      entry: 'drain',
      on: { 'stage.drained': 'stopped' },
    },
    stopped: { type: 'final' },
  },
});
