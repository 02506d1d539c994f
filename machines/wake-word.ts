import { assign, sendParent, sendTo, setup } from 'xstate';
import type {
  EngineEvent,
  FlushEvent,
  SourceEvent,
  SupervisedEvent,
  WakeEvent,
} from '../src/domain/events.ts';
import { findPhrase } from '../src/domain/phrase.ts';
import { to } from './address.ts';
import { drainBound, overdueDrain } from './drain-bound.ts';
import { failWithReason, runtimeOf } from './runtime.ts';
import type { RuntimeFailed } from './runtime.ts';
import { gapPublication } from './stage-facts.ts';
import type { StageFact } from './stage-facts.ts';

export type WakeWordMode = 'openwakeword' | 'phrase' | 'off';

export type WakeWordCommand = EngineEvent | SourceEvent | { type: 'stage.drain' };

/** Recognised text of an utterance that has not been addressed to us, yet. */
export interface TextHeard {
  type: 'text.heard';
  utteranceId: string;
  text: string;
  /** End of the recognised range. */
  atSample: number;
}

export interface WakeWordContext {
  readonly mode: WakeWordMode;
  readonly phrases: readonly string[];
  readonly detections: number;
}

/** Listens for the wake phrase: in the audio, in recognised text, or not at all. */
export function createWakeWordMachine(mode: WakeWordMode, phrases: readonly string[]) {
  return setup({
    types: {
      context: {} as WakeWordContext,
      events: {} as
        | SupervisedEvent
        | EngineEvent
        | SourceEvent
        | WakeEvent
        | TextHeard
        | StageFact
        | RuntimeFailed,
    },
    actors: { runtime: runtimeOf<WakeWordCommand>() },
    delays: { drainBound },
    guards: {
      hasPhrase: ({ context, event }) =>
        event.type === 'text.heard' && findPhrase(event.text, context.phrases) !== null,
    },
    actions: {
      reportStarted: sendParent({ type: 'sup.ready' }),
      answerPing: sendParent({ type: 'sup.pong' }),
      passDown: sendTo('runtime', ({ event }) => event as WakeWordCommand),
      drain: sendTo('runtime', { type: 'stage.drain' }),
      tellTranscription: sendTo(to('transcription'), ({ event }) => event),
      tellTranscriptionOfText: sendTo(to('transcription'), ({ context, event }): WakeEvent => {
        if (event.type !== 'text.heard') throw new Error(`${event.type} carries no text`);
        const found = findPhrase(event.text, context.phrases);
        if (found === null) throw new Error('the guard found a phrase that is not there');
        return {
          type: 'wake.detected',
          phrase: found.phrase,
          engine: 'phrase',
          score: found.similarity,
          atSample: event.atSample,
        };
      }),
      tellFlushed: sendTo(to('transcription'), ({ event }): FlushEvent => ({
        type: 'stage.flushed',
        stage: 'wakeword',
        endSample: event.type === 'stage.flushed' ? event.endSample : 0,
      })),
      publishGap: sendTo(to('publisher'), ({ event }) => gapPublication(event, 'wakeword')),
      count: assign({ detections: ({ context }) => context.detections + 1 }),
      publishOverdue: sendTo(
        to('publisher'),
        overdueDrain('wakeword', 'a wake word in the last of the audio'),
      ),
      failWithReason,
    },
  }).createMachine({
    id: 'wakeWord',
    initial: 'armed',
    context: { mode, phrases, detections: 0 },
    invoke: { src: 'runtime', id: 'runtime' },
    entry: 'reportStarted',
    on: {
      'sup.ping': { actions: 'answerPing' },
      'runtime.failed': { actions: 'failWithReason' },
      'engine.ready': { actions: 'passDown' },
      'engine.lost': { actions: 'passDown' },
      'source.opened': { actions: 'passDown' },
      'source.interrupted': { actions: 'passDown' },
      'source.resumed': { actions: 'passDown' },
      'source.ended': { actions: 'passDown' },
      'stage.flushed': { actions: 'tellFlushed' },
      'audio.gap': { actions: 'publishGap' },
      'wake.detected': { actions: ['count', 'tellTranscription'] },
      'text.heard': { guard: 'hasPhrase', actions: ['count', 'tellTranscriptionOfText'] },
    },
    states: {
      armed: {
        description: 'Listens for the phrase.',
        on: { 'sup.shutdown': 'draining' },
      },
      draining: {
        description: 'Looks at what was captured before the intake closed.',
        entry: 'drain',
        after: { drainBound: { target: 'stopped', actions: 'publishOverdue' } },
        on: { 'stage.drained': 'stopped' },
      },
      stopped: { type: 'final' },
    },
  });
}
