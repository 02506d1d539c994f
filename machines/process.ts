import { assign, sendParent, sendTo, setup } from 'xstate';
import type { EventObject } from 'xstate';
import type { SupervisedEvent } from '../src/domain/events.ts';
import { drainBound } from './drain-bound.ts';
import { failWithReason, runtimeOf } from './runtime.ts';
import type { RuntimeFailed } from './runtime.ts';

/** Ask it to end, and kill it after the grace. */
export type ProcessCommand = { type: 'process.stop'; graceMs: number };

export type ProcessFact =
  | { type: 'process.spawned'; pid: number }
  | { type: 'process.ready' }
  /** Also of one that could not be started. */
  | { type: 'process.exited'; code: number | null; reason: string };

export interface ProcessContext {
  readonly pid: number | null;
  /** How it ended; empty while it runs. */
  readonly reason: string;
}

/** What is left of a shutdown's time, so that the end of a process that had to be killed is still seen within it. */
const FAREWELL_MS = 100;

/** The command that a shutdown means for a process. */
export function stopCommand({ event }: { event: EventObject }): ProcessCommand {
  const withinMs = drainBound({ event });
  return {
    type: 'process.stop',
    graceMs: withinMs - Math.min(FAREWELL_MS, Math.floor(withinMs / 4)),
  };
}

/**
 * Any program as a child: up once it is ready, over when it exits with code 0, failed when it exits otherwise. The machine
 * answers pings itself, which says nothing of the program.
 */
export const processMachine = setup({
  types: {
    context: {} as ProcessContext,
    events: {} as SupervisedEvent | ProcessFact | RuntimeFailed,
  },
  actors: { runtime: runtimeOf<ProcessCommand>() },
  delays: { drainBound },
  guards: {
    isNormal: ({ event }) => event.type === 'process.exited' && event.code === 0,
  },
  actions: {
    reportStarted: sendParent({ type: 'sup.ready' }),
    answerPing: sendParent({ type: 'sup.pong' }),
    stopProcess: sendTo('runtime', stopCommand),
    rememberPid: assign({
      pid: ({ event }) => (event.type === 'process.spawned' ? event.pid : null),
    }),
    rememberReason: assign({ reason: ({ event }) => ('reason' in event ? event.reason : '') }),
    fail: ({ context }) => {
      throw new Error(context.reason);
    },
    failWithReason,
  },
}).createMachine({
  id: 'process',
  initial: 'alive',
  context: { pid: null, reason: '' },
  on: {
    'sup.ping': { actions: 'answerPing' },
    'runtime.failed': { actions: 'failWithReason' },
  },
  states: {
    alive: {
      invoke: { src: 'runtime', id: 'runtime' },
      initial: 'spawning',
      on: {
        'sup.shutdown': '.stopping',
        'process.exited': [
          { guard: 'isNormal', target: 'ended', actions: 'rememberReason' },
          { target: 'failed', actions: 'rememberReason' },
        ],
      },
      states: {
        spawning: {
          description: 'The process has been asked for.',
          on: { 'process.spawned': { target: 'starting', actions: 'rememberPid' } },
        },
        starting: {
          description: 'It runs, and is not ready yet.',
          on: { 'process.ready': 'running' },
        },
        running: {
          description: 'It has said that it is ready.',
          entry: 'reportStarted',
        },
        stopping: {
          description: 'Asked to end; the runtime kills it when it does not.',
          entry: 'stopProcess',
          after: { drainBound: '#process.ended' },
          on: {
            'process.exited': { target: '#process.ended', actions: 'rememberReason' },
            'sup.shutdown': {},
          },
        },
      },
    },
    failed: {
      description: 'It ended by itself, and not well.',
      entry: 'fail',
    },
    ended: {
      description: 'It has ended as it was asked to, or had no more to do.',
      type: 'final',
    },
  },
});
