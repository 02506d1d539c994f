import type { EventFromLogic } from 'xstate';
import { createTranscriptionMachine } from '../../../machines/transcription.ts';
import type { TranscriptionOptions } from '../../../machines/transcription.ts';
import { exploring } from './exploring.ts';
import type { Exploration } from './exploring.ts';
import { ENDED, IDENTITY, RECOGNITION, SOURCE } from './samples.ts';

type Event = EventFromLogic<ReturnType<typeof createTranscriptionMachine>>;

/** Begins of the utterances that may be open at once: the second within the first's window. */
const STARTS: Readonly<Record<string, number>> = { u1: 1_000, u2: 30_000 };

/** Speech, wake words and answers in every order, with at most two utterances open. */
export function exploreTranscription(activation: TranscriptionOptions['activation']): Exploration {
  const machine = createTranscriptionMachine({
    activation,
    findsPhraseInText: false,
    listeningWindowMs: 15_000,
    wakeTimeoutMs: 5_000,
    maxPending: 2,
  });
  return exploring(machine, {
    events: ({ context: { utterances, window } }): Event[] => [
      { type: 'engine.ready', engine: 'recogniser', identity: IDENTITY },
      { type: 'engine.lost', engine: 'recogniser', reason: 'killed' },
      { type: 'source.opened', source: SOURCE, baseSample: 0 },
      { type: 'source.interrupted', endSample: 30_000 },
      { type: 'source.resumed', source: SOURCE, baseSample: 60_000 },
      { type: 'source.ended', endSample: 90_000 },
      { type: 'stage.flushed', stage: 'voice-activity', endSample: 90_000 },
      { type: 'stage.flushed', stage: 'wakeword', endSample: 90_000 },
      ...Object.entries(STARTS)
        .filter(([id]) => !utterances.some(({ utteranceId }) => utteranceId === id))
        .map(([utteranceId, startSample]) => ({
          type: 'speech.started' as const,
          utteranceId,
          startSample,
          atSample: startSample + 512,
        })),
      { type: 'speech.paused', lastSpeechSample: 8_000, atSample: 9_500 },
      { type: 'speech.resumed', atSample: 10_000 },
      { ...ENDED, utteranceId: 'u1', startSample: 1_000 },
      { type: 'speech.discarded', utteranceId: 'u1', speechMs: 40 },
      {
        type: 'wake.detected',
        phrase: 'hey_jarvis',
        engine: 'openwakeword',
        score: 1,
        atSample: 5_000,
      },
      { type: 'utterances.orphaned', utteranceIds: ['u0'] },
      { type: 'window.passed', atSample: 0 },
      { type: 'window.passed', atSample: window?.untilSample ?? 0 },
      ...utterances.flatMap(({ utteranceId }) => of(utteranceId)),
      { type: 'runtime.failed', reason: 'the test asks for it' },
    ],
    key: ({ utterances, current, window, flushed, endedAt }) => [
      utterances
        .map((kept) => [kept.utteranceId, kept.endSample === null, kept.isAddressed].join(' '))
        .sort(),
      current,
      window === null,
      Object.keys(flushed).sort(),
      endedAt === null,
    ],
    rests: {
      'transcription.running.always': 'what changes is in the actors of the utterances',
    },
  });
}

/** What is said of one utterance, by its actor and by the runtime. */
function of(utteranceId: string): Event[] {
  const decode = { utteranceId, kind: 'final' } as const;
  return [
    { type: 'utterance.accepted', utteranceId, startSample: 1_000 },
    { type: 'utterance.partials', utteranceId, isWanted: true },
    { type: 'utterance.decode', ...decode, endSample: 8_000, isCut: false },
    { type: 'utterance.undecided', utteranceId, endSample: 8_000 },
    { type: 'utterance.heard', utteranceId, text: 'Stop.', atSample: 8_000 },
    {
      type: 'utterance.text',
      ...decode,
      revision: 1,
      text: 'Stop.',
      recognition: RECOGNITION,
      ended: null,
    },
    { type: 'utterance.closed', utteranceId, outcome: 'published', reason: '' },
    { type: 'utterance.closed', utteranceId, outcome: 'lost', reason: 'the engine is gone' },
    { type: 'decode.done', ...decode, recognition: RECOGNITION },
    { type: 'decode.failed', ...decode, reason: 'the engine is gone' },
    { type: 'wake.passed', utteranceId },
  ];
}
