import { expect } from 'chai';
import type { AutoShutdown, Restart } from '../../supervisors/child-spec.ts';
import { terminateChild } from '../../supervisors/requests.ts';
import { SUPERVISOR, WORKER, run, treeOf } from '../support/supervised.ts';

const ENDS = {
  normal: 'test.end',
  shutdown: 'test.end_shutdown',
  crash: 'test.crash',
  killed: 'slot.kill',
} as const;

type Outcome = 'ends' | 'goes on' | 'restarts it';

interface Rule {
  readonly restart: Restart;
  readonly ends: keyof typeof ENDS;
  /** With a significant child beside it that still runs, by `autoShutdown`; `alone` is all_significant without one. */
  readonly outcome: Readonly<Record<'any_significant' | 'all_significant' | 'alone', Outcome>>;
}

const RULES: readonly Rule[] = [
  ...(['normal', 'shutdown'] as const).map((ends) => ({
    restart: 'transient' as const,
    ends,
    outcome: {
      any_significant: 'ends' as const,
      all_significant: 'goes on' as const,
      alone: 'ends' as const,
    },
  })),
  ...(['crash', 'killed'] as const).map((ends) => ({
    restart: 'transient' as const,
    ends,
    outcome: {
      any_significant: 'restarts it' as const,
      all_significant: 'restarts it' as const,
      alone: 'restarts it' as const,
    },
  })),
  ...(['normal', 'shutdown', 'crash', 'killed'] as const).map((ends) => ({
    restart: 'temporary' as const,
    ends,
    outcome: {
      any_significant: 'ends' as const,
      all_significant: 'goes on' as const,
      alone: 'ends' as const,
    },
  })),
];

describe('auto-shutdown', () => {
  for (const { restart, ends, outcome } of RULES) {
    for (const kind of ['any_significant', 'all_significant', 'alone'] as const) {
      const autoShutdown: AutoShutdown = kind === 'alone' ? 'all_significant' : kind;
      const beside = kind === 'alone' ? 'the only one' : 'beside another';
      it(`${autoShutdown}: a significant ${restart} child, ${beside}, ${ends}: ${outcome[kind]}`, () => {
        const significant = { ...WORKER, restart, significant: true };
        const tree = run(
          treeOf([], {
            autoShutdown,
            children: [
              { ...significant, id: 'a' },
              { ...WORKER, id: 'b' },
              ...(kind === 'alone' ? [] : [{ ...significant, id: 'c' }]),
            ],
          }),
        );
        tree.drain();
        tree.tell(ends === 'killed' ? 'slot:a' : 'a', ENDS[ends]);
        const steps = tree.drain().join(' ');
        switch (outcome[kind]) {
          case 'ends':
            expect(steps).to.equal(kind === 'alone' ? '-a -b' : '-a -c -b');
            expect(tree.end).to.equal('done');
            expect(tree.records).to.deep.include({
              kind: 'auto_shutdown',
              supervisor: 'top',
              child: 'a',
            });
            expect(tree.leftovers()).to.deep.equal([]);
            break;
          case 'goes on':
            expect(steps).to.equal('-a');
            expect(tree.end).to.equal(null);
            break;
          case 'restarts it':
            expect(steps).to.equal('-a +a');
            expect(tree.end).to.equal(null);
        }
      });
    }
  }

  for (const autoShutdown of ['never', 'any_significant', 'all_significant'] as const) {
    for (const restart of ['transient', 'temporary'] as const) {
      it(`${autoShutdown}: a ${restart} child that is not significant ends nothing`, () => {
        const tree = run(treeOf(['a', 'b'], { autoShutdown }, { restart }));
        tree.tell('a', 'test.end');
        tree.tell('b', 'test.end');
        expect(tree.end).to.equal(null);
      });
    }
  }

  it('all_significant ends with the last of them', () => {
    const child = { restart: 'transient' as const, significant: true };
    const tree = run(treeOf(['a', 'b', 'c'], { autoShutdown: 'all_significant' }, child));
    tree.tell('b', 'test.end');
    tree.tell('a', 'test.end');
    expect(tree.end).to.equal(null);
    tree.tell('c', 'test.end');
    expect(tree.end).to.equal('done');
  });

  it('what is terminated by request ends nothing, and is none of those that are waited for', async () => {
    const child = { restart: 'transient' as const, significant: true };
    const tree = run(treeOf(['a', 'b'], { autoShutdown: 'all_significant' }, child));
    const reply = terminateChild(tree.root, 'a');
    tree.clock.advance(0);
    expect(await reply).to.deep.equal({ ok: true, id: 'a' });
    expect(tree.end).to.equal(null);
    tree.tell('b', 'test.end');
    expect(tree.end).to.equal('done');
  });

  for (const { restart, expected } of [
    { restart: 'permanent', expected: '-x +x' },
    { restart: 'transient', expected: '-x' },
  ] as const) {
    it(`a ${restart} supervisor that ended so: ${expected}`, () => {
      const inner = {
        ...SUPERVISOR,
        id: 'inner',
        restart,
        autoShutdown: 'any_significant' as const,
        children: [{ ...WORKER, id: 'x', restart: 'transient' as const, significant: true }],
      };
      const tree = run(treeOf([], { children: [inner] }));
      tree.drain();
      tree.tell('x', 'test.end');
      expect(tree.drain().join(' ')).to.equal(expected);
      expect(tree.records).to.deep.include({
        kind: 'fell',
        child: 'inner',
        incarnation: 1,
        exit: 'shutdown',
        reason: 'shutdown',
        isStarting: false,
      });
    });
  }
});
