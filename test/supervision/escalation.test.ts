import { expect } from 'chai';
import { EscalationError } from '../../supervisors/supervisor.ts';
import { run, treeOf } from '../support/supervised.ts';
import type { RunningTree } from '../support/supervised.ts';

function escalate(tree: RunningTree, reason = 'an error that nothing caught'): void {
  tree.root.send({ type: 'sup.escalate', reason });
  tree.clock.advance(0);
}

describe('sup.escalate at the root', () => {
  it('stops every child in order, says why, and ends as one that gave up', () => {
    const tree = run(treeOf(['a', 'b', 'c']), { behaviours: { b: { stopAfterMs: 50 } } });
    tree.drain();
    escalate(tree);
    expect(tree.end).to.equal(null);
    tree.clock.advance(50);
    expect(tree.drain().join(' ')).to.equal('-c -b -a');
    expect(tree.end).to.be.instanceOf(EscalationError);
    expect((tree.end as Error).message).to.equal('an error that nothing caught');
    expect(tree.records).to.deep.include({
      kind: 'escalated',
      supervisor: 'top',
      reason: 'an error that nothing caught',
    });
    expect(tree.leftovers()).to.deep.equal([]);
  });

  it('in the midst of a shutdown that becomes a failing one', () => {
    const tree = run(treeOf(['a']), { behaviours: { a: { stopAfterMs: 50 } } });
    tree.shutDown();
    escalate(tree);
    tree.clock.advance(50);
    expect(tree.end).to.be.instanceOf(EscalationError);
  });

  it('a shutdown in its midst changes nothing', () => {
    const tree = run(treeOf(['a']), { behaviours: { a: { stopAfterMs: 50 } } });
    escalate(tree);
    tree.shutDown();
    tree.clock.advance(50);
    expect(tree.end).to.be.instanceOf(EscalationError);
  });

  it('twice, it ends once, with the first reason', () => {
    const tree = run(treeOf(['a']), { behaviours: { a: { stopAfterMs: 50 } } });
    escalate(tree, 'first');
    escalate(tree, 'second');
    tree.clock.advance(50);
    expect((tree.end as Error).message).to.equal('first');
    expect(tree.records.filter(({ kind }) => kind === 'escalated')).to.have.length(1);
  });

  it('while it starts', () => {
    const tree = run(treeOf(['a', 'b']), { behaviours: { a: { hangsStarts: [1] } } });
    escalate(tree);
    expect(tree.drain().join(' ')).to.equal('+a -a');
    expect(tree.end).to.be.instanceOf(EscalationError);
    expect(tree.leftovers()).to.deep.equal([]);
  });
});
