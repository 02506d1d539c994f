import { assign, enqueueActions, sendParent, sendTo, setup } from 'xstate';
import type { EngineEvent, EngineName, SupervisedEvent } from '../src/domain/events.ts';
import { to } from './address.ts';
import { failWithReason, runtimeOf } from './runtime.ts';
import type { RuntimeFailed } from './runtime.ts';

export type ReadinessEvent =
  SupervisedEvent | EngineEvent | RuntimeFailed | { type: 'stage.up'; stage: string };

/** The runtime shows it to whoever watches. */
export interface ReadinessCommand {
  type: 'readiness.changed';
  state: 'starting' | 'ready' | 'degraded';
  missing: string[];
}

export interface ReadinessContext {
  readonly engines: readonly EngineName[];
  readonly stages: readonly string[];
  readonly readyEngines: readonly EngineName[];
  readonly upStages: readonly string[];
}

const missingOf = (context: ReadinessContext): string[] => [
  ...context.engines.filter((name) => !context.readyEngines.includes(name)),
  ...context.stages.filter((name) => !context.upStages.includes(name)),
];

/** Ready once every engine has given its known answer and every stage is up; fails closed. */
export function createReadinessMachine(engines: readonly EngineName[], stages: readonly string[]) {
  return setup({
    types: { context: {} as ReadinessContext, events: {} as ReadinessEvent },
    actors: { runtime: runtimeOf<ReadinessCommand>() },
    guards: {
      isComplete: ({ context }) => missingOf(context).length === 0,
      isIncomplete: ({ context }) => missingOf(context).length > 0,
      isCapture: ({ event }) => event.type === 'stage.up' && event.stage === 'capture',
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
          case 'stage.up':
            return { upStages: [...new Set([...context.upStages, event.stage])] };
          default:
            return {};
        }
      }),
      showStarting: sendTo('runtime', ({ context }) => ({
        type: 'readiness.changed',
        state: 'starting',
        missing: missingOf(context),
      })),
      showReady: sendTo('runtime', {
        type: 'readiness.changed',
        state: 'ready',
        missing: [],
      }),
      showDegraded: sendTo('runtime', ({ context }) => ({
        type: 'readiness.changed',
        state: 'degraded',
        missing: missingOf(context),
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
    initial: 'starting',
    context: { engines, stages, readyEngines: [], upStages: [] },
    invoke: { src: 'runtime', id: 'runtime' },
    entry: ['reportStarted', 'showStarting'],
    on: {
      'sup.ping': { actions: 'answerPing' },
      'sup.shutdown': '.stopped',
      'runtime.failed': { actions: 'failWithReason' },
      'engine.ready': { actions: ['remember', 'publishEngine'] },
      'engine.lost': { actions: ['remember', 'publishEngine'] },
      'stage.up': { actions: 'remember' },
    },
    states: {
      starting: {
        description: 'Something has not been ready yet.',
        always: {
          guard: 'isComplete',
          target: 'ready',
          actions: ['publishStarted', 'startCapture'],
        },
      },
      ready: {
        description: 'Every engine answers and every stage is up.',
        entry: 'showReady',
        always: { guard: 'isIncomplete', target: 'degraded' },
        on: {
          'stage.up': [
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
          'stage.up': [
            { guard: 'isCapture', actions: ['remember', 'startCapture'] },
            { actions: 'remember' },
          ],
        },
      },
      stopped: { type: 'final' },
    },
  });
}
