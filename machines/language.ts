import { assign, enqueueActions, sendParent, sendTo, setup } from 'xstate';
import type { EngineEvent, PublishEvent, SupervisedEvent } from '../src/domain/events.ts';
import type { TranscriptBody } from '../src/domain/messages.ts';
import { to } from './address.ts';
import { drainBound } from './drain-bound.ts';
import { failWithReason, runtimeOf } from './runtime.ts';
import type { RuntimeFailed } from './runtime.ts';
import { lostUtterance } from './transcription-news.ts';
import type { TextEvent } from './transcription-news.ts';

export type LanguageCommand =
  | EngineEvent
  | TextEvent
  /** Hand on what is at hand well within the time, with its language or without, then say `stage.drained`. */
  | { type: 'stage.drain'; withinMs: number };

export type LanguageFact =
  | { type: 'text.annotated'; body: TranscriptBody }
  | { type: 'texts.flushed'; endSample: number }
  | { type: 'stage.drained' };

export interface LanguageContext {
  readonly texts: number;
  /** Texts whose language was not known in time. */
  readonly late: number;
  /** Utterances whose final is being annotated. */
  readonly waiting: readonly string[];
}

/** Adds language and sentiment to each text, in order, and holds no text up for longer than its bound. */
export const languageMachine = setup({
  types: {
    context: {} as LanguageContext,
    events: {} as SupervisedEvent | EngineEvent | TextEvent | LanguageFact | RuntimeFailed,
  },
  actors: { runtime: runtimeOf<LanguageCommand>() },
  delays: { drainBound },
  actions: {
    reportStarted: sendParent({ type: 'sup.ready' }),
    answerPing: sendParent({ type: 'sup.pong' }),
    passDown: sendTo('runtime', ({ event }) => event as LanguageCommand),
    drain: sendTo('runtime', ({ event }): LanguageCommand => ({
      type: 'stage.drain',
      withinMs: drainBound({ event }),
    })),
    remember: assign({
      waiting: ({ context, event }) =>
        event.type === 'text.ready' && event.draft.kind === 'final'
          ? [...context.waiting, event.draft.utterance_id]
          : context.waiting,
    }),
    count: assign(({ context, event }) =>
      event.type === 'text.annotated'
        ? {
            texts: context.texts + 1,
            late: context.late + (event.body.language === 'und' ? 1 : 0),
            waiting:
              event.body.kind === 'final'
                ? context.waiting.filter((id) => id !== event.body.utterance_id)
                : context.waiting,
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
    publishLost: enqueueActions(({ enqueue, context }) => {
      for (const id of context.waiting) enqueue.sendTo(to('publisher'), lostUtterance(id));
    }),
    failWithReason,
  },
}).createMachine({
  id: 'language',
  initial: 'running',
  context: { texts: 0, late: 0, waiting: [] },
  invoke: { src: 'runtime', id: 'runtime' },
  entry: 'reportStarted',
  on: {
    'sup.ping': { actions: 'answerPing' },
    'runtime.failed': { actions: 'failWithReason' },
    'engine.ready': { actions: 'passDown' },
    'engine.lost': { actions: 'passDown' },
    'text.ready': { actions: ['remember', 'passDown'] },
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
      after: { drainBound: { target: 'stopped', actions: 'publishLost' } },
      on: { 'stage.drained': 'stopped' },
    },
    stopped: { type: 'final' },
  },
});
