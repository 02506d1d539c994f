import { expect } from 'chai';
import type { Restart } from '../../supervisors/child-spec.ts';
import { SUPERVISOR, WORKER, run, treeOf } from '../support/supervised.ts';

/** How a child can end, what it is told for that, and what its record says. */
const ENDS = {
  normal: { type: 'test.end', exit: 'normal', reason: 'normal' },
  shutdown: { type: 'test.end_shutdown', exit: 'shutdown', reason: 'shutdown' },
  crash: { type: 'test.crash', exit: 'abnormal', reason: 'a crashed' },
  killed: { type: 'slot.kill', exit: 'abnormal', reason: 'killed' },
} as const;

const RULES: readonly { restart: Restart; ends: keyof typeof ENDS; becomes: string }[] = [
  { restart: 'permanent', ends: 'normal', becomes: 'started again' },
  { restart: 'permanent', ends: 'shutdown', becomes: 'started again' },
  { restart: 'permanent', ends: 'crash', becomes: 'started again' },
  { restart: 'permanent', ends: 'killed', becomes: 'started again' },
  { restart: 'transient', ends: 'normal', becomes: 'kept, down' },
  { restart: 'transient', ends: 'shutdown', becomes: 'kept, down' },
  { restart: 'transient', ends: 'crash', becomes: 'started again' },
  { restart: 'transient', ends: 'killed', becomes: 'started again' },
  { restart: 'temporary', ends: 'normal', becomes: 'forgotten' },
  { restart: 'temporary', ends: 'shutdown', becomes: 'forgotten' },
  { restart: 'temporary', ends: 'crash', becomes: 'forgotten' },
  { restart: 'temporary', ends: 'killed', becomes: 'forgotten' },
];

describe('restart types', () => {
  for (const { restart, ends, becomes } of RULES) {
    it(`a ${restart} child, ${ends}: ${becomes}`, () => {
      const { type, exit, reason } = ENDS[ends];
      const tree = run(treeOf(['a', 'b'], {}, { restart }));
      tree.drain();
      tree.tell(ends === 'killed' ? 'slot:a' : 'a', type);
      const isStarted = becomes === 'started again';
      expect(tree.drain()).to.deep.equal(isStarted ? ['-a', '+a'] : ['-a']);
      expect(tree.find('slot:a') !== undefined).to.equal(becomes !== 'forgotten');
      expect(tree.records).to.deep.include({
        kind: 'fell',
        child: 'a',
        incarnation: 1,
        exit,
        reason,
        isStarting: false,
      });
    });
  }

  it('permanent is the default', () => {
    const tree = run({ id: 'top', type: 'supervisor', children: [{ id: 'a' }] });
    tree.tell('a', 'test.end');
    expect(tree.isAlive('a')).to.equal(true);
  });

  it('what ends without a restart does not count towards the intensity', () => {
    const tree = run(
      treeOf(
        ['a', 'b', 'c'],
        { intensity: { restarts: 0, periodMs: 1_000 } },
        { restart: 'temporary' },
      ),
    );
    for (const id of ['a', 'b', 'c']) tree.tell(id, 'test.crash');
    expect(tree.end).to.equal(null);
  });
});

describe('a supervisor that gave up, as a child', () => {
  const OUTCOMES: readonly { restart: Restart; expected: string }[] = [
    { restart: 'permanent', expected: '-x -y +x +y' },
    { restart: 'transient', expected: '-x -y' },
    { restart: 'temporary', expected: '-x -y' },
  ];
  for (const { restart, expected } of OUTCOMES) {
    it(`${restart}: it counts as a shutdown, ${expected}`, () => {
      const inner = {
        ...SUPERVISOR,
        id: 'inner',
        restart,
        intensity: { restarts: 0, periodMs: 1_000 },
        children: [
          { ...WORKER, id: 'x' },
          { ...WORKER, id: 'y' },
        ],
      };
      const tree = run(treeOf([], { children: [{ ...WORKER, id: 'a' }, inner] }));
      tree.drain();
      tree.tell('x', 'test.crash');
      expect(tree.drain().join(' ')).to.equal(expected);
      const reason = 'inner gave up after 0 restarts in 1000 ms; last, x: x crashed';
      expect(tree.records).to.deep.include({ kind: 'escalated', supervisor: 'inner', reason });
      expect(tree.records).to.deep.include({
        kind: 'fell',
        child: 'inner',
        incarnation: 1,
        exit: 'shutdown',
        reason,
        isStarting: false,
      });
      expect(tree.end).to.equal(null);
    });
  }

  it('its restart counts as one of its own supervisor', () => {
    const inner = {
      ...SUPERVISOR,
      id: 'inner',
      intensity: { restarts: 0, periodMs: 1_000 },
      children: [{ ...WORKER, id: 'x' }],
    };
    const tree = run(
      treeOf([], { intensity: { restarts: 1, periodMs: 1_000 }, children: [inner] }),
    );
    tree.tell('x', 'test.crash');
    expect(tree.end).to.equal(null);
    tree.tell('x', 'test.crash');
    expect((tree.end as Error).message).to.equal(
      'top gave up after 1 restarts in 1000 ms; last, inner: ' +
        'inner gave up after 0 restarts in 1000 ms; last, x: x crashed',
    );
  });
});
