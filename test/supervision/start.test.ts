import { expect } from 'chai';
import { EscalationError, StartError } from '../../supervisors/supervisor.ts';
import { SUPERVISOR, WORKER, run, treeOf } from '../support/supervised.ts';

describe('start', () => {
  it('children start left to right, each once the one before is ready', () => {
    const tree = run(treeOf(['a', 'b', 'c']), { behaviours: { a: { readyAfterMs: 10 } } });
    expect(tree.drain().join(' ')).to.equal('+a');
    tree.clock.advance(10);
    expect(tree.drain().join(' ')).to.equal('+b +c');
  });

  it('a supervisor is ready once its children are', () => {
    const inner = { ...SUPERVISOR, id: 'inner', children: [{ ...WORKER, id: 'x' }] };
    const tree = run(treeOf([], { children: [inner, { ...WORKER, id: 'a' }] }), {
      behaviours: { x: { readyAfterMs: 10 } },
    });
    expect(tree.drain().join(' ')).to.equal('+x');
    tree.clock.advance(10);
    expect(tree.drain().join(' ')).to.equal('+a');
  });

  it('one without children is ready at once', () => {
    const empty = { ...SUPERVISOR, id: 'empty', children: [] };
    const tree = run(treeOf([], { children: [empty, { ...WORKER, id: 'a' }] }));
    expect(tree.drain().join(' ')).to.equal('+a');
  });

  const FAILURES = [
    { how: 'crashes', behaviour: { failsStarts: [1] }, says: 'b failed to start' },
    { how: 'takes too long', behaviour: { hangsStarts: [1] }, says: 'start deadline passed' },
  ] as const;
  for (const { how, behaviour, says } of FAILURES) {
    it(`a first start that ${how} is the end of the supervisor: it stops the others and fails`, () => {
      const tree = run(treeOf(['a', 'b', 'c']), { behaviours: { b: behaviour } });
      tree.clock.advance(1_000);
      expect(tree.drain().join(' ')).to.equal('+a +b -b -a');
      expect(tree.end).to.be.instanceOf(StartError);
      expect((tree.end as Error).message).to.equal(`top could not start b: ${says}`);
      expect(tree.leftovers()).to.deep.equal([]);
    });
  }

  it('a child that ends before it is ready has failed to start', () => {
    const tree = run(treeOf(['a']), { behaviours: { a: { hangsStarts: [1] } } });
    tree.tell('a', 'test.end');
    expect(tree.end).to.be.instanceOf(StartError);
  });

  it('the deadline is exact: ready in its last millisecond is in time', () => {
    for (const { readyAfterMs, isUp } of [
      { readyAfterMs: 49, isUp: true },
      { readyAfterMs: 51, isUp: false },
    ]) {
      const tree = run(treeOf(['a'], {}, { startMs: 50 }), {
        behaviours: { a: { readyAfterMs } },
      });
      tree.clock.advance(60);
      expect(tree.isAlive('a'), `${readyAfterMs} ms`).to.equal(isUp);
    }
  });

  it('infinity is no deadline', () => {
    const tree = run(treeOf(['a'], {}, { startMs: 'infinity' }), {
      behaviours: { a: { readyAfterMs: 10_000_000 } },
    });
    tree.clock.advance(10_000_000);
    expect(tree.records).to.deep.equal([{ kind: 'started', child: 'a', incarnation: 1 }]);
  });

  it('a nested supervisor that fails to start fails that of its own supervisor', () => {
    const inner = { ...SUPERVISOR, id: 'inner', children: [{ ...WORKER, id: 'x' }] };
    const tree = run(treeOf([], { children: [{ ...WORKER, id: 'a' }, inner] }), {
      behaviours: { x: { failsStarts: [1] } },
    });
    expect((tree.end as Error).message).to.equal(
      'top could not start inner: inner could not start x: x failed to start',
    );
    expect(tree.drain().join(' ')).to.equal('+a +x -x -a');
  });
});

describe('a restart that fails', () => {
  it('is tried again, and counts again', () => {
    const tree = run(treeOf(['a'], { intensity: { restarts: 3, periodMs: 1_000 } }), {
      behaviours: { a: { failsStarts: [2, 3] } },
    });
    tree.tell('a', 'test.crash');
    expect(tree.isAlive('a')).to.equal(true);
    expect(tree.drain().join(' ')).to.equal('+a -a +a -a +a -a +a');
    tree.tell('a', 'test.crash');
    expect(tree.end).to.be.instanceOf(EscalationError);
  });

  it('is tried again whatever its type, and whatever the exit', () => {
    const tree = run(treeOf(['a'], {}, { restart: 'transient' }), {
      behaviours: { a: { hangsStarts: [2] } },
    });
    tree.tell('a', 'test.crash');
    tree.tell('a', 'test.end');
    expect(tree.isAlive('a')).to.equal(true);
    expect(tree.drain().join(' ')).to.equal('+a -a +a -a +a');
  });

  it('that takes longer than its deadline is one that fails', () => {
    const tree = run(treeOf(['a'], {}, { startMs: 50 }), {
      behaviours: { a: { hangsStarts: [2] } },
    });
    tree.tell('a', 'test.crash');
    tree.clock.advance(49);
    expect(tree.drain().join(' ')).to.equal('+a -a +a');
    tree.clock.advance(1);
    expect(tree.drain().join(' ')).to.equal('-a +a');
  });

  it('gives up when the tries exceed the intensity', () => {
    const tree = run(treeOf(['a'], { intensity: { restarts: 2, periodMs: 1_000 } }), {
      behaviours: { a: { failsStarts: [2, 3, 4] } },
    });
    tree.tell('a', 'test.crash');
    expect((tree.end as Error).message).to.equal(
      'top gave up after 2 restarts in 1000 ms; last, a: a failed to start',
    );
  });

  const GROUPS = [
    { strategy: 'one_for_all', expected: '-a -c -b +a +b -b -a +a +b +c' },
    { strategy: 'rest_for_one', expected: '-a -c -b +a +b -b +b +c' },
  ] as const;
  for (const { strategy, expected } of GROUPS) {
    it(`${strategy}: b fails to start in the restart of a: ${expected}`, () => {
      const tree = run(treeOf(['a', 'b', 'c'], { strategy }), {
        behaviours: { b: { failsStarts: [2] } },
      });
      tree.drain();
      tree.tell('a', 'test.crash');
      expect(tree.drain().join(' ')).to.equal(expected);
    });
  }
});
