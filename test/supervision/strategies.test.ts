import { expect } from 'chai';
import type { Strategy } from '../../supervisors/child-spec.ts';
import { SUPERVISOR, WORKER, run, treeOf } from '../support/supervised.ts';

interface Rule {
  readonly strategy: Strategy;
  readonly falls: string;
  /** All that happens, in order. */
  readonly expected: string;
}

const RULES: readonly Rule[] = [
  { strategy: 'one_for_one', falls: 'a', expected: '-a +a' },
  { strategy: 'one_for_one', falls: 'b', expected: '-b +b' },
  { strategy: 'one_for_one', falls: 'c', expected: '-c +c' },
  { strategy: 'rest_for_one', falls: 'a', expected: '-a -c -b +a +b +c' },
  { strategy: 'rest_for_one', falls: 'b', expected: '-b -c +b +c' },
  { strategy: 'rest_for_one', falls: 'c', expected: '-c +c' },
  { strategy: 'one_for_all', falls: 'a', expected: '-a -c -b +a +b +c' },
  { strategy: 'one_for_all', falls: 'b', expected: '-b -c -a +a +b +c' },
  { strategy: 'one_for_all', falls: 'c', expected: '-c -b -a +a +b +c' },
];

describe('strategies', () => {
  for (const { strategy, falls, expected } of RULES) {
    it(`${strategy}: ${falls} of a, b and c crashes: ${expected}`, () => {
      const tree = run(treeOf(['a', 'b', 'c'], { strategy }));
      tree.drain();
      tree.tell(falls, 'test.crash');
      expect(tree.drain().join(' ')).to.equal(expected);
    });
  }

  it('one_for_one is the default', () => {
    const tree = run({ id: 'top', type: 'supervisor', children: [{ id: 'a' }, { id: 'b' }] });
    tree.drain();
    tree.tell('a', 'test.crash');
    expect(tree.drain()).to.deep.equal(['-a', '+a']);
  });

  it('the restart of a group stops one child after the other, and then starts them', () => {
    const tree = run(treeOf(['a', 'b', 'c'], { strategy: 'one_for_all' }), {
      behaviours: { c: { stopAfterMs: 20 }, a: { readyAfterMs: 30 } },
    });
    tree.clock.advance(30);
    tree.drain();
    tree.tell('b', 'test.crash');
    expect(tree.drain().join(' '), 'at once').to.equal('-b');
    tree.clock.advance(20);
    expect(tree.drain().join(' '), 'c has stopped').to.equal('-c -a +a');
    tree.clock.advance(30);
    expect(tree.drain().join(' '), 'a is ready').to.equal('+b +c');
  });

  it('children that fall during an operation wait for its end', () => {
    const tree = run(treeOf(['a', 'b']), { behaviours: { a: { readyAfterMs: 30 } } });
    tree.clock.advance(30);
    tree.drain();
    tree.tell('a', 'test.crash');
    tree.tell('b', 'test.crash');
    expect(tree.drain().join(' ')).to.equal('-a +a -b');
    tree.clock.advance(30);
    expect(tree.drain().join(' ')).to.equal('+b');
  });

  it('a fall that the restart of its group has mended already is not counted', () => {
    const tree = run(
      treeOf(['a', 'b'], { strategy: 'one_for_all', intensity: { restarts: 1, periodMs: 1_000 } }),
    );
    tree.drain();
    tree.find('a')?.send({ type: 'test.crash' });
    tree.find('b')?.send({ type: 'test.crash' });
    tree.clock.advance(0);
    expect(tree.end).to.equal(null);
    expect(['a', 'b'].every((id) => tree.isAlive(id))).to.equal(true);
  });

  it('a restart that begins with a word of a child waits until that child has ended', () => {
    const inner = {
      ...SUPERVISOR,
      id: 'inner',
      children: [{ ...WORKER, id: 'x', shutdownMs: 'brutal_kill' as const }],
    };
    const tree = run(treeOf([], { strategy: 'one_for_all', children: [{ id: 'a' }, inner] }), {
      behaviours: { x: { readyAfterMs: 10 } },
    });
    tree.tell('a', 'test.crash');
    expect(tree.drain().join(' ')).to.equal('+a +x -a');
    // What x says here ends the start of the supervisor, which then looks at the fall of a.
    tree.clock.advance(10);
    expect(tree.drain().join(' ')).to.equal('-x +a +x');
    expect(tree.world.doubled).to.deep.equal([]);
  });

  it('a group holds supervisors as one child each', () => {
    const inner = { ...SUPERVISOR, id: 'inner', children: [{ ...WORKER, id: 'x' }] };
    const tree = run(
      treeOf([], { strategy: 'one_for_all', children: [{ ...WORKER, id: 'a' }, inner] }),
    );
    tree.drain();
    tree.tell('a', 'test.crash');
    expect(tree.drain().join(' ')).to.equal('-a -x +a +x');
  });
});

describe('temporary children in the restart of a group', () => {
  for (const { strategy, falls, expected } of [
    { strategy: 'one_for_all', falls: 'b', expected: '-b -c -a +b +c' },
    { strategy: 'rest_for_one', falls: 'b', expected: '-b -c +b +c' },
  ] as const) {
    it(`${strategy}: a temporary child that stands first, ${expected}`, () => {
      const tree = run(
        treeOf([], {
          strategy,
          children: [
            { ...WORKER, id: 'a', restart: 'temporary' },
            { ...WORKER, id: 'b' },
            { ...WORKER, id: 'c' },
          ],
        }),
      );
      tree.drain();
      tree.tell(falls, 'test.crash');
      expect(tree.drain().join(' ')).to.equal(expected);
    });
  }

  it('is stopped and forgotten, while a transient one that had ended is started', () => {
    const tree = run(
      treeOf([], {
        strategy: 'one_for_all',
        children: [
          { ...WORKER, id: 'a' },
          { ...WORKER, id: 'b', restart: 'temporary' },
          { ...WORKER, id: 'c', restart: 'transient' },
        ],
      }),
    );
    tree.tell('c', 'test.end');
    tree.drain();
    tree.tell('a', 'test.crash');
    expect(tree.drain().join(' ')).to.equal('-a -b +a +c');
    expect(tree.find('slot:b')).to.equal(undefined);
  });
});
