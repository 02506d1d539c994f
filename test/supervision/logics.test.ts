import { expect } from 'chai';
import { createMachine, fromCallback, fromObservable, fromPromise, fromTransition } from 'xstate';
import type { AnyActorLogic, Subscribable } from 'xstate';
import type { WorkerSpec } from '../../supervisors/child-spec.ts';
import { run, treeOf } from '../support/supervised.ts';
import type { RunningTree } from '../support/supervised.ts';

/** What logic needs that knows nothing of supervisors. */
const PLAIN: Partial<WorkerSpec> = {
  startMs: 'immediate',
  shutdownMs: 'brutal_kill',
  restart: 'transient',
};

function only(logic: AnyActorLogic, child: Partial<WorkerSpec> = {}): RunningTree {
  return run(treeOf(['a'], {}, { ...PLAIN, ...child }), { actors: { a: logic } });
}

const kinds = (tree: RunningTree): string[] =>
  tree.records.map((record) => (record.kind === 'fell' ? record.exit : record.kind));

interface Observer<T> {
  next?: (value: T) => void;
  complete?: () => void;
  error?: (error: unknown) => void;
}

describe('any logic as a child', () => {
  it('a promise: its value is a normal end, its rejection a crash', async () => {
    const settled: Promise<number>[] = [];
    const outcomes = [Promise.reject(new Error('no luck')), Promise.resolve(5)];
    const tree = only(
      fromPromise(() => {
        const outcome = outcomes[settled.length] as Promise<number>;
        settled.push(outcome);
        return outcome;
      }),
    );
    for (let turn = 0; turn < 100 && kinds(tree).at(-1) !== 'normal'; turn += 1) {
      await Promise.resolve();
      tree.clock.advance(0);
    }
    expect(kinds(tree)).to.deep.equal(['started', 'abnormal', 'started', 'normal']);
    expect(tree.records[1]).to.include({ reason: 'no luck' });
    tree.shutDown();
    expect(tree.leftovers()).to.deep.equal([]);
  });

  it('a callback: it is disposed of when it is stopped, and a throw at an event is a crash', () => {
    const steps: string[] = [];
    const tree = only(
      fromCallback(({ receive }) => {
        steps.push('opened');
        receive(({ type }) => {
          if (type === 'test.crash') throw new Error('it broke');
        });
        return () => void steps.push('closed');
      }),
    );
    tree.tell('a', 'test.crash');
    expect(kinds(tree)).to.deep.equal(['started', 'abnormal', 'started']);
    tree.shutDown();
    expect(steps).to.deep.equal(['opened', 'closed', 'opened', 'closed']);
    expect(tree.leftovers()).to.deep.equal([]);
  });

  it('a callback that throws as it begins has failed', () => {
    let starts = 0;
    const tree = only(
      fromCallback(() => {
        starts += 1;
        if (starts === 1) throw new Error('not today');
      }),
    );
    tree.clock.advance(0);
    expect(kinds(tree).at(-1)).to.equal('started');
    expect(starts).to.equal(2);
  });

  it('an observable: its end is a normal one, its error a crash, and it is unsubscribed from', () => {
    const observers: Observer<number>[] = [];
    let unsubscribed = 0;
    const source: Subscribable<number> = {
      subscribe: (observer: Observer<number> | ((value: number) => void)) => {
        observers.push(observer as Observer<number>);
        return { unsubscribe: () => void (unsubscribed += 1) };
      },
    };
    const tree = only(fromObservable(() => source));
    observers[0]?.next?.(1);
    observers[0]?.error?.(new Error('the stream broke'));
    tree.clock.advance(0);
    observers[1]?.complete?.();
    tree.clock.advance(0);
    expect(kinds(tree)).to.deep.equal(['started', 'abnormal', 'started', 'normal']);
    const second = only(fromObservable(() => source));
    second.shutDown();
    expect(unsubscribed).to.equal(1);
    expect(second.leftovers()).to.deep.equal([]);
  });

  it('a reducer', () => {
    const tree = only(
      fromTransition((count: number, { type }: { type: string }) => {
        if (type === 'test.crash') throw new Error('it broke');
        return count + 1;
      }, 0),
    );
    tree.tell('a', 'test.crash');
    expect(kinds(tree)).to.deep.equal(['started', 'abnormal', 'started']);
  });

  it('what is asked to stop and does not know how is killed at its bound', () => {
    const tree = only(
      fromCallback(() => {}),
      { shutdownMs: 100 },
    );
    tree.shutDown();
    tree.clock.advance(100);
    expect(tree.end).to.equal('done');
    expect(tree.records.at(-1)).to.include({ reason: 'killed: shutdown bound passed' });
  });
});

/** A machine that holds things open in itself, in an actor of its own and in one of that one's. */
function deep(open: Set<string>): AnyActorLogic {
  const holding = (name: string) =>
    fromCallback(() => {
      open.add(name);
      return () => void open.delete(name);
    });
  const inner = createMachine({
    invoke: { src: holding('innermost') },
    initial: 'idle',
    states: { idle: { after: { 1_000: 'idle' } } },
  });
  return createMachine({
    invoke: [{ src: holding('outer') }, { src: inner }],
    initial: 'idle',
    states: { idle: { after: { 1_000: 'idle' } } },
    on: {
      'test.crash': {
        actions: () => {
          throw new Error('it broke');
        },
      },
    },
  });
}

describe('what ends leaves nothing behind', () => {
  const ENDS = [
    { how: 'a crash', target: 'a', type: 'test.crash' },
    { how: 'a kill', target: 'slot:a', type: 'slot.kill' },
  ] as const;
  for (const { how, target, type } of ENDS) {
    it(`${how}: the machine's own actors are stopped, to the last`, () => {
      const open = new Set<string>();
      const tree = only(deep(open), { restart: 'temporary' });
      expect([...open]).to.have.members(['outer', 'innermost']);
      tree.tell(target, type);
      expect([...open]).to.deep.equal([]);
      tree.shutDown();
      expect(tree.leftovers()).to.deep.equal([]);
    });
  }

  it('a machine that throws while it is created', () => {
    const open = new Set<string>();
    let starts = 0;
    const tree = only(
      createMachine({
        invoke: {
          src: fromCallback(() => {
            open.add('held');
            return () => void open.delete('held');
          }),
        },
        entry: () => {
          starts += 1;
          if (starts === 1) throw new Error('not today');
        },
      }),
    );
    expect(starts).to.equal(2);
    tree.shutDown();
    expect([...open]).to.deep.equal([]);
    expect(tree.leftovers()).to.deep.equal([]);
  });

  const CLEANUPS = [
    { when: 'it is stopped', type: 'sup.shutdown', target: null },
    { when: 'it is killed', type: 'slot.kill', target: 'slot:b' },
    { when: 'it crashes', type: 'test.crash', target: 'b' },
    { when: 'it ends', type: 'test.end', target: 'b' },
  ] as const;
  for (const { when, type, target } of CLEANUPS) {
    for (const shutdownMs of [100, 'brutal_kill'] as const) {
      it(`a cleanup that throws when ${when} (shutdownMs ${shutdownMs}) hurts nobody`, () => {
        const tree = run(treeOf(['a', 'b', 'c'], {}, { shutdownMs }), {
          behaviours: { b: { throwsOnDispose: true } },
        });
        tree.drain();
        if (target !== null) {
          tree.tell(target, type);
          expect(tree.drain().join(' ')).to.equal('-b +b');
        }
        tree.shutDown();
        expect(tree.drain().join(' ')).to.equal('-c -b -a');
        expect(tree.end).to.equal('done');
        expect(tree.leftovers()).to.deep.equal([]);
      });
    }
  }

  it('a callback whose own cleanup throws is down all the same', () => {
    const tree = only(
      fromCallback(() => () => {
        throw new Error('it would not close');
      }),
    );
    tree.shutDown();
    expect(tree.end).to.equal('done');
    expect(tree.leftovers()).to.deep.equal([]);
  });
});
