import { expect } from 'chai';
import { terminateChild } from '../../supervisors/requests.ts';
import { SUPERVISOR, WORKER, run, treeOf } from '../support/supervised.ts';
import type { RunningTree } from '../support/supervised.ts';

const backoff = { baseMs: 500, factor: 1, capMs: 500, jitter: 0 };

function deadLetters(tree: RunningTree): { child: string; reason: string }[] {
  return tree.records.flatMap((record) =>
    record.kind === 'dead_letter' ? [{ child: record.child, reason: record.reason }] : [],
  );
}

describe('stash', () => {
  it('keeps what is sent to a child that is down, in order, and hands it over when it is up', () => {
    const tree = run(treeOf(['a'], {}, { stash: 3, backoff }));
    tree.tell('a', 'test.crash');
    for (const letter of [1, 2, 3]) tree.mail('a', letter);
    expect(tree.world.received).to.deep.equal([]);
    tree.clock.advance(500);
    tree.mail('a', 4);
    expect(tree.world.received.map(({ letter }) => letter)).to.deep.equal([1, 2, 3, 4]);
    expect(deadLetters(tree)).to.deep.equal([]);
  });

  it('is bounded: what is beyond is a dead letter', () => {
    const tree = run(treeOf(['a'], {}, { stash: 2, backoff }));
    tree.tell('a', 'test.crash');
    for (const letter of [1, 2, 3, 4]) tree.mail('a', letter);
    const reason = 'down, and its stash of 2 is full';
    expect(deadLetters(tree)).to.deep.equal([
      { child: 'a', reason },
      { child: 'a', reason },
    ]);
    tree.clock.advance(500);
    expect(tree.world.received.map(({ letter }) => letter)).to.deep.equal([1, 2]);
  });

  it('has room again once it was handed over', () => {
    const tree = run(treeOf(['a'], {}, { stash: 1, backoff }));
    for (const letter of [1, 2]) {
      tree.tell('a', 'test.crash');
      tree.mail('a', letter);
      tree.clock.advance(500);
    }
    expect(tree.world.received.map(({ letter }) => letter)).to.deep.equal([1, 2]);
  });

  it('is kept while a restart fails', () => {
    const tree = run(treeOf(['a'], {}, { stash: 1, backoff }), {
      behaviours: { a: { failsStarts: [2] } },
    });
    tree.tell('a', 'test.crash');
    tree.mail('a', 1);
    tree.clock.advance(500);
    expect(tree.world.received).to.deep.equal([]);
    tree.clock.advance(500);
    expect(tree.world.received).to.deep.equal([{ id: 'a', letter: 1 }]);
  });

  it('reaches the child that is first started later', () => {
    const tree = run(treeOf(['a', 'b'], {}, { stash: 1 }), {
      behaviours: { a: { readyAfterMs: 50 } },
    });
    tree.mail('b', 1);
    tree.clock.advance(50);
    expect(tree.world.received).to.deep.equal([{ id: 'b', letter: 1 }]);
  });

  it('of a child that was terminated it waits for its restart', async () => {
    const tree = run(treeOf(['a'], {}, { stash: 1 }));
    const reply = terminateChild(tree.root, 'a');
    tree.clock.advance(0);
    await reply;
    tree.mail('a', 1);
    tree.shutDown();
    expect(deadLetters(tree)).to.deep.equal([{ child: 'a', reason: 'stopped for good' }]);
  });

  const ENDS = [
    { type: 'sup.shutdown', reason: 'stopped for good' },
    { type: 'sup.escalate', reason: 'stopped for good' },
  ] as const;
  for (const { type, reason } of ENDS) {
    it(`what is left over at ${type} becomes dead letters`, () => {
      const tree = run(treeOf(['a', 'b'], {}, { stash: 5, backoff }));
      tree.tell('a', 'test.crash');
      tree.mail('a', 1);
      tree.mail('a', 2);
      tree.root.send({ type, reason: 'enough' });
      tree.clock.advance(0);
      expect(tree.end).not.to.equal(null);
      expect(deadLetters(tree)).to.deep.equal([
        { child: 'a', reason },
        { child: 'a', reason },
      ]);
    });
  }

  for (const { how, id, type, reason } of [
    { how: 'gives up', id: 'x', type: 'test.crash', reason: 'stopped for good' },
    { how: 'is killed', id: 'slot:inner', type: 'slot.kill', reason: 'its supervisor was killed' },
  ] as const) {
    it(`so it does when a nested supervisor ${how}`, () => {
      const inner = {
        ...SUPERVISOR,
        id: 'inner',
        intensity: { restarts: 1, periodMs: 5_000 },
        children: [
          { ...WORKER, id: 'x' },
          { ...WORKER, id: 'y', stash: 1, backoff },
        ],
      };
      const tree = run(treeOf([], { children: [inner] }));
      tree.tell('y', 'test.crash');
      tree.mail('y', 1);
      tree.tell(id, type);
      expect(deadLetters(tree)).to.deep.equal([{ child: 'y', reason }]);
      expect(tree.isAlive('y'), 'its supervisor is back').to.equal(true);
      expect(tree.world.received).to.deep.equal([]);
    });
  }
});
