import { expect } from 'chai';
import { run, treeOf } from '../support/supervised.ts';
import type { RunningTree } from '../support/supervised.ts';

const MANY = { restarts: 100, periodMs: 1_000 };

/** How long a was down after a crash, to the millisecond. */
function downtimeMs(tree: RunningTree, how = 'test.crash'): number {
  tree.tell('a', how);
  let durationMs = 0;
  while (!tree.isAlive('a')) {
    tree.clock.advance(1);
    durationMs += 1;
    if (durationMs > 100_000) throw new Error('a never came back');
  }
  return durationMs;
}

describe('backoff', () => {
  it('without one a child is started again at once', () => {
    expect(downtimeMs(run(treeOf(['a'], { intensity: MANY })))).to.equal(0);
  });

  it('grows by its factor to its cap', () => {
    const backoff = { baseMs: 100, factor: 2, capMs: 300, jitter: 0 };
    const tree = run(treeOf(['a'], { intensity: MANY }, { backoff }));
    const delays = [1, 2, 3, 4].map(() => downtimeMs(tree));
    expect(delays).to.deep.equal([100, 200, 300, 300]);
  });

  it('is forgiven once the child was up for its stable period, and not before', () => {
    const backoff = { baseMs: 100, factor: 2, capMs: 10_000, jitter: 0 };
    const tree = run(treeOf(['a'], { intensity: MANY }, { backoff, stableMs: 5_000 }));
    expect(downtimeMs(tree)).to.equal(100);
    tree.clock.advance(4_999);
    expect(downtimeMs(tree), 'a millisecond short of stable').to.equal(200);
    tree.clock.advance(5_000);
    expect(downtimeMs(tree), 'stable').to.equal(100);
  });

  it('30 s is the default of the stable period', () => {
    const backoff = { baseMs: 100, factor: 2, capMs: 10_000, jitter: 0 };
    const tree = run(treeOf(['a'], { intensity: MANY }, { backoff }));
    downtimeMs(tree);
    tree.clock.advance(29_999);
    expect(downtimeMs(tree)).to.equal(200);
    tree.clock.advance(30_000);
    expect(downtimeMs(tree)).to.equal(100);
  });

  it('its jitter shortens it by up to its share, and is the same for the same seed', () => {
    const backoff = { baseMs: 1_000, factor: 1, capMs: 1_000, jitter: 0.5 };
    const delaysOf = (seed: number): number[] => {
      const tree = run(treeOf(['a'], { intensity: MANY }, { backoff }), { seed });
      return [1, 2, 3, 4, 5].map(() => downtimeMs(tree));
    };
    const delays = delaysOf(7);
    expect(delays).to.deep.equal(delaysOf(7));
    expect(delays).not.to.deep.equal(delaysOf(8));
    expect(new Set(delays).size, 'different from try to try').to.be.greaterThan(1);
    for (const delayMs of delays) expect(delayMs).to.be.within(500, 1_000);
  });

  it('a failed restart waits again, longer', () => {
    const backoff = { baseMs: 100, factor: 2, capMs: 10_000, jitter: 0 };
    const tree = run(treeOf(['a'], { intensity: MANY }, { backoff }), {
      behaviours: { a: { failsStarts: [2] } },
    });
    tree.tell('a', 'test.crash');
    tree.clock.advance(100);
    expect(tree.drain().join(' ')).to.equal('+a -a +a -a');
    tree.clock.advance(199);
    expect(tree.drain()).to.deep.equal([]);
    tree.clock.advance(1);
    expect(tree.drain().join(' ')).to.equal('+a');
  });

  it('the restart is counted when the child falls, not when it starts', () => {
    const backoff = { baseMs: 600, factor: 1, capMs: 600, jitter: 0 };
    const tree = run(treeOf(['a'], { intensity: { restarts: 1, periodMs: 1_000 } }, { backoff }));
    tree.tell('a', 'test.crash');
    tree.clock.advance(1_001);
    tree.tell('a', 'test.crash');
    expect(tree.end).to.equal(null);
  });

  const GROUPS = [
    { strategy: 'one_for_one', stops: '-b', starts: '+b' },
    { strategy: 'rest_for_one', stops: '-b -c', starts: '+b +c' },
    { strategy: 'one_for_all', stops: '-b -c -a', starts: '+a +b +c' },
  ] as const;
  for (const { strategy, stops, starts } of GROUPS) {
    it(`${strategy}: at once ${stops}, and after the backoff of the one that fell ${starts}`, () => {
      const backoff = { baseMs: 100, factor: 2, capMs: 300, jitter: 0 };
      const tree = run(treeOf(['a', 'b', 'c'], { strategy }, { backoff }));
      tree.drain();
      tree.tell('b', 'test.crash');
      expect(tree.drain().join(' ')).to.equal(stops);
      tree.clock.advance(99);
      expect(tree.drain()).to.deep.equal([]);
      tree.clock.advance(1);
      expect(tree.drain().join(' ')).to.equal(starts);
    });
  }

  it('the supervisor does other things meanwhile', () => {
    const backoff = { baseMs: 500, factor: 1, capMs: 500, jitter: 0 };
    const tree = run(treeOf(['a', 'b'], {}, { backoff }));
    tree.drain();
    tree.tell('a', 'test.crash');
    tree.clock.advance(100);
    tree.tell('b', 'test.crash');
    tree.clock.advance(400);
    expect(tree.drain().join(' ')).to.equal('-a -b +a');
    tree.clock.advance(100);
    expect(tree.drain().join(' ')).to.equal('+b');
  });

  it('a restart of the group ends the backoff of one of its children', () => {
    const backoff = { baseMs: 500, factor: 1, capMs: 500, jitter: 0 };
    const tree = run(
      treeOf([], {
        strategy: 'rest_for_one',
        children: [{ id: 'a' }, { id: 'b', backoff }],
      }),
    );
    tree.tell('b', 'test.crash');
    tree.drain();
    tree.tell('a', 'test.crash');
    expect(tree.drain().join(' ')).to.equal('-a +a +b');
    tree.clock.advance(10_000);
    expect(tree.drain(), 'its own is over').to.deep.equal([]);
  });
});
