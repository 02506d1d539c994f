import { assign, sendParent, sendTo, setup } from 'xstate';
import type {
  ErrorFact,
  OpenedSource,
  SourceRequest,
  SupervisedEvent,
} from '../src/domain/events.ts';
import { to } from './address.ts';
import { drainBound, overdueDrain } from './drain-bound.ts';
import { failWithReason, runtimeOf } from './runtime.ts';
import type { RuntimeFailed } from './runtime.ts';

export type CaptureCommand =
  | { type: 'source.open'; request: SourceRequest }
  | { type: 'source.start' }
  | { type: 'source.stop' };

export type CaptureFact =
  /** Somebody asked for a source; another may follow once it has ended. */
  | { type: 'source.requested'; request: SourceRequest }
  | { type: 'source.ready'; source: OpenedSource; baseSample: number }
  | { type: 'source.finished'; endSample: number }
  | { type: 'source.broke'; error: ErrorFact; endSample: number }
  | { type: 'source.warned'; error: ErrorFact }
  | { type: 'source.stopped' };

export type CaptureEvent =
  SupervisedEvent | CaptureFact | RuntimeFailed | { type: 'pipeline.ready' };

export interface CaptureContext {
  /** The source that was asked for, or null until one is. */
  readonly request: SourceRequest | null;
  readonly source: OpenedSource | null;
  readonly error: ErrorFact | null;
  readonly endSample: number;
  readonly openings: number;
}

const REOPEN_MS = 1_000;

/** The intake: opens the source once the pipeline is ready, and says what becomes of it. */
export const captureMachine = setup({
  types: { context: {} as CaptureContext, events: {} as CaptureEvent },
  actors: { runtime: runtimeOf<CaptureCommand>() },
  guards: {
    hasSource: ({ context }) => context.request !== null,
    isDevice: ({ context }) => context.request?.kind === 'device',
  },
  delays: { reopen: REOPEN_MS, drainBound },
  actions: {
    reportStarted: sendParent({ type: 'sup.ready' }),
    answerPing: sendParent({ type: 'sup.pong' }),
    open: sendTo('runtime', ({ context }): CaptureCommand => {
      if (context.request === null) throw new Error('no source was asked for');
      return { type: 'source.open', request: context.request };
    }),
    start: sendTo('runtime', { type: 'source.start' }),
    stop: sendTo('runtime', { type: 'source.stop' }),
    rememberRequest: assign(({ event }) =>
      event.type === 'source.requested' ? { request: event.request } : {},
    ),
    rememberSource: assign(({ context, event }) =>
      event.type === 'source.ready'
        ? { source: event.source, error: null, openings: context.openings + 1 }
        : {},
    ),
    rememberEnd: assign(({ event }) =>
      event.type === 'source.finished' || event.type === 'source.broke'
        ? { endSample: event.endSample, error: 'error' in event ? event.error : null }
        : {},
    ),
    tellVoiceActivity: sendTo(to('voice-activity'), ({ event }) => sourceFact(event)),
    tellWakeWord: sendTo(to('wakeword'), ({ event }) => sourceFact(event)),
    tellTranscription: sendTo(to('transcription'), ({ event }) => sourceFact(event)),
    publishOpened: sendTo(to('publisher'), ({ context }) => ({
      type: 'publish.event',
      body: {
        event_type: 'source_opened',
        level: 'info',
        metadata: { ...context.source },
      },
    })),
    publishBroken: sendTo(to('publisher'), ({ context }) => ({
      type: 'publish.event',
      body: {
        event_type: context.source?.kind === 'device' ? 'device_lost' : 'source_failed',
        level: 'error',
        metadata: { ...context.error, end_sample: context.endSample },
      },
    })),
    publishWarning: sendTo(to('publisher'), ({ event }) => ({
      type: 'publish.event',
      body: {
        event_type: 'error_occurred',
        level: 'warning',
        metadata: event.type === 'source.warned' ? { ...event.error } : {},
      },
    })),
    publishOverdue: sendTo(
      to('publisher'),
      overdueDrain('capture', 'the source did not close in time'),
    ),
    failWithReason,
  },
}).createMachine({
  id: 'capture',
  initial: 'waiting',
  context: { request: null, source: null, error: null, endSample: 0, openings: 0 },
  invoke: { src: 'runtime', id: 'runtime' },
  entry: 'reportStarted',
  on: {
    'sup.ping': { actions: 'answerPing' },
    'sup.shutdown': '.stopping',
    'runtime.failed': { actions: 'failWithReason' },
    'source.warned': { actions: 'publishWarning' },
  },
  states: {
    waiting: {
      description: 'Until every engine and stage is ready: nothing that is said may be lost.',
      on: {
        'pipeline.ready': [{ guard: 'hasSource', target: 'opening' }, { target: 'idle' }],
        'source.requested': { actions: 'rememberRequest' },
      },
    },
    idle: {
      description: 'No source is named yet.',
      on: { 'source.requested': { target: 'opening', actions: 'rememberRequest' } },
    },
    opening: {
      description: 'The source is being opened; no sample has come yet.',
      entry: 'open',
      on: {
        'source.ready': {
          target: 'running',
          actions: [
            'rememberSource',
            'tellVoiceActivity',
            'tellWakeWord',
            'tellTranscription',
            'publishOpened',
          ],
        },
        'source.broke': { target: 'broken', actions: 'rememberEnd' },
      },
    },
    running: {
      description: 'Samples flow.',
      entry: 'start',
      on: {
        'source.finished': {
          target: 'ended',
          actions: ['rememberEnd', 'tellVoiceActivity', 'tellWakeWord', 'tellTranscription'],
        },
        'source.broke': {
          target: 'broken',
          actions: ['rememberEnd', 'tellVoiceActivity', 'tellWakeWord', 'tellTranscription'],
        },
      },
    },
    ended: {
      description: 'The source came to its end; the daemon stays up.',
      on: { 'source.requested': { target: 'opening', actions: 'rememberRequest' } },
    },
    broken: {
      description: 'The source could not be opened, or failed; a device is tried again.',
      entry: 'publishBroken',
      after: { reopen: { guard: 'isDevice', target: 'opening' } },
      on: { 'source.requested': { target: 'opening', actions: 'rememberRequest' } },
    },
    stopping: {
      description: 'The intake is closed before anything else.',
      entry: 'stop',
      after: { drainBound: { target: 'stopped', actions: 'publishOverdue' } },
      on: { 'source.stopped': 'stopped', 'sup.shutdown': {} },
    },
    stopped: { type: 'final' },
  },
});

/** What the stages behind are told of the source. */
function sourceFact(event: CaptureEvent) {
  switch (event.type) {
    case 'source.ready':
      return { type: 'source.opened', source: event.source, baseSample: event.baseSample };
    case 'source.finished':
    case 'source.broke':
      return { type: 'source.ended', endSample: event.endSample };
    default:
      throw new Error(`${event.type} says nothing about a source`);
  }
}
