import { assign, enqueueActions, sendParent, sendTo, setup } from 'xstate';
import type { ErrorFact, SourceEvent } from '../src/domain/events.ts';
import { to } from './address.ts';
import type {
  CaptureCommand,
  CaptureContext,
  CaptureEvent,
  CaptureOptions,
  CaptureTrouble,
} from './capture-events.ts';
import {
  audibleNews,
  captureGapNews,
  degradedNews,
  failedNews,
  givenUpNews,
  lostNews,
  openedNews,
  restoredNews,
  silentNews,
  unavailableNews,
} from './capture-news.ts';
import {
  FIRST_TRY,
  afterLoss,
  backoffMs,
  failed,
  isGivenUp,
  isNewsworthy,
  next,
} from './capture-retry.ts';
import { drainBound, overdueDrain } from './drain-bound.ts';
import { failWithReason, runtimeOf } from './runtime.ts';

/** To close a device takes milliseconds; its runtime gives up after a second. */
const CLOSE_BOUND_MS = 1_500;
/** How often a device is looked for where nobody announces it, while another stands in. */
const LOOK_AGAIN_MS = 10_000;

/** What follows on every loss of a device. */
const CLOSING = {
  entry: ['publishLost', 'tellInterrupted', 'tellTrouble', 'close'],
  after: { closeBound: 'reopening' },
  on: {
    'source.closed': 'reopening',
    'source.requested': { actions: 'rememberRequest' },
  },
} as const;

/** The intake: opens the source once the pipeline is ready, and a device anew whenever it is lost. */
export function createCaptureMachine(options: CaptureOptions) {
  return setup({
    types: { context: {} as CaptureContext, events: {} as CaptureEvent },
    actors: { runtime: runtimeOf<CaptureCommand>() },
    guards: {
      hasSource: ({ context }) => context.request !== null,
      isSubstitute: ({ context }) => context.source?.isSubstitute === true,
      isThere: ({ event }) => event.type === 'device.listed' && event.isListed === true,
      isMovedHome: ({ context, event }) =>
        event.type === 'device.moved' && event.loss.movedTo === wantedOf(context),
      isThereForFirst: ({ context, event }) =>
        event.type === 'device.listed' && event.isListed === true && context.retry.backend > 0,
      isLastFailure: ({ context }) => isGivenUp(failed(context.retry), context.options.backends),
    },
    delays: {
      drainBound,
      backoff: ({ context }) => (context.isHinted ? 0 : backoffMs(context.retry, context.isListed)),
      closeBound: CLOSE_BOUND_MS,
      lookAgain: LOOK_AGAIN_MS,
    },
    actions: {
      reportStarted: sendParent({ type: 'sup.ready' }),
      answerPing: sendParent({ type: 'sup.pong' }),
      open: sendTo('runtime', ({ context }): CaptureCommand => {
        const { request, retry } = context;
        if (request === null) throw new Error('no source was asked for');
        return {
          type: 'source.open',
          request,
          backend: request.kind === 'device' ? (options.backends[retry.backend] ?? null) : null,
          isSubstituteAllowed: options.hasSubstitute && retry.attempts > 0,
        };
      }),
      start: sendTo('runtime', { type: 'source.start' }),
      close: sendTo('runtime', { type: 'source.close' }),
      stop: sendTo('runtime', { type: 'source.stop' }),
      look: sendTo('runtime', { type: 'device.look' }),
      rememberRequest: assign(({ event }) =>
        event.type === 'source.requested' ? { request: event.request, retry: FIRST_TRY } : {},
      ),
      rememberSource: assign(({ context, event }) =>
        event.type === 'source.ready'
          ? {
              source: event.source,
              error: null,
              openings: context.openings + 1,
              retry: { ...context.retry, failures: 0, attempts: 0 },
            }
          : {},
      ),
      rememberEnd: assign(({ context, event }) =>
        event.type === 'source.finished' ||
        event.type === 'source.broke' ||
        event.type === 'source.closed'
          ? { endSample: event.endSample, error: 'error' in event ? event.error : context.error }
          : {},
      ),
      rememberLoss: assign(({ context, event }) =>
        'loss' in event
          ? {
              loss: event.loss,
              endSample: event.endSample,
              losses: context.losses + 1,
              retry: afterLoss(context.retry, options.backends, event.atMs),
            }
          : {},
      ),
      rememberFailure: assign(({ context, event }) =>
        event.type === 'device.refused' ? { error: event.error, retry: failed(context.retry) } : {},
      ),
      rememberListed: assign(({ event }) =>
        event.type === 'device.listed' ? { isListed: event.isListed } : {},
      ),
      rememberHint: assign({ isHinted: true }),
      forgetHint: assign({ isHinted: false }),
      // What kept the backends from it may be over.
      tryAfresh: assign({ retry: FIRST_TRY }),
      nextBackend: assign(({ context, event }) =>
        event.type === 'device.refused'
          ? { retry: next(context.retry, options.backends, event.atMs) }
          : {},
      ),
      tellOpened: enqueueActions(({ enqueue, event }) => {
        if (event.type !== 'source.ready') return;
        const { source, baseSample, gap } = event;
        const fact: SourceEvent = {
          type: gap === null ? 'source.opened' : 'source.resumed',
          source,
          baseSample,
        };
        for (const stage of LISTENERS) enqueue.sendTo(to(stage), fact);
        if (gap !== null) enqueue.sendTo(to('publisher'), captureGapNews(gap));
        enqueue.sendTo(to('publisher'), openedNews(source, baseSample, gap));
      }),
      tellEnded: enqueueActions(({ enqueue, context: { endSample } }) => {
        for (const stage of LISTENERS) {
          enqueue.sendTo(to(stage), { type: 'source.ended', endSample });
        }
      }),
      tellInterrupted: enqueueActions(({ enqueue, context: { endSample } }) => {
        for (const stage of LISTENERS) {
          enqueue.sendTo(to(stage), { type: 'source.interrupted', endSample });
        }
      }),
      tellTrouble: sendTo(to('readiness'), ({ context }) =>
        trouble(`microphone ${nameOf(context)}`),
      ),
      tellDegraded: sendTo(to('readiness'), ({ context }) =>
        trouble(
          `microphone ${nameOf(context)}, for which ${JSON.stringify(context.source?.name)} stands in,`,
        ),
      ),
      tellWell: sendTo(to('readiness'), trouble(null)),
      publishFailed: sendTo(to('publisher'), ({ context }) =>
        failedNews(errorOf(context), context.endSample),
      ),
      publishLost: sendTo(to('publisher'), ({ context }) => {
        if (context.loss === null) throw new Error('nothing was lost');
        return lostNews(context.loss, context.endSample);
      }),
      publishUnavailable: enqueueActions(({ enqueue, context }) => {
        const { attempts, backend } = context.retry;
        if (!isNewsworthy(attempts, context.openings > 0)) return;
        const name = options.backends[backend] ?? null;
        enqueue.sendTo(to('publisher'), unavailableNews(errorOf(context), name, attempts));
      }),
      publishGivenUp: sendTo(to('publisher'), ({ context }) => {
        const { backends } = options;
        const { backend } = context.retry;
        return givenUpNews(
          backends[backend] ?? '',
          backends[(backend + 1) % backends.length] ?? '',
          errorOf(context).message,
        );
      }),
      publishGap: sendTo(to('publisher'), ({ event }) => {
        if (event.type !== 'source.gap') throw new Error(`${event.type} is no gap`);
        return captureGapNews(event.gap);
      }),
      publishDegraded: sendTo(to('publisher'), ({ context }) => {
        if (context.source === null) throw new Error('nothing stands in');
        return degradedNews(wantedOf(context), context.source);
      }),
      // Before the new source is remembered.
      publishRestored: enqueueActions(({ enqueue, context, event }) => {
        if (event.type !== 'source.ready' || event.source.isSubstitute === true) return;
        if (context.source?.isSubstitute !== true) return;
        enqueue.sendTo(to('publisher'), restoredNews(event.source));
      }),
      publishSilent: sendTo(to('publisher'), ({ context, event }) =>
        silentNews(context.source?.name ?? '', event.type === 'signal.silent' ? event.zeroMs : 0),
      ),
      publishAudible: sendTo(to('publisher'), ({ context }) =>
        audibleNews(context.source?.name ?? ''),
      ),
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
    context: {
      options,
      request: null,
      source: null,
      error: null,
      loss: null,
      endSample: 0,
      openings: 0,
      losses: 0,
      retry: FIRST_TRY,
      isListed: null,
      isHinted: false,
    },
    invoke: { src: 'runtime', id: 'runtime' },
    entry: 'reportStarted',
    on: {
      'sup.ping': { actions: 'answerPing' },
      'sup.shutdown': '.stopping',
      'runtime.failed': { actions: 'failWithReason' },
      'source.warned': { actions: 'publishWarning' },
      'device.listed': { actions: 'rememberListed' },
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
        entry: ['forgetHint', 'open'],
        on: {
          'source.ready': {
            target: 'running',
            actions: ['publishRestored', 'rememberSource', 'tellOpened'],
          },
          'source.broke': { target: 'broken', actions: 'rememberEnd' },
          'device.refused': [
            {
              guard: 'isLastFailure',
              target: 'givenUp',
              actions: ['rememberFailure', 'publishUnavailable', 'publishGivenUp', 'nextBackend'],
            },
            { target: 'reopening', actions: ['rememberFailure', 'publishUnavailable'] },
          ],
          'device.listed': [
            // Another backend takes longer than to begin anew with the first.
            {
              guard: 'isThereForFirst',
              target: 'opening',
              reenter: true,
              actions: ['rememberListed', 'tryAfresh'],
            },
            { guard: 'isThere', actions: ['rememberListed', 'rememberHint'] },
            { actions: 'rememberListed' },
          ],
        },
      },
      running: {
        description: 'Samples flow.',
        entry: 'start',
        type: 'parallel',
        on: {
          'source.finished': { target: 'ended', actions: ['rememberEnd', 'tellEnded'] },
          'source.broke': { target: 'broken', actions: ['rememberEnd', 'tellEnded'] },
          'source.gap': { actions: 'publishGap' },
          'device.stalled': { target: 'stalled', actions: 'rememberLoss' },
          'device.lost': { target: 'lost', actions: 'rememberLoss' },
          'device.moved': { target: 'moved', actions: 'rememberLoss' },
        },
        states: {
          hearing: {
            initial: 'deciding',
            states: {
              deciding: {
                description: 'Asks which device it is: no time passes in it.',
                always: [{ guard: 'isSubstitute', target: 'degraded' }, { target: 'wanted' }],
              },
              wanted: {
                description: 'What was asked for is heard.',
                entry: 'tellWell',
              },
              degraded: {
                description: 'Another device stands in for the one that was asked for.',
                entry: ['publishDegraded', 'tellDegraded'],
                initial: 'looking',
                states: {
                  looking: {
                    description: 'Looks for it from time to time, where nobody announces it.',
                    after: { lookAgain: { target: 'looking', reenter: true, actions: 'look' } },
                  },
                },
                on: {
                  'device.listed': [
                    { guard: 'isThere', target: '#capture.returning', actions: 'rememberListed' },
                    { actions: 'rememberListed' },
                  ],
                  // The sound server knew it first.
                  'device.moved': [
                    { guard: 'isMovedHome', target: '#capture.returning' },
                    { target: '#capture.moved', actions: 'rememberLoss' },
                  ],
                },
              },
            },
          },
          signal: {
            initial: 'audible',
            states: {
              audible: {
                description: 'It is not exactly zero, or has not been for long.',
                on: { 'signal.silent': { target: 'silent', actions: 'publishSilent' } },
              },
              silent: {
                description: 'Exactly zero for seconds: a warning, and no loss.',
                on: { 'signal.audible': { target: 'audible', actions: 'publishAudible' } },
              },
            },
          },
        },
      },
      stalled: {
        description: 'The samples stopped though the device is there; its process is ended.',
        ...CLOSING,
      },
      lost: {
        description: 'The device is gone, or its process is; what is left of it is ended.',
        ...CLOSING,
      },
      moved: {
        description: 'The system records another device in its place; that is ended at once.',
        ...CLOSING,
      },
      returning: {
        description: 'The device that was asked for is back; the one that stood in is ended.',
        entry: ['tryAfresh', 'close'],
        after: { closeBound: 'opening' },
        on: {
          'source.closed': { target: 'opening', actions: ['rememberEnd', 'tellInterrupted'] },
          'source.requested': { actions: 'rememberRequest' },
        },
      },
      reopening: {
        description: 'Waits before the next opening, or until the device is announced.',
        entry: 'tellTrouble',
        after: { backoff: 'opening' },
        on: {
          'device.listed': [
            { guard: 'isThere', target: 'opening', actions: ['rememberListed', 'tryAfresh'] },
            { actions: 'rememberListed' },
          ],
          'source.requested': { target: 'opening', actions: 'rememberRequest' },
        },
      },
      givenUp: {
        description:
          'A backend failed too often in a row and is left for the next: no time passes in it.',
        always: 'reopening',
      },
      ended: {
        description: 'The source came to its end; the daemon stays up.',
        on: { 'source.requested': { target: 'opening', actions: 'rememberRequest' } },
      },
      broken: {
        description: 'A source that is no device could not be opened, or failed.',
        entry: 'publishFailed',
        on: { 'source.requested': { target: 'opening', actions: 'rememberRequest' } },
      },
      stopping: {
        description: 'The intake is closed before anything else.',
        entry: 'stop',
        after: { drainBound: { target: 'stopped', actions: 'publishOverdue' } },
        on: {
          'source.gap': { actions: 'publishGap' },
          'source.stopped': 'stopped',
          'sup.shutdown': {},
        },
      },
      stopped: { type: 'final' },
    },
  });
}

/** The stages that read what is captured. */
const LISTENERS = ['voice-activity', 'wakeword', 'transcription'] as const;

function trouble(text: string | null): CaptureTrouble {
  return { type: 'capture.trouble', trouble: text };
}

/** The device as it was asked for. */
function wantedOf({ request }: CaptureContext): string {
  const name = request !== null && 'name' in request ? request.name : null;
  return typeof name === 'string' ? name : 'default';
}

function nameOf(context: CaptureContext): string {
  return JSON.stringify(wantedOf(context));
}

function errorOf({ error }: CaptureContext): ErrorFact {
  if (error === null) throw new Error('nothing has failed');
  return error;
}
