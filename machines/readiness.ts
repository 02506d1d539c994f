import { assign, enqueueActions, sendParent, sendTo, setup } from 'xstate';
import type { EngineEvent, EngineName, SupervisedEvent } from '../src/domain/events.ts';
import { to } from './address.ts';
import type { CaptureTrouble } from './capture-events.ts';
import { failWithReason, runtimeOf } from './runtime.ts';
import type { RuntimeFailed } from './runtime.ts';

export type ReadinessFact =
  /** What was there already when it looked for the first time. */
  | {
      type: 'presence.found';
      up: readonly string[];
      engines: readonly EngineName[];
      /** The daemon has been ready before: a later life of this actor goes on where the one before ended. */
      hasBeenReady: boolean;
      /** What capture told an earlier life of this actor. */
      trouble: string | null;
    }
  /** A child of the tree came or went. */
  | { type: 'presence.changed'; child: string; isUp: boolean };

export type ReadinessEvent =
  SupervisedEvent | EngineEvent | CaptureTrouble | RuntimeFailed | ReadinessFact;

/** The runtime shows it to whoever watches. */
export interface ReadinessCommand {
  type: 'readiness.changed';
  state: 'starting' | 'ready' | 'degraded';
  missing: string[];
  trouble: string | null;
}

export interface ReadinessContext {
  readonly engines: readonly EngineName[];
  readonly stages: readonly string[];
  readonly readyEngines: readonly EngineName[];
  readonly upStages: readonly string[];
  /** Why the source that was asked for is not heard; null when it is, or when none has been opened yet. */
  readonly trouble: string | null;
}

/** Without these, no source is opened. */
const unequipped = (context: ReadinessContext): string[] => [
  ...context.engines.filter((name) => !context.readyEngines.includes(name)),
  ...context.stages.filter((name) => !context.upStages.includes(name)),
];

const missingOf = (context: ReadinessContext): string[] => [
  ...unequipped(context),
  ...(context.trouble === null ? [] : [context.trouble]),
];

/**
 * Ready once every engine has given its known answer and every stage is up, and for as long as nothing is wrong with the
 * source; fails closed.
 */
export function createReadinessMachine(engines: readonly EngineName[], stages: readonly string[]) {
  return setup({
    types: { context: {} as ReadinessContext, events: {} as ReadinessEvent },
    actors: { runtime: runtimeOf<ReadinessCommand>() },
    guards: {
      isEquipped: ({ context }) => unequipped(context).length === 0,
      isComplete: ({ context }) => missingOf(context).length === 0,
      isIncomplete: ({ context }) => missingOf(context).length > 0,
      wasReady: ({ event }) => event.type === 'presence.found' && event.hasBeenReady,
      isNewTrouble: ({ context, event }) =>
        event.type === 'capture.trouble' &&
        event.trouble !== null &&
        event.trouble !== context.trouble,
      isCapture: ({ event }) =>
        event.type === 'presence.changed' && event.isUp && event.child === 'capture',
    },
    actions: {
      reportStarted: sendParent({ type: 'sup.ready' }),
      answerPing: sendParent({ type: 'sup.pong' }),
      remember: assign(({ context, event }) => {
        switch (event.type) {
          case 'engine.ready':
            return { readyEngines: [...new Set([...context.readyEngines, event.engine])] };
          case 'engine.lost':
            return { readyEngines: context.readyEngines.filter((name) => name !== event.engine) };
          case 'presence.found':
            return { upStages: event.up, readyEngines: event.engines, trouble: event.trouble };
          case 'capture.trouble':
            return { trouble: event.trouble };
          case 'presence.changed': {
            const others = context.upStages.filter((name) => name !== event.child);
            return { upStages: event.isUp ? [...others, event.child] : others };
          }
          default:
            return {};
        }
      }),
      showStarting: sendTo('runtime', ({ context }) => ({
        type: 'readiness.changed',
        state: 'starting',
        missing: missingOf(context),
        trouble: context.trouble,
      })),
      showReady: sendTo('runtime', {
        type: 'readiness.changed',
        state: 'ready',
        missing: [],
        trouble: null,
      }),
      showDegraded: sendTo('runtime', ({ context }) => ({
        type: 'readiness.changed',
        state: 'degraded',
        missing: missingOf(context),
        trouble: context.trouble,
      })),
      startCapture: sendTo(to('capture'), { type: 'pipeline.ready' }),
      publishEngine: enqueueActions(({ enqueue, event }) => {
        if (event.type !== 'engine.ready' && event.type !== 'engine.lost') return;
        const { engine } = event;
        enqueue.sendTo(to('publisher'), {
          type: 'publish.event',
          body:
            event.type === 'engine.ready'
              ? {
                  event_type: 'engine_ready',
                  level: 'info',
                  metadata: { engine, ...event.identity },
                }
              : {
                  event_type: 'engine_lost',
                  level: 'error',
                  metadata: { engine, reason: event.reason },
                },
        });
      }),
      publishStarted: sendTo(to('publisher'), {
        type: 'publish.event',
        body: { event_type: 'pipeline_started', level: 'info', metadata: {} },
      }),
      failWithReason,
    },
  }).createMachine({
    id: 'readiness',
    initial: 'looking',
    context: { engines, stages, readyEngines: [], upStages: [], trouble: null },
    invoke: { src: 'runtime', id: 'runtime' },
    entry: 'reportStarted',
    on: {
      'sup.ping': { actions: 'answerPing' },
      'sup.shutdown': '.stopped',
      'runtime.failed': { actions: 'failWithReason' },
      'engine.ready': { actions: ['remember', 'publishEngine'] },
      'engine.lost': { actions: ['remember', 'publishEngine'] },
      'presence.changed': { actions: 'remember' },
      'capture.trouble': { actions: 'remember' },
    },
    states: {
      looking: {
        description: 'Finds out what is there already.',
        on: {
          'presence.found': [
            { guard: 'wasReady', target: 'resuming', actions: 'remember' },
            { target: 'starting', actions: 'remember' },
          ],
        },
      },
      starting: {
        description: 'Something has not been ready yet.',
        entry: 'showStarting',
        always: {
          guard: 'isEquipped',
          target: 'ready',
          actions: ['publishStarted', 'startCapture'],
        },
      },
      resuming: {
        description: 'A later life of this actor: the daemon has been ready before.',
        entry: 'startCapture',
        always: [{ guard: 'isComplete', target: 'ready' }, { target: 'degraded' }],
      },
      ready: {
        description: 'Every engine answers, every stage is up, and what was asked for is heard.',
        entry: 'showReady',
        always: { guard: 'isIncomplete', target: 'degraded' },
        on: {
          'presence.changed': [
            { guard: 'isCapture', actions: ['remember', 'startCapture'] },
            { actions: 'remember' },
          ],
        },
      },
      degraded: {
        description: 'Something that was ready is not; what it was doing waits for it.',
        entry: 'showDegraded',
        always: { guard: 'isComplete', target: 'ready' },
        on: {
          'presence.changed': [
            { guard: 'isCapture', actions: ['remember', 'startCapture'] },
            { actions: 'remember' },
          ],
          'capture.trouble': [
            { guard: 'isNewTrouble', actions: ['remember', 'showDegraded'] },
            { actions: 'remember' },
          ],
        },
      },
      stopped: { type: 'final' },
    },
  });
}
