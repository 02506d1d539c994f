import { expect } from 'chai';
import { HEARTBEAT } from '../../supervisors/child-spec.ts';
import { SUPERVISOR, WORKER, run, treeOf } from '../support/supervised.ts';

describe('heartbeat', () => {
  it('finds a child that was deaf from the first within 500 ms, by default', () => {
    const tree = run(treeOf(['a', 'b'], {}, { heartbeat: HEARTBEAT }), {
      behaviours: { b: { isDeaf: true } },
    });
    tree.drain();
    tree.clock.advance(449);
    expect(tree.drain()).to.deep.equal([]);
    tree.clock.advance(1);
    expect(tree.drain().join(' ')).to.equal('-b +b');
    expect(tree.records).to.deep.include({
      kind: 'fell',
      child: 'b',
      incarnation: 1,
      exit: 'abnormal',
      reason: 'heartbeat missed',
      isStarting: false,
    });
  });

  it('finds one that hangs at any moment within 500 ms', () => {
    for (let atMs = 0; atMs <= 1_000; atMs += 50) {
      const tree = run(treeOf(['a'], {}, { heartbeat: HEARTBEAT }));
      tree.clock.advance(atMs);
      tree.drain();
      tree.tell('a', 'test.hang');
      tree.clock.advance(500);
      expect(tree.drain().join(' '), `hangs at ${atMs} ms`).to.equal('-a +a');
    }
  });

  it('leaves a child alone that answers', () => {
    const tree = run(treeOf(['a'], {}, { heartbeat: HEARTBEAT }));
    tree.drain();
    tree.clock.advance(60_000);
    expect(tree.drain()).to.deep.equal([]);
  });

  it('is off when the specification has none', () => {
    const tree = run(treeOf(['a']), { behaviours: { a: { isDeaf: true } } });
    tree.drain();
    tree.clock.advance(60_000);
    expect(tree.drain()).to.deep.equal([]);
  });

  it('does not ask a child that starts or stops', () => {
    const tree = run(
      treeOf(['a'], {}, { heartbeat: HEARTBEAT, shutdownMs: 20_000, startMs: 20_000 }),
      {
        behaviours: { a: { isDeaf: true, readyAfterMs: 10_000, stopAfterMs: 10_000 } },
      },
    );
    tree.clock.advance(10_000);
    tree.shutDown();
    tree.clock.advance(10_000);
    expect(tree.drain().join(' ')).to.equal('+a -a');
    expect(tree.records.map(({ kind }) => kind)).to.deep.equal(['started', 'stopped']);
  });

  it('a supervisor answers it too, while it waits for its children', () => {
    const inner = {
      ...SUPERVISOR,
      id: 'inner',
      heartbeat: HEARTBEAT,
      children: [{ ...WORKER, id: 'x', startMs: 10_000 }],
    };
    const tree = run(treeOf([], { children: [inner] }), {
      behaviours: { x: { hangsStarts: [2] } },
    });
    tree.tell('x', 'test.crash');
    tree.clock.advance(5_000);
    expect(tree.drain().join(' ')).to.equal('+x -x +x');
  });
});
