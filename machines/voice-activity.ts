import { assign, sendParent, sendTo, setup } from 'xstate';
import type {
  EngineEvent,
  FlushEvent,
  SourceEvent,
  SpeechEvent,
  SupervisedEvent,
} from '../src/domain/events.ts';
import { to } from './address.ts';
import { drainBound, overdueDrain } from './drain-bound.ts';
import { failWithReason, runtimeOf } from './runtime.ts';
import type { RuntimeFailed } from './runtime.ts';
import { gapPublication } from './stage-facts.ts';
import type { StageFact } from './stage-facts.ts';

export type VoiceActivityCommand =
  | EngineEvent
  | SourceEvent
  /** Finish with what has been captured, then say `stage.drained`. */
  | { type: 'stage.drain' };

export interface VoiceActivityContext {
  readonly utterances: number;
  readonly discarded: number;
}

/** Tells speech from the rest: follows the endpointer's signals and hands them to transcription. */
export const voiceActivityMachine = setup({
  types: {
    context: {} as VoiceActivityContext,
    events: {} as
      SupervisedEvent | EngineEvent | SourceEvent | SpeechEvent | StageFact | RuntimeFailed,
  },
  actors: { runtime: runtimeOf<VoiceActivityCommand>() },
  delays: { drainBound },
  actions: {
    reportStarted: sendParent({ type: 'sup.ready' }),
    answerPing: sendParent({ type: 'sup.pong' }),
    passDown: sendTo('runtime', ({ event }) => event as VoiceActivityCommand),
    drain: sendTo('runtime', { type: 'stage.drain' }),
    tellTranscription: sendTo(to('transcription'), ({ event }) => event),
    tellFlushed: sendTo(to('transcription'), ({ event }): FlushEvent => ({
      type: 'stage.flushed',
      stage: 'voice-activity',
      endSample: event.type === 'stage.flushed' ? event.endSample : 0,
    })),
    publishGap: sendTo(to('publisher'), ({ event }) => gapPublication(event, 'voice-activity')),
    countUtterance: assign({ utterances: ({ context }) => context.utterances + 1 }),
    countDiscarded: assign({ discarded: ({ context }) => context.discarded + 1 }),
    publishOverdue: sendTo(
      to('publisher'),
      overdueDrain('voice-activity', 'speech in the last of the audio'),
    ),
    failWithReason,
  },
}).createMachine({
  id: 'voiceActivity',
  initial: 'running',
  context: { utterances: 0, discarded: 0 },
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
  },
  states: {
    running: {
      initial: 'quiet',
      on: { 'sup.shutdown': '#voiceActivity.draining' },
      states: {
        quiet: {
          description: 'No speech.',
          on: {
            'speech.started': {
              target: 'speaking',
              actions: ['countUtterance', 'tellTranscription'],
            },
          },
        },
        speaking: {
          description: 'Somebody speaks.',
          on: {
            'speech.paused': { target: 'paused', actions: 'tellTranscription' },
            'speech.ended': { target: 'quiet', actions: 'tellTranscription' },
            'speech.discarded': {
              target: 'quiet',
              actions: ['countDiscarded', 'tellTranscription'],
            },
          },
        },
        paused: {
          description: 'A pause that may be the end.',
          on: {
            'speech.resumed': { target: 'speaking', actions: 'tellTranscription' },
            'speech.ended': { target: 'quiet', actions: 'tellTranscription' },
            'speech.discarded': {
              target: 'quiet',
              actions: ['countDiscarded', 'tellTranscription'],
            },
          },
        },
      },
    },
    draining: {
      description:
        'The intake is closed: what was captured is still looked at, and speech is ended.',
      entry: 'drain',
      after: { drainBound: { target: 'stopped', actions: 'publishOverdue' } },
      on: {
        'speech.started': { actions: ['countUtterance', 'tellTranscription'] },
        'speech.paused': { actions: 'tellTranscription' },
        'speech.resumed': { actions: 'tellTranscription' },
        'speech.ended': { actions: 'tellTranscription' },
        'speech.discarded': { actions: ['countDiscarded', 'tellTranscription'] },
        'stage.drained': 'stopped',
      },
    },
    stopped: { type: 'final' },
  },
});
