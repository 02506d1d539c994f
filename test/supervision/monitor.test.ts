import { expect } from 'chai';
import { run, treeOf } from '../support/supervised.ts';

describe('the transition monitor', () => {
  it('hears of every transition of the workers, in pairs, and which event it is', () => {
    const steps: string[] = [];
    const tree = run(treeOf(['a']), {
      monitor: {
        enter: (actorId, eventType) => void steps.push(`${actorId} ${eventType}`),
        leave: () => void steps.push('left'),
      },
    });
    tree.mail('a', 1);
    tree.tell('a', 'test.crash');
    tree.shutDown();
    const entered = steps.filter((step) => step !== 'left');
    expect(entered).to.include.members(['a#1 test.mail', 'a#1 test.crash', 'a#2 sup.shutdown']);
    const depths: number[] = [];
    let depth = 0;
    for (const step of steps) {
      depth += step === 'left' ? -1 : 1;
      depths.push(depth);
    }
    expect(depth, 'it leaves whatever it enters, by a throw as well').to.equal(0);
    expect(Math.min(...depths)).to.equal(0);
  });

  it('hears nothing of supervisors', () => {
    const actors = new Set<string>();
    const tree = run(treeOf(['a']), {
      monitor: { enter: (actorId) => void actors.add(actorId), leave: () => {} },
    });
    tree.tell('a', 'test.crash');
    tree.shutDown();
    expect([...actors]).to.deep.equal(['a#1', 'a#2']);
  });
});
