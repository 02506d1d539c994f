import { assign, enqueueActions, sendParent, sendTo, setup } from 'xstate';
import type { EngineEvent, EngineName, SupervisedEvent } from '../src/domain/events.ts';
import type { EngineIdentity } from '../src/domain/messages.ts';
import { to } from './address.ts';
import { drainBound } from './drain-bound.ts';
import { stopCommand } from './process.ts';
import type { ProcessCommand } from './process.ts';
import { failWithReason, runtimeOf } from './runtime.ts';
import type { RuntimeFailed } from './runtime.ts';

export type EngineProcessFact =
  | { type: 'process.spawned'; pid: number }
  | { type: 'process.ready'; identity: EngineIdentity; loadMs: number; warmUpMs: number }
  | { type: 'process.failed'; code: string; reason: string }
  | { type: 'process.exited'; reason: string };

export interface EngineContext {
  readonly engine: EngineName;
  /** The actors that are told when the engine comes and goes. */
  readonly tells: readonly string[];
  readonly pid: number | null;
  readonly identity: EngineIdentity | null;
  readonly reason: string;
}

/** One engine process: spawned, warmed up on a known clip, ready, lost, or drained and gone. */
export function createEngineMachine(engine: EngineName, tells: readonly string[]) {
  return setup({
    types: {
      context: {} as EngineContext,
      events: {} as SupervisedEvent | EngineProcessFact | RuntimeFailed,
    },
    actors: { runtime: runtimeOf<ProcessCommand>() },
    delays: { drainBound },
    actions: {
      reportStarted: sendParent({ type: 'sup.ready' }),
      answerPing: sendParent({ type: 'sup.pong' }),
      stopProcess: sendTo('runtime', stopCommand),
      rememberPid: assign({
        pid: ({ event }) => (event.type === 'process.spawned' ? event.pid : null),
      }),
      rememberIdentity: assign({
        identity: ({ event }) => (event.type === 'process.ready' ? event.identity : null),
      }),
      rememberReason: assign({ reason: ({ event }) => ('reason' in event ? event.reason : '') }),
      tellReady: enqueueActions(({ enqueue, context }) => {
        if (context.identity === null) return;
        const event: EngineEvent = { type: 'engine.ready', engine, identity: context.identity };
        for (const name of context.tells) enqueue.sendTo(to(name), event);
      }),
      tellLost: enqueueActions(({ enqueue, context }) => {
        const event: EngineEvent = { type: 'engine.lost', engine, reason: context.reason };
        for (const name of context.tells) enqueue.sendTo(to(name), event);
      }),
      fail: ({ context }) => {
        throw new Error(`${engine}: ${context.reason}`);
      },
      failWithReason,
    },
  }).createMachine({
    id: 'engine',
    initial: 'running',
    context: { engine, tells, pid: null, identity: null, reason: '' },
    on: {
      'sup.ping': { actions: 'answerPing' },
      'runtime.failed': { actions: 'failWithReason' },
    },
    states: {
      running: {
        invoke: { src: 'runtime', id: 'runtime' },
        initial: 'spawning',
        on: {
          'sup.shutdown': '.stopping',
          'process.failed': { target: 'lost', actions: 'rememberReason' },
          'process.exited': { target: 'lost', actions: 'rememberReason' },
        },
        states: {
          spawning: {
            description: 'The process has been asked for.',
            on: { 'process.spawned': { target: 'warming', actions: 'rememberPid' } },
          },
          warming: {
            description: 'Loads its weights and must give the known answer to the known clip.',
            entry: 'reportStarted',
            on: { 'process.ready': { target: 'ready', actions: 'rememberIdentity' } },
          },
          ready: {
            description: 'Answers requests.',
            entry: 'tellReady',
          },
          stopping: {
            description: 'Asked to end; the runtime kills it when it does not.',
            entry: 'stopProcess',
            after: { drainBound: '#engine.stopped' },
            on: {
              'process.exited': '#engine.stopped',
              'process.failed': '#engine.stopped',
              'sup.shutdown': {},
            },
          },
        },
      },
      lost: {
        description: 'The process is gone; those who use it are told before the supervisor is.',
        entry: 'tellLost',
        after: { 1: 'failed' },
        on: { 'sup.shutdown': 'stopped' },
      },
      failed: {
        description: 'The machine throws, and its supervisor decides.',
        entry: 'fail',
      },
      stopped: { type: 'final' },
    },
  });
}
