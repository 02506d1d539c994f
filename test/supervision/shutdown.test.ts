import { expect } from 'chai';
import type { AnyActorRef } from 'xstate';
import { startChild } from '../../supervisors/requests.ts';
import { SUPERVISOR, WORKER, run, treeOf } from '../support/supervised.ts';
import type { RunningTree } from '../support/supervised.ts';

function stopReasons(tree: RunningTree): Record<string, string> {
  return Object.fromEntries(
    tree.records.flatMap((record) =>
      record.kind === 'stopped' ? [[record.child, record.reason]] : [],
    ),
  );
}

describe('shutdown', () => {
  it('children stop in reverse order, each once the one after it is down', () => {
    const tree = run(treeOf(['a', 'b', 'c']), { behaviours: { c: { stopAfterMs: 20 } } });
    tree.drain();
    tree.shutDown();
    expect(tree.drain()).to.deep.equal([]);
    tree.clock.advance(20);
    expect(tree.drain().join(' ')).to.equal('-c -b -a');
    expect(tree.end).to.equal('done');
    expect(tree.leftovers()).to.deep.equal([]);
  });

  const BOUNDS = [
    { shutdownMs: 100, stopAfterMs: 99, endsAtMs: 99, reason: 'stopped' },
    { shutdownMs: 100, stopAfterMs: 101, endsAtMs: 100, reason: 'killed: shutdown bound passed' },
    { shutdownMs: 0, stopAfterMs: 1, endsAtMs: 0, reason: 'killed: shutdown bound passed' },
    { shutdownMs: 'brutal_kill', stopAfterMs: 50, endsAtMs: 0, reason: 'killed' },
    { shutdownMs: 'infinity', stopAfterMs: 10_000_000, endsAtMs: 10_000_000, reason: 'stopped' },
  ] as const;
  for (const { shutdownMs, stopAfterMs, endsAtMs, reason } of BOUNDS) {
    it(`shutdownMs ${shutdownMs}, and it takes ${stopAfterMs} ms: ${reason} after ${endsAtMs} ms`, () => {
      const tree = run(treeOf(['a', 'b'], {}, { shutdownMs }), {
        behaviours: { b: { stopAfterMs } },
      });
      tree.drain();
      tree.shutDown();
      if (endsAtMs > 0) {
        tree.clock.advance(endsAtMs - 1);
        expect(tree.drain(), 'before').to.deep.equal([]);
        tree.clock.advance(1);
      }
      expect(tree.drain().join(' ')).to.equal('-b -a');
      expect(stopReasons(tree)['b']).to.equal(reason);
      expect(tree.end).to.equal('done');
    });
  }

  it('5 s is the default of a worker', () => {
    const tree = run(
      { id: 'top', type: 'supervisor', children: [{ id: 'a' }] },
      { behaviours: { a: { stopAfterMs: 60_000 } } },
    );
    tree.shutDown();
    tree.clock.advance(4_999);
    expect(tree.end).to.equal(null);
    tree.clock.advance(1);
    expect(tree.end).to.equal('done');
  });

  it('a child is told to stop within nine tenths of its bound', () => {
    const told: unknown[] = [];
    const tree = run(treeOf(['a']), {
      observe: (inspected) => {
        const isForChild = (inspected.actorRef as AnyActorRef).id === 'a#1';
        if (inspected.type === '@xstate.event' && isForChild) told.push(inspected.event);
      },
    });
    tree.shutDown();
    expect(told).to.deep.include({ type: 'sup.shutdown', withinMs: 90 });
  });

  it('the children of a dynamic supervisor stop at the same time', () => {
    const tree = run(treeOf(['job'], { strategy: 'simple_one_for_one' }));
    for (const stopAfterMs of [30, 20, 10]) void startChild(tree.root, { input: { stopAfterMs } });
    tree.clock.advance(0);
    expect(tree.drain().join(' ')).to.equal('+job-1 +job-2 +job-3');
    tree.shutDown();
    tree.clock.advance(10);
    expect(tree.drain().join(' ')).to.equal('-job-3');
    tree.clock.advance(20);
    expect(tree.drain().join(' ')).to.equal('-job-2 -job-1');
    expect(tree.end).to.equal('done');
  });

  it('a nested supervisor that exceeds its bound is killed with all below it', () => {
    const inner = {
      ...SUPERVISOR,
      id: 'inner',
      shutdownMs: 100,
      children: [
        { ...WORKER, id: 'x', shutdownMs: 50 },
        { ...WORKER, id: 'y', shutdownMs: 50 },
      ],
    };
    const tree = run(treeOf([], { children: [{ ...WORKER, id: 'a' }, inner] }), {
      behaviours: { x: { stopAfterMs: 1_000 }, y: { stopAfterMs: 1_000 } },
    });
    // One more, for which its bound was not made.
    void startChild(tree.find('inner') as AnyActorRef, {
      id: 'z',
      logic: 'worker',
      shutdownMs: 1_000,
      input: { stopAfterMs: 1_000 },
    });
    tree.clock.advance(0);
    tree.drain();
    tree.shutDown();
    tree.clock.advance(99);
    expect(tree.drain()).to.deep.equal([]);
    tree.clock.advance(1);
    expect(tree.drain()).to.have.members(['-x', '-y', '-z', '-a']);
    expect(tree.end).to.equal('done');
    expect(tree.leftovers()).to.deep.equal([]);
  });

  it('a nested supervisor with brutal_kill leaves nothing either', () => {
    const inner = {
      ...SUPERVISOR,
      id: 'inner',
      shutdownMs: 'brutal_kill' as const,
      children: [{ ...WORKER, id: 'x' }],
    };
    const tree = run(
      treeOf([], { children: [inner, { ...WORKER, id: 'a', shutdownMs: 'brutal_kill' }] }),
    );
    tree.shutDown();
    expect(tree.drain()).to.deep.equal(['+x', '+a', '-a', '-x']);
    expect(tree.leftovers()).to.deep.equal([]);
  });

  const INTERRUPTED = [
    { during: 'its start', behaviours: { b: { hangsStarts: [1] } }, tell: null },
    { during: 'a restart', behaviours: { b: { hangsStarts: [2] } }, tell: 'b' },
    { during: 'the stops of a restart', behaviours: { c: { stopAfterMs: 50 } }, tell: 'a' },
  ];
  for (const { during, behaviours, tell } of INTERRUPTED) {
    it(`in the midst of ${during} it starts nothing more, and stops everything`, () => {
      const tree = run(treeOf(['a', 'b', 'c'], { strategy: 'rest_for_one' }), { behaviours });
      if (tell !== null) tree.tell(tell, 'test.crash');
      tree.drain();
      tree.shutDown();
      tree.clock.advance(100);
      expect(tree.drain().filter((step) => step.startsWith('+'))).to.deep.equal([]);
      expect(tree.end).to.equal('done');
      expect(tree.leftovers()).to.deep.equal([]);
    });
  }

  it('during a backoff it waits for nothing', () => {
    const backoff = { baseMs: 500, factor: 1, capMs: 500, jitter: 0 };
    const tree = run(treeOf(['a', 'b'], {}, { backoff }));
    tree.tell('a', 'test.crash');
    tree.drain();
    tree.shutDown();
    expect(tree.drain().join(' ')).to.equal('-b');
    expect(tree.end).to.equal('done');
    expect(tree.leftovers()).to.deep.equal([]);
  });

  it('asked twice, it stops once', () => {
    const tree = run(treeOf(['a']), { behaviours: { a: { stopAfterMs: 50 } } });
    tree.shutDown();
    tree.shutDown();
    tree.clock.advance(50);
    expect(tree.end).to.equal('done');
    expect(tree.records.filter(({ kind }) => kind === 'stopped')).to.have.length(1);
  });

  it('a child that falls while it is asked to stop is down, and not started again', () => {
    const tree = run(treeOf(['a']), { behaviours: { a: { stopAfterMs: 50 } } });
    tree.drain();
    tree.shutDown();
    tree.tell('a', 'test.crash');
    expect(tree.drain().join(' ')).to.equal('-a');
    expect(stopReasons(tree)['a']).to.equal('failed while stopping');
    expect(tree.end).to.equal('done');
  });

  it('one that is killed by an operator while it drains is down at once', () => {
    const tree = run(treeOf(['a', 'b']), { behaviours: { b: { stopAfterMs: 50 } } });
    tree.shutDown();
    tree.tell('slot:b', 'slot.kill');
    expect(stopReasons(tree)).to.deep.equal({ b: 'killed', a: 'stopped' });
    expect(tree.end).to.equal('done');
  });
});
