import { sendParent, setup } from 'xstate';
import type { AnyActorLogic } from 'xstate';
import type { Behaviour } from './scenario.ts';

const START_FAILED = 'start_failed';

/** For the type alone. */
const ANY_BEHAVIOUR: Behaviour = {};

interface WorkerContext {
  readonly behaviour: Behaviour;
  readonly isFailing: boolean;
}

/**
 * A worker that does what its scenario says: fails at some of its starts, takes its time, ends when it is told to.
 * `countStart` returns the number of this start of the child.
 */
export function createWorker(countStart: (childId: string) => number): AnyActorLogic {
  return setup({
    types: {
      context: {} as WorkerContext,
      input: ANY_BEHAVIOUR,
      events: {} as
        { type: 'sup.shutdown' } | { type: 'worker.exit'; reason: 'normal' | 'shutdown' | 'crash' },
      output: {} as { exit: 'normal' | 'shutdown' },
    },
    delays: {
      start: ({ context }) => context.behaviour.startTakesMs ?? 0,
      stop: ({ context }) => context.behaviour.stopTakesMs ?? 0,
    },
    guards: {
      isUpAtOnce: ({ context }) => (context.behaviour.startTakesMs ?? 0) === 0,
      isSlowToStop: ({ context }) => (context.behaviour.stopTakesMs ?? 0) > 0,
      isDeaf: ({ context }) => context.behaviour.ignoresShutdown === true,
      isHearing: ({ context }) => context.behaviour.ignoresShutdown !== true,
      isFailing: ({ context }) => context.isFailing,
      isCrash: ({ event }) => event.type === 'worker.exit' && event.reason === 'crash',
      isNormal: ({ event }) => event.type === 'worker.exit' && event.reason === 'normal',
    },
    actions: {
      ready: sendParent({ type: 'sup.ready' }),
      fail: () => {
        throw new Error(START_FAILED);
      },
      crash: () => {
        throw new Error('crash');
      },
    },
  }).createMachine({
    initial: 'starting',
    context: ({ input, self }) => {
      // Its id is that of the child, with the number of its incarnation.
      const number = countStart(self.id.replace(/#.*/, ''));
      return { behaviour: input, isFailing: input.failsStarts?.includes(number) ?? false };
    },
    output: ({ event }) => ({
      exit: event.output === 'normal' ? ('normal' as const) : ('shutdown' as const),
    }),
    states: {
      starting: {
        always: { guard: 'isUpAtOnce', target: 'started' },
        after: { start: 'started' },
      },
      started: { always: [{ guard: 'isFailing', actions: 'fail' }, { target: 'up' }] },
      up: {
        entry: 'ready',
        on: {
          'worker.exit': [
            { guard: 'isCrash', actions: 'crash' },
            { guard: 'isNormal', target: 'ended' },
            { target: 'stopped' },
          ],
          'sup.shutdown': [
            { guard: 'isDeaf', target: 'draining' },
            { guard: 'isSlowToStop', target: 'draining' },
            { target: 'stopped' },
          ],
        },
      },
      draining: {
        on: {
          'worker.exit': [{ guard: 'isCrash', actions: 'crash' }, { target: 'stopped' }],
        },
        after: { stop: { guard: 'isHearing', target: 'stopped' } },
      },
      ended: { type: 'final', output: 'normal' },
      stopped: { type: 'final', output: 'shutdown' },
    },
  });
}
