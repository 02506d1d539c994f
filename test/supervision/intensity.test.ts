import { expect } from 'chai';
import { EscalationError } from '../../supervisors/supervisor.ts';
import { run, treeOf } from '../support/supervised.ts';

describe('intensity and period', () => {
  const RULES = [
    { restarts: 0, periodMs: 1_000, crashesAtMs: [0], givesUp: true },
    { restarts: 1, periodMs: 1_000, crashesAtMs: [0], givesUp: false },
    { restarts: 1, periodMs: 1_000, crashesAtMs: [0, 999], givesUp: true },
    // A restart that is exactly one period old still counts.
    { restarts: 1, periodMs: 1_000, crashesAtMs: [0, 1_000], givesUp: true },
    { restarts: 1, periodMs: 1_000, crashesAtMs: [0, 1_001], givesUp: false },
    { restarts: 3, periodMs: 1_000, crashesAtMs: [0, 0, 0], givesUp: false },
    { restarts: 3, periodMs: 1_000, crashesAtMs: [0, 0, 0, 0], givesUp: true },
    { restarts: 2, periodMs: 1_000, crashesAtMs: [0, 600, 1_001, 1_601], givesUp: false },
    { restarts: 2, periodMs: 1_000, crashesAtMs: [0, 600, 1_001, 1_600], givesUp: true },
  ] as const;
  for (const { restarts, periodMs, crashesAtMs, givesUp } of RULES) {
    const times = crashesAtMs.join(', ');
    it(`${restarts} in ${periodMs} ms, crashes at ${times}: ${givesUp ? 'gives up' : 'goes on'}`, () => {
      const tree = run(treeOf(['a'], { intensity: { restarts, periodMs } }));
      for (const [index, atMs] of crashesAtMs.entries()) {
        expect(tree.end, `before the crash at ${atMs}`).to.equal(null);
        tree.clock.advance(atMs - tree.clock.now());
        tree.tell('a', 'test.crash');
        const isLast = index === crashesAtMs.length - 1;
        if (!isLast) expect(tree.isAlive('a')).to.equal(true);
      }
      if (givesUp) expect(tree.end).to.be.instanceOf(EscalationError);
      else expect(tree.isAlive('a')).to.equal(true);
    });
  }

  it('one restart in 5 s is the default', () => {
    const tree = run({ id: 'top', type: 'supervisor', children: [{ id: 'a' }] });
    tree.tell('a', 'test.crash');
    tree.clock.advance(5_000);
    tree.tell('a', 'test.crash');
    expect(tree.end).to.be.instanceOf(EscalationError);
  });

  it('the restarts of all children count together', () => {
    const tree = run(treeOf(['a', 'b', 'c'], { intensity: { restarts: 2, periodMs: 1_000 } }));
    tree.tell('a', 'test.crash');
    tree.tell('b', 'test.crash');
    expect(tree.end).to.equal(null);
    tree.tell('c', 'test.crash');
    expect(tree.end).to.be.instanceOf(EscalationError);
  });

  it('the restart of a group counts once', () => {
    const tree = run(
      treeOf(['a', 'b', 'c'], {
        strategy: 'one_for_all',
        intensity: { restarts: 1, periodMs: 1_000 },
      }),
    );
    tree.tell('a', 'test.crash');
    expect(tree.end).to.equal(null);
  });

  it('one that gives up stops its children in reverse order, says why and leaves nothing', () => {
    const tree = run(treeOf(['a', 'b', 'c'], { intensity: { restarts: 0, periodMs: 1_000 } }));
    tree.drain();
    tree.tell('b', 'test.crash');
    expect(tree.drain().join(' ')).to.equal('-b -c -a');
    expect((tree.end as Error).message).to.equal(
      'top gave up after 0 restarts in 1000 ms; last, b: b crashed',
    );
    expect(tree.leftovers()).to.deep.equal([]);
  });
});
