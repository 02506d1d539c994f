import { assign, enqueueActions, sendParent, sendTo, setup } from 'xstate';
import type {
  EndReason,
  EngineEvent,
  FlushEvent,
  Recognition,
  SourceEvent,
  SpeechEvent,
  SupervisedEvent,
  WakeEvent,
} from '../src/domain/events.ts';
import { to } from './address.ts';
import { drainBound } from './drain-bound.ts';
import { awaken, extended } from './listening.ts';
import type { Kept, Window } from './listening.ts';
import { failWithReason, runtimeOf } from './runtime.ts';
import type { RuntimeFailed } from './runtime.ts';
import {
  discardedUtterance,
  listeningEnded,
  listeningStarted,
  lostUtterance,
  orphanedUtterance,
  readyText,
  startedUtterance,
  wakeNews,
} from './transcription-news.ts';
import type { TextEvent } from './transcription-news.ts';
import { utteranceMachine } from './utterance.ts';
import type {
  DecodeKind,
  UtteranceEvent,
  UtteranceOutcome,
  UtteranceRequest,
} from './utterance.ts';

export type TranscriptionCommand =
  | EngineEvent
  | SourceEvent
  /** Starts to keep the utterance's audio. */
  | { type: 'utterance.keep'; utteranceId: string; startSample: number }
  /** It is meant to become text: whatever happens to this stage, its fate is told. */
  | { type: 'utterance.accepted'; utteranceId: string; startSample: number }
  | { type: 'utterance.drop'; utteranceId: string }
  | { type: 'utterance.partials'; utteranceId: string; isWanted: boolean }
  | {
      type: 'utterance.decode';
      utteranceId: string;
      kind: DecodeKind;
      endSample: number;
      /** The speech goes on behind the end: what follows belongs to the next utterance. */
      isCut: boolean;
    }
  /** Says `wake.passed` once the wake word stage has listened to all before the sample. */
  | { type: 'wake.watch'; utteranceId: string; endSample: number }
  /** Says `window.passed` once voice activity has looked at all before the sample; replaces the last one. */
  | { type: 'window.watch'; untilSample: number };

export type TranscriptionFact =
  | { type: 'decode.done'; utteranceId: string; kind: DecodeKind; recognition: Recognition }
  | { type: 'decode.failed'; utteranceId: string; kind: DecodeKind; reason: string }
  /** What an earlier life of this stage had open when it ended. */
  | { type: 'utterances.orphaned'; utteranceIds: readonly string[] }
  | { type: 'wake.passed'; utteranceId: string }
  | { type: 'window.passed'; atSample: number };

export interface TranscriptionOptions {
  readonly activation: 'wakeword' | 'always';
  readonly findsPhraseInText: boolean;
  readonly listeningWindowMs: number;
  readonly wakeTimeoutMs: number;
  /** More than this at once, and the oldest that was not addressed to us is dropped. */
  readonly maxPending: number;
}

export interface TranscriptionContext {
  readonly options: TranscriptionOptions;
  readonly utterances: readonly Kept[];
  /** The utterance that is being spoken. */
  readonly current: string | null;
  readonly window: Window | null;
  /** The end up to which each stage has last flushed a source, and where this source ended. */
  readonly flushed: Readonly<Record<string, number>>;
  readonly endedAt: number | null;
  readonly outcomes: Readonly<Partial<Record<UtteranceOutcome, number>>>;
}

/** Decides what is listened to, keeps one actor for each utterance, and hands its texts on. */
export function createTranscriptionMachine(options: TranscriptionOptions) {
  return setup({
    types: {
      context: {} as TranscriptionContext,
      events: {} as
        | SupervisedEvent
        | EngineEvent
        | SourceEvent
        | SpeechEvent
        | WakeEvent
        | FlushEvent
        | UtteranceRequest
        | TranscriptionFact
        | RuntimeFailed,
      children: {},
    },
    actors: { runtime: runtimeOf<TranscriptionCommand>(), utterance: utteranceMachine },
    delays: { drainBound },
    guards: {
      isWindowOver: ({ context, event }) =>
        event.type === 'window.passed' &&
        context.window !== null &&
        event.atSample >= context.window.untilSample &&
        !context.utterances.some((kept) => kept.isAddressed && kept.endSample === null),
      isAlways: ({ context }) => context.options.activation === 'always',
      isEmpty: ({ context }) => context.utterances.length === 0,
      isFlushed: ({ context }) =>
        context.endedAt !== null &&
        context.utterances.length === 0 &&
        context.flushed['voice-activity'] === context.endedAt &&
        context.flushed['wakeword'] === context.endedAt,
    },
    actions: {
      reportStarted: sendParent({ type: 'sup.ready' }),
      answerPing: sendParent({ type: 'sup.pong' }),
      passDown: sendTo('runtime', ({ event }) => event as TranscriptionCommand),
      begin: enqueueActions(({ enqueue, context, event }) => {
        if (event.type !== 'speech.started') return;
        const { utteranceId, startSample } = event;
        const inWindow = context.window !== null && startSample <= context.window.untilSample;
        const isAddressed = context.options.activation === 'always' || inWindow;
        const spare = context.utterances.find(
          (kept) => !kept.isAddressed && kept.endSample !== null,
        );
        if (context.utterances.length >= context.options.maxPending && spare !== undefined) {
          enqueue.sendTo(spare.utteranceId, { type: 'utterance.ignored' });
        }
        // Voice activity that was started anew knows nothing of the speech that its predecessor had open.
        if (context.current !== null) {
          enqueue.sendTo(context.current, endOf(startSample, event.atSample, 'gap'));
        }
        enqueue.sendTo('runtime', { type: 'utterance.keep', utteranceId, startSample });
        enqueue.spawnChild('utterance', {
          id: utteranceId,
          input: {
            utteranceId,
            startSample,
            isAddressed,
            findsPhraseInText: context.options.findsPhraseInText,
          },
        });
        enqueue.assign({
          current: utteranceId,
          utterances: [
            ...context.utterances.map((kept) =>
              kept.utteranceId === context.current ? { ...kept, endSample: startSample } : kept,
            ),
            { utteranceId, startSample, endSample: null, isAddressed },
          ],
        });
      }),
      publishStarted: sendTo(to('publisher'), ({ event }) => {
        if (event.type !== 'utterance.accepted') throw new Error(`${event.type} starts nothing`);
        return startedUtterance(event);
      }),
      tellCurrent: enqueueActions(({ enqueue, context, event }) => {
        if (context.current === null) return;
        enqueue.sendTo(context.current, event);
      }),
      endCurrent: assign(({ context, event }) => {
        if (event.type !== 'speech.ended') return { current: null };
        const { endSample } = event;
        const ended = context.utterances.find((kept) => kept.utteranceId === context.current);
        return {
          current: null,
          utterances: context.utterances.map((kept) =>
            kept === ended ? { ...kept, endSample } : kept,
          ),
          window: extended(context.window, ended, endSample, context.options),
        };
      }),
      endOpen: enqueueActions(({ enqueue, context }) => {
        if (context.current === null) return;
        enqueue.sendTo(
          context.current,
          endOf(Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, 'shutdown'),
        );
        enqueue.assign({ current: null });
      }),
      watchWindow: enqueueActions(({ enqueue, context }) => {
        if (context.window === null) return;
        enqueue.sendTo('runtime', {
          type: 'window.watch',
          untilSample: context.window.untilSample,
        });
      }),
      wake: enqueueActions(({ enqueue, context, event }) => {
        if (event.type !== 'wake.detected' || context.options.activation === 'always') return;
        const { window, spoken, followers } = awaken(event, context.utterances, context.options);
        enqueue.assign({
          window,
          utterances: context.utterances.map((kept) =>
            kept === spoken || followers.includes(kept) ? { ...kept, isAddressed: true } : kept,
          ),
        });
        for (const kept of [...(spoken === null ? [] : [spoken]), ...followers]) {
          enqueue.sendTo(kept.utteranceId, {
            type: 'utterance.addressed',
            phrase: kept === spoken ? event.phrase : null,
            atSample: event.atSample,
          });
        }
        enqueue.sendTo('runtime', { type: 'window.watch', untilSample: window.untilSample });
      }),
      publishWake: sendTo(to('publisher'), ({ event }) => {
        if (event.type !== 'wake.detected') throw new Error(`${event.type} is no wake word`);
        return wakeNews(event);
      }),
      publishListening: sendTo(to('publisher'), ({ context }) => listeningStarted(context.window)),
      closeWindow: assign({ window: null }),
      publishListeningEnded: sendTo(to('publisher'), ({ context, event }) => {
        if (event.type === 'window.passed') return listeningEnded('timeout', event.atSample);
        const at = event.type === 'source.opened' ? event.baseSample : context.endedAt;
        return listeningEnded('end_of_source', at);
      }),
      endListening: enqueueActions(({ enqueue, context }) => {
        if (context.window !== null) enqueue({ type: 'publishListeningEnded' });
      }),
      watchWake: sendTo('runtime', ({ event }): TranscriptionCommand => {
        if (event.type !== 'utterance.undecided') throw new Error(`${event.type} is decided`);
        return {
          type: 'wake.watch',
          utteranceId: event.utteranceId,
          endSample: event.endSample,
        };
      }),
      ignore: enqueueActions(({ enqueue, context, event }) => {
        if (event.type !== 'wake.passed') return;
        const kept = context.utterances.find((one) => one.utteranceId === event.utteranceId);
        if (kept === undefined || kept.isAddressed) return;
        enqueue.sendTo(event.utteranceId, { type: 'utterance.ignored' });
      }),
      tellUtterance: enqueueActions(({ enqueue, context, event }) => {
        if (event.type !== 'decode.done' && event.type !== 'decode.failed') return;
        if (context.utterances.some((kept) => kept.utteranceId === event.utteranceId)) {
          enqueue.sendTo(event.utteranceId, event);
        }
      }),
      tellWakeWord: sendTo(to('wakeword'), ({ event }) => {
        if (event.type !== 'utterance.heard') throw new Error(`${event.type} was not heard`);
        return {
          type: 'text.heard',
          utteranceId: event.utteranceId,
          text: event.text,
          atSample: event.atSample,
        };
      }),
      handOn: sendTo(to('language'), ({ context, event }): TextEvent => {
        if (event.type !== 'utterance.text') throw new Error(`${event.type} carries no text`);
        const kept = context.utterances.find((one) => one.utteranceId === event.utteranceId);
        return readyText(event, kept?.startSample ?? 0);
      }),
      close: enqueueActions(({ enqueue, context, event }) => {
        if (event.type !== 'utterance.closed') return;
        const { utteranceId, outcome } = event;
        enqueue.sendTo('runtime', { type: 'utterance.drop', utteranceId });
        enqueue.stopChild(utteranceId);
        enqueue.assign({
          current: context.current === utteranceId ? null : context.current,
          utterances: context.utterances.filter((kept) => kept.utteranceId !== utteranceId),
          outcomes: { ...context.outcomes, [outcome]: (context.outcomes[outcome] ?? 0) + 1 },
        });
        // The publisher tells of what it published; a click that was never accepted is no news.
        const wasAccepted = context.utterances.some(
          (kept) => kept.utteranceId === utteranceId && kept.isAddressed,
        );
        if (outcome === 'published' || (outcome === 'too_short' && !wasAccepted)) return;
        enqueue({ type: 'publishDiscarded' });
      }),
      publishDiscarded: sendTo(to('publisher'), ({ event }) => {
        if (event.type !== 'utterance.closed') throw new Error(`${event.type} closes nothing`);
        return discardedUtterance(event);
      }),
      publishLost: enqueueActions(({ enqueue, context }) => {
        for (const { utteranceId } of context.utterances) {
          enqueue.sendTo(to('publisher'), lostUtterance(utteranceId));
        }
      }),
      publishOrphans: enqueueActions(({ enqueue, event }) => {
        if (event.type !== 'utterances.orphaned') return;
        for (const utteranceId of event.utteranceIds) {
          enqueue.sendTo(to('publisher'), orphanedUtterance(utteranceId));
        }
      }),
      newSource: assign({ flushed: {}, endedAt: null, window: null }),
      rememberEnd: assign({
        endedAt: ({ event }) => (event.type === 'source.ended' ? event.endSample : null),
      }),
      rememberFlushed: assign({
        flushed: ({ context, event }) =>
          event.type === 'stage.flushed'
            ? { ...context.flushed, [event.stage]: event.endSample }
            : context.flushed,
      }),
      tellFlushed: sendTo(to('language'), ({ context }): TextEvent => ({
        type: 'stage.flushed',
        stage: 'transcription',
        endSample: context.endedAt ?? 0,
      })),
      forgetEnd: assign({ flushed: {}, endedAt: null, window: null }),
      failWithReason,
    },
  }).createMachine({
    id: 'transcription',
    initial: 'running',
    context: {
      options,
      utterances: [],
      current: null,
      window: null,
      flushed: {},
      endedAt: null,
      outcomes: {},
    },
    invoke: { src: 'runtime', id: 'runtime' },
    entry: 'reportStarted',
    on: {
      'sup.ping': { actions: 'answerPing' },
      'runtime.failed': { actions: 'failWithReason' },
      'engine.ready': { actions: 'passDown' },
      'engine.lost': { actions: 'passDown' },
      'source.opened': { actions: ['newSource', 'passDown'] },
      'source.interrupted': { actions: 'passDown' },
      'source.resumed': { actions: 'passDown' },
      'source.ended': { actions: ['rememberEnd', 'passDown'] },
      'stage.flushed': { actions: 'rememberFlushed' },
      'speech.started': { actions: 'begin' },
      'speech.paused': { actions: 'tellCurrent' },
      'speech.resumed': { actions: 'tellCurrent' },
      'speech.ended': { actions: ['tellCurrent', 'endCurrent', 'watchWindow'] },
      'speech.discarded': { actions: ['tellCurrent', 'endCurrent'] },
      'utterance.accepted': { actions: ['publishStarted', 'passDown'] },
      'utterances.orphaned': { actions: 'publishOrphans' },
      'utterance.partials': { actions: 'passDown' },
      'utterance.decode': { actions: 'passDown' },
      'utterance.undecided': { actions: 'watchWake' },
      'utterance.heard': { actions: 'tellWakeWord' },
      'utterance.text': { actions: 'handOn' },
      'utterance.closed': { actions: 'close' },
      'decode.done': { actions: 'tellUtterance' },
      'decode.failed': { actions: 'tellUtterance' },
      'wake.passed': { actions: 'ignore' },
    },
    states: {
      running: {
        initial: 'deciding',
        on: { 'sup.shutdown': 'draining' },
        always: { guard: 'isFlushed', target: '.flushed' },
        states: {
          deciding: {
            description: 'Asks what the activation is: no time passes in it.',
            always: [{ guard: 'isAlways', target: 'always' }, { target: 'idle' }],
          },
          always: { description: 'All speech is addressed to us.' },
          idle: {
            description: 'Waits for the wake phrase.',
            on: {
              'wake.detected': {
                target: 'listening',
                actions: ['publishWake', 'wake', 'publishListening'],
              },
            },
          },
          listening: {
            description: 'The listening window is open: speech that starts now is addressed to us.',
            on: {
              'wake.detected': { actions: ['publishWake', 'wake'] },
              'source.opened': {
                target: 'idle',
                actions: ['publishListeningEnded', 'newSource', 'passDown'],
              },
              'window.passed': {
                guard: 'isWindowOver',
                target: 'idle',
                actions: ['closeWindow', 'publishListeningEnded'],
              },
            },
          },
          flushed: {
            description: 'All of an ended source has been handed on.',
            entry: ['endListening', 'tellFlushed', 'forgetEnd'],
            always: 'deciding',
          },
        },
      },
      draining: {
        description: 'No more speech comes; the finals on the way are waited for.',
        entry: 'endOpen',
        after: { drainBound: { target: 'stopped', actions: 'publishLost' } },
        always: { guard: 'isEmpty', target: 'stopped' },
        on: { 'wake.detected': { actions: ['publishWake', 'wake'] } },
      },
      stopped: { type: 'final' },
    },
  });
}

/** The end of an utterance that voice activity will not tell of; the decoder takes what audio there is. */
function endOf(endSample: number, atSample: number, reason: EndReason): UtteranceEvent {
  return { type: 'speech.ended', endSample, atSample, reason, silenceMs: 0 };
}
