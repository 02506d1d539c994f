import { expect } from 'chai';
import { createActor, fromCallback, setup } from 'xstate';
import type { AnyActorRef, AnyMachineSnapshot, EventObject } from 'xstate';
import { createEngineMachine } from '../../../machines/engine.ts';
import { processMachine } from '../../../machines/process.ts';
import type { ProcessCommand, ProcessFact } from '../../../machines/process.ts';
import type { SupervisedEvent } from '../../../src/domain/events.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const SPAWNED = { type: 'process.spawned', pid: 7 } as const;
const READY = { type: 'process.ready' } as const;
const ENDED = { type: 'process.exited', code: 0, reason: 'exited with code 0' } as const;
const CRASHED = { type: 'process.exited', code: null, reason: 'killed by SIGSEGV' } as const;
const SHUTDOWN = { type: 'sup.shutdown', withinMs: 1_000 } as const;

/** A machine of a process under a parent that notes what it is told, with a runtime that notes its commands. */
function supervised(machine: typeof processMachine | ReturnType<typeof createEngineMachine>) {
  const clock = new VirtualClock();
  const told: string[] = [];
  const commands: EventObject[] = [];
  let isDisposed = false;
  const runtime = fromCallback<ProcessCommand>(({ receive }) => {
    receive((command) => void commands.push(command));
    return () => {
      isDisposed = true;
    };
  });
  const child = machine.provide({ actors: { runtime } });
  const parent = setup({
    actors: { child },
    actions: { note: ({ event }) => void told.push(event.type) },
  }).createMachine({
    invoke: { src: 'child', id: 'child' },
    on: { 'sup.*': { actions: 'note' }, 'xstate.error.actor.child': { actions: 'note' } },
  });
  const root = createActor(parent, { clock });
  root.start();
  const ref = (root.getSnapshot().children as Record<string, AnyActorRef>)['child'];
  if (ref === undefined) throw new Error('the machine does not run');
  const snapshot = () => ref.getSnapshot() as AnyMachineSnapshot;
  return {
    clock,
    told,
    commands,
    send: (...events: (SupervisedEvent | ProcessFact)[]) => {
      for (const event of events) ref.send(event);
    },
    status: () => snapshot().status,
    failure: () => (snapshot().error as Error).message,
    isDisposed: () => isDisposed,
  };
}

describe('the machine of a process', () => {
  it('is started once the process is ready, and not when it only runs', () => {
    const { send, told } = supervised(processMachine);
    send(SPAWNED);
    expect(told).to.deep.equal([]);
    send(READY);
    expect(told).to.deep.equal(['sup.ready']);
  });

  it('answers every ping, ready or not', () => {
    const { send, told } = supervised(processMachine);
    send({ type: 'sup.ping' }, SPAWNED, { type: 'sup.ping' });
    expect(told).to.deep.equal(['sup.pong', 'sup.pong']);
  });

  for (const before of [[], [SPAWNED], [SPAWNED, READY]]) {
    const when = before.at(-1)?.type ?? 'nothing';
    it(`ends normally when the process exits with code 0, after ${when}`, () => {
      const { send, status } = supervised(processMachine);
      send(...before, ENDED);
      expect(status()).to.equal('done');
    });

    it(`fails with the reason when it ends otherwise, after ${when}`, () => {
      const { send, status, failure } = supervised(processMachine);
      send(...before, CRASHED);
      expect([status(), failure()]).to.deep.equal(['error', 'killed by SIGSEGV']);
    });

    it(`stops it on a shutdown, however it then exits, after ${when}`, () => {
      const { send, status, commands, clock } = supervised(processMachine);
      send(...before, SHUTDOWN);
      expect([status(), commands]).to.deep.equal([
        'active',
        [{ type: 'process.stop', graceMs: 900 }],
      ]);
      send(CRASHED);
      expect(status()).to.equal('done');
      expect(clock.pending).to.equal(0);
    });
  }

  const MACHINES = [
    { name: 'a process', machine: processMachine },
    { name: 'an engine', machine: createEngineMachine('vad', []) },
  ];
  for (const { name, machine } of MACHINES) {
    it(`${name} that does not end is given up at the end of the bound, with its runtime`, () => {
      const { send, status, clock, isDisposed } = supervised(machine);
      send(SPAWNED, SHUTDOWN);
      clock.advance(500);
      send({ type: 'sup.shutdown', withinMs: 5_000 });
      clock.advance(499);
      expect([status(), isDisposed()]).to.deep.equal(['active', false]);
      clock.advance(1);
      expect([status(), isDisposed()]).to.deep.equal(['done', true]);
      expect(clock.pending).to.equal(0);
    });

    for (const [withinMs, graceMs] of [
      [60_000, 59_900],
      [270, 203],
      [0, 0],
    ] as const) {
      it(`${name} that has ${withinMs} ms to stop is killed after ${graceMs} ms`, () => {
        const { send, commands } = supervised(machine);
        send(SPAWNED, { type: 'sup.shutdown', withinMs });
        expect(commands).to.deep.equal([{ type: 'process.stop', graceMs }]);
      });
    }
  }
});
