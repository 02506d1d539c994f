import type { AnyActorLogic } from 'xstate';
import { CONTRACT, partsOf, plainWorker } from './worker.ts';
import type { Address } from './worker.ts';

/** Goes from one state to the other with each event, and back. */
function alternatingWorker(next: Address): AnyActorLogic {
  return partsOf(next).createMachine({
    initial: 'even',
    context: { isOdd: false, hops: 0 },
    entry: 'reportStarted',
    on: CONTRACT,
    states: {
      even: {
        on: {
          hop: [
            { guard: 'isLast', target: 'odd', actions: 'countTurn' },
            { target: 'odd', actions: ['countTurn', 'passOn'] },
          ],
        },
      },
      odd: {
        on: {
          hop: [
            { guard: 'isLast', target: 'even', actions: 'countTurn' },
            { target: 'even', actions: ['countTurn', 'passOn'] },
          ],
        },
      },
      stopped: { type: 'final' },
    },
  });
}

/** Has states within states, and handles the event above them. */
function nestedWorker(next: Address): AnyActorLogic {
  return partsOf(next).createMachine({
    initial: 'running',
    context: { hops: 0, last: null },
    entry: 'reportStarted',
    on: CONTRACT,
    states: {
      running: {
        initial: 'outer',
        on: { hop: { actions: 'countAndPassOn' } },
        states: { outer: { initial: 'inner', states: { inner: {} } } },
      },
      stopped: { type: 'final' },
    },
  });
}

/** Goes through a state that decides what is next. */
function decidingWorker(next: Address): AnyActorLogic {
  return partsOf(next).createMachine({
    initial: 'waiting',
    context: { hops: 0, names: [] },
    entry: 'reportStarted',
    on: CONTRACT,
    states: {
      waiting: { on: { hop: 'deciding' } },
      deciding: {
        entry: 'count',
        always: [
          { guard: 'isLast', target: 'waiting' },
          { target: 'waiting', actions: 'passOn' },
        ],
      },
      stopped: { type: 'final' },
    },
  });
}

/** Has a timer under way, and tells whoever listens. */
function tellingWorker(next: Address): AnyActorLogic {
  return partsOf(next).createMachine({
    initial: 'running',
    context: { watches: 0, hops: 0 },
    entry: 'reportStarted',
    on: CONTRACT,
    states: {
      running: {
        after: { watch: { target: 'running', reenter: true, actions: 'countWatch' } },
        on: {
          hop: [{ guard: 'isLast', actions: 'count' }, { actions: ['count', 'tell', 'passOn'] }],
        },
      },
      stopped: { type: 'final' },
    },
  });
}

const KINDS = [
  plainWorker,
  alternatingWorker,
  nestedWorker,
  decidingWorker,
  tellingWorker,
] as const;

/** The worker at a place of a ring in which neighbours are unlike each other, as in a program. */
export function workerOfMany(place: number, next: Address): AnyActorLogic {
  const kind = KINDS[place % KINDS.length] ?? plainWorker;
  return kind(next);
}
