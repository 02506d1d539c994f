import { assign, sendParent, sendTo, setup } from 'xstate';
import type { SupervisedEvent } from '../src/domain/events.ts';
import { drainBound } from './drain-bound.ts';
import { failWithReason, runtimeOf } from './runtime.ts';
import type { RuntimeFailed } from './runtime.ts';

/** Flush and close, within the time. */
export type OutletCommand = { type: 'outlet.close'; withinMs: number };

export type OutletFact =
  | { type: 'outlet.opened'; addresses: Readonly<Record<string, string>> }
  | { type: 'outlet.closed' };

export interface OutletContext {
  readonly name: string;
  readonly addresses: Readonly<Record<string, string>>;
}

/** A server of ours, from the opening of its port to its last flushed byte. */
export function createOutletMachine(name: string) {
  return setup({
    types: {
      context: {} as OutletContext,
      events: {} as SupervisedEvent | OutletFact | RuntimeFailed,
    },
    actors: { runtime: runtimeOf<OutletCommand>() },
    delays: { drainBound },
    actions: {
      reportStarted: sendParent({ type: 'sup.ready' }),
      answerPing: sendParent({ type: 'sup.pong' }),
      rememberAddresses: assign(({ event }) =>
        event.type === 'outlet.opened' ? { addresses: event.addresses } : {},
      ),
      close: sendTo('runtime', ({ event }): OutletCommand => ({
        type: 'outlet.close',
        withinMs: drainBound({ event }),
      })),
      failWithReason,
    },
  }).createMachine({
    id: 'outlet',
    initial: 'opening',
    context: { name, addresses: {} },
    invoke: { src: 'runtime', id: 'runtime' },
    on: {
      'sup.ping': { actions: 'answerPing' },
      'runtime.failed': { actions: 'failWithReason' },
      'sup.shutdown': '.closing',
    },
    states: {
      opening: {
        description: 'Its port is being opened.',
        on: { 'outlet.opened': { target: 'open', actions: 'rememberAddresses' } },
      },
      open: { description: 'Serves.', entry: 'reportStarted' },
      closing: {
        description: 'Takes no more clients and flushes what it has.',
        entry: 'close',
        // The outlet counts what it could not send; there is nobody left to publish it.
        after: { drainBound: 'closed' },
        on: { 'outlet.closed': 'closed', 'sup.shutdown': {} },
      },
      closed: { type: 'final' },
    },
  });
}
