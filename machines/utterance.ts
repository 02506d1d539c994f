import { assign, sendParent, setup } from 'xstate';
import type { EndReason, Recognition } from '../src/domain/events.ts';
import { capitalised, stripPhrase } from '../src/domain/phrase.ts';

export type DecodeKind = 'partial' | 'provisional' | 'final';

/** What an utterance asks of the transcription stage. */
export type UtteranceRequest =
  /** It is addressed to us, and from now on meant to become text. */
  | { type: 'utterance.accepted'; utteranceId: string; startSample: number }
  | { type: 'utterance.partials'; utteranceId: string; isWanted: boolean }
  | {
      type: 'utterance.decode';
      utteranceId: string;
      kind: DecodeKind;
      endSample: number;
      /** The speech goes on behind the end: what follows belongs to the next utterance. */
      isCut: boolean;
    }
  | { type: 'utterance.undecided'; utteranceId: string; endSample: number }
  | { type: 'utterance.heard'; utteranceId: string; text: string; atSample: number }
  | {
      type: 'utterance.text';
      utteranceId: string;
      kind: 'partial' | 'final';
      revision: number;
      text: string;
      recognition: Recognition;
      ended: UtteranceEnd | null;
    }
  | { type: 'utterance.closed'; utteranceId: string; outcome: UtteranceOutcome; reason: string };

export type UtteranceOutcome =
  'published' | 'not_addressed' | 'too_short' | 'empty' | 'phrase_only' | 'lost';

export interface UtteranceEnd {
  readonly endSample: number;
  readonly atSample: number;
  readonly reason: EndReason;
  readonly silenceMs: number;
}

export type UtteranceEvent =
  | { type: 'speech.paused'; lastSpeechSample: number; atSample: number }
  | { type: 'speech.resumed'; atSample: number }
  | ({ type: 'speech.ended' } & UtteranceEnd)
  | { type: 'speech.discarded' }
  /** `phrase`: the one that was said in it; null where it was said before. */
  | { type: 'utterance.addressed'; phrase: string | null; atSample: number }
  | { type: 'utterance.ignored' }
  | { type: 'decode.done'; kind: DecodeKind; recognition: Recognition }
  | { type: 'decode.failed'; kind: DecodeKind; reason: string };

export interface UtteranceInput {
  readonly utteranceId: string;
  readonly startSample: number;
  readonly isAddressed: boolean;
  /** True where the wake phrase is looked for in the text, so that a text is needed before it is addressed. */
  readonly findsPhraseInText: boolean;
}

export interface UtteranceContext extends UtteranceInput {
  /** The wake phrase that was said within this utterance: its text begins after it. */
  readonly phrase: string | null;
  readonly revision: number;
  readonly lastSpeechSample: number;
  readonly lastPartial: string;
  readonly ended: UtteranceEnd | null;
  readonly outcome: UtteranceOutcome;
  readonly reason: string;
}

/** An answer that takes longer was lost on its way; a queue in front of the recogniser is shorter than this. */
const PATIENCE_MS = 120_000;

/**
 * One utterance, from the first sign of speech to its final, or to the reason why there is none.
 * A text is published only once the utterance is addressed to us.
 */
export const utteranceMachine = setup({
  types: {
    context: {} as UtteranceContext,
    events: {} as UtteranceEvent,
    input: {} as UtteranceInput,
    output: {} as { utteranceId: string },
  },
  delays: { patience: PATIENCE_MS },
  guards: {
    isAddressed: ({ context }) => context.isAddressed,
    findsPhraseInText: ({ context }) => context.findsPhraseInText,
    isFinal: ({ event }) => event.type === 'decode.done' && event.kind === 'final',
    isFinalWithText: ({ context, event }) =>
      event.type === 'decode.done' && event.kind === 'final' && published(context, event) !== '',
    isNewPartial: ({ context, event }) => {
      if (event.type !== 'decode.done' || event.kind !== 'partial') return false;
      const text = published(context, event);
      return text !== '' && text !== context.lastPartial;
    },
    failedFinal: ({ event }) => event.type === 'decode.failed' && event.kind === 'final',
  },
  actions: {
    reportAccepted: sendParent(({ context }): UtteranceRequest => ({
      type: 'utterance.accepted',
      utteranceId: context.utteranceId,
      startSample: context.startSample,
    })),
    askForPartials: sendParent(({ context }): UtteranceRequest => ({
      type: 'utterance.partials',
      utteranceId: context.utteranceId,
      isWanted: true,
    })),
    endPartials: sendParent(({ context }): UtteranceRequest => ({
      type: 'utterance.partials',
      utteranceId: context.utteranceId,
      isWanted: false,
    })),
    askForProvisional: sendParent(({ context }): UtteranceRequest => ({
      type: 'utterance.decode',
      utteranceId: context.utteranceId,
      kind: 'provisional',
      endSample: context.lastSpeechSample,
      isCut: false,
    })),
    askForFinal: sendParent(({ context }): UtteranceRequest => ({
      type: 'utterance.decode',
      utteranceId: context.utteranceId,
      kind: 'final',
      endSample: context.ended?.endSample ?? 0,
      isCut: context.ended?.reason === 'max_length',
    })),
    askWhetherAddressed: sendParent(({ context }): UtteranceRequest => ({
      type: 'utterance.undecided',
      utteranceId: context.utteranceId,
      endSample: context.ended?.endSample ?? 0,
    })),
    handOnText: sendParent(({ context, event }): UtteranceRequest => {
      const recognition = recognitionOf(event);
      return {
        type: 'utterance.heard',
        utteranceId: context.utteranceId,
        text: recognition.text,
        atSample: Math.min(recognition.toSample, context.ended?.endSample ?? Infinity),
      };
    }),
    rememberPause: assign(({ event }) =>
      event.type === 'speech.paused' ? { lastSpeechSample: event.lastSpeechSample } : {},
    ),
    rememberEnd: assign(({ event }) =>
      event.type === 'speech.ended'
        ? {
            ended: {
              endSample: event.endSample,
              atSample: event.atSample,
              reason: event.reason,
              silenceMs: event.silenceMs,
            },
          }
        : {},
    ),
    rememberPhrase: assign(({ context, event }) =>
      event.type === 'utterance.addressed'
        ? { phrase: event.phrase ?? context.phrase, isAddressed: true }
        : {},
    ),
    nextRevision: assign(({ context, event }) => ({
      revision: context.revision + 1,
      lastPartial: event.type === 'decode.done' ? published(context, event) : '',
    })),
    sendPartial: sendParent(({ context, event }): UtteranceRequest => ({
      type: 'utterance.text',
      utteranceId: context.utteranceId,
      kind: 'partial',
      revision: context.revision,
      text: published(context, event),
      recognition: recognitionOf(event),
      ended: null,
    })),
    sendFinal: sendParent(({ context, event }): UtteranceRequest => ({
      type: 'utterance.text',
      utteranceId: context.utteranceId,
      kind: 'final',
      revision: context.revision,
      text: published(context, event),
      recognition: recognitionOf(event),
      ended: context.ended,
    })),
    conclude: assign((_, params: { outcome: UtteranceOutcome }) => ({ outcome: params.outcome })),
    concludeEmpty: assign({
      outcome: ({ context }) => (context.phrase === null ? 'empty' : 'phrase_only'),
    }),
    concludeLost: assign(({ event }) => ({
      outcome: 'lost' as const,
      reason: event.type === 'decode.failed' ? event.reason : '',
    })),
    concludeUnanswered: assign({
      outcome: 'lost',
      reason: `nobody answered within ${String(PATIENCE_MS)} ms`,
    }),
    reportClosed: sendParent(({ context }): UtteranceRequest => ({
      type: 'utterance.closed',
      utteranceId: context.utteranceId,
      outcome: context.outcome,
      reason: context.reason,
    })),
  },
}).createMachine({
  id: 'utterance',
  initial: 'opening',
  context: ({ input }) => ({
    ...input,
    phrase: null,
    revision: 0,
    lastSpeechSample: input.startSample,
    lastPartial: '',
    ended: null,
    outcome: 'lost',
    reason: '',
  }),
  output: ({ context }) => ({ utteranceId: context.utteranceId }),
  states: {
    opening: {
      description: 'Asks whether it is addressed to us from the start: no time passes in it.',
      always: [{ guard: 'isAddressed', target: 'active' }, { target: 'candidate' }],
    },
    candidate: {
      description: 'Somebody speaks; it is not known whether to us.',
      on: {
        'utterance.addressed': { target: 'active', actions: 'rememberPhrase' },
        'speech.ended': [
          { guard: 'findsPhraseInText', target: 'reading', actions: 'rememberEnd' },
          { target: 'undecided', actions: 'rememberEnd' },
        ],
        'speech.discarded': {
          target: 'closed',
          actions: { type: 'conclude', params: { outcome: 'too_short' } },
        },
      },
    },
    undecided: {
      description: 'The speech has ended; the wake word stage has not listened to all of it yet.',
      entry: 'askWhetherAddressed',
      after: { patience: { target: 'closed', actions: 'concludeUnanswered' } },
      on: {
        'utterance.addressed': {
          target: 'closing',
          actions: ['rememberPhrase', 'reportAccepted'],
        },
        'utterance.ignored': {
          target: 'closed',
          actions: { type: 'conclude', params: { outcome: 'not_addressed' } },
        },
      },
    },
    reading: {
      description: 'The speech has ended; the phrase is looked for in its text.',
      entry: 'askForFinal',
      after: { patience: { target: 'closed', actions: 'concludeUnanswered' } },
      on: {
        'utterance.addressed': {
          target: 'closing',
          actions: ['rememberPhrase', 'reportAccepted'],
        },
        'decode.done': { guard: 'isFinal', target: 'undecided', actions: 'handOnText' },
        'decode.failed': { guard: 'failedFinal', target: 'closed', actions: 'concludeLost' },
      },
    },
    active: {
      description: 'Addressed to us, and not over yet.',
      entry: ['reportAccepted', 'askForPartials'],
      exit: 'endPartials',
      initial: 'speaking',
      on: {
        'utterance.addressed': { actions: 'rememberPhrase' },
        'speech.ended': { target: 'closing', actions: 'rememberEnd' },
        'speech.discarded': {
          target: 'closed',
          actions: { type: 'conclude', params: { outcome: 'too_short' } },
        },
        'decode.done': { guard: 'isNewPartial', actions: ['nextRevision', 'sendPartial'] },
      },
      states: {
        speaking: {
          description: 'The speech goes on.',
          on: { 'speech.paused': { target: 'paused', actions: 'rememberPause' } },
        },
        paused: {
          description: 'May be the end: the final is decoded ahead of it.',
          entry: 'askForProvisional',
          on: { 'speech.resumed': 'speaking' },
        },
      },
    },
    closing: {
      description: 'Over; its final is on the way.',
      entry: 'askForFinal',
      after: { patience: { target: 'closed', actions: 'concludeUnanswered' } },
      on: {
        'utterance.addressed': { actions: 'rememberPhrase' },
        'decode.done': [
          {
            guard: 'isFinalWithText',
            target: 'closed',
            actions: [
              'nextRevision',
              'sendFinal',
              { type: 'conclude', params: { outcome: 'published' } },
            ],
          },
          { guard: 'isFinal', target: 'closed', actions: 'concludeEmpty' },
        ],
        'decode.failed': { guard: 'failedFinal', target: 'closed', actions: 'concludeLost' },
      },
    },
    closed: { type: 'final', entry: 'reportClosed' },
  },
});

function recognitionOf(event: UtteranceEvent): Recognition {
  if (event.type !== 'decode.done') throw new Error(`${event.type} carries no recognition`);
  return event.recognition;
}

/** The text that leaves the daemon: what was said after the wake phrase. */
function published(context: UtteranceContext, event: UtteranceEvent): string {
  const { text } = recognitionOf(event);
  return context.phrase === null ? text : capitalised(stripPhrase(text, context.phrase).text);
}
