import { expect } from 'chai';
import { Births, statusOfTree } from '../../supervisors/status.ts';
import { SUPERVISOR, WORKER, run, treeOf } from '../support/supervised.ts';

describe('records', () => {
  it('the root tells all that happens below it, in order', () => {
    const inner = {
      ...SUPERVISOR,
      id: 'inner',
      intensity: { restarts: 0, periodMs: 1_000 },
      children: [
        { ...WORKER, id: 'x' },
        { ...WORKER, id: 'y' },
      ],
    };
    const tree = run(treeOf([], { children: [{ ...WORKER, id: 'a' }, inner] }));
    tree.tell('x', 'test.crash');
    tree.shutDown();
    const reason = 'inner gave up after 0 restarts in 1000 ms; last, x: x crashed';
    const crash = { incarnation: 1, exit: 'abnormal', reason: 'x crashed', isStarting: false };
    const stopped = { kind: 'stopped', reason: 'stopped' };
    expect(tree.records).to.deep.equal([
      { kind: 'started', child: 'a', incarnation: 1 },
      { kind: 'started', child: 'x', incarnation: 1 },
      { kind: 'started', child: 'y', incarnation: 1 },
      { kind: 'started', child: 'inner', incarnation: 1 },
      { kind: 'fell', child: 'x', ...crash },
      { kind: 'escalated', supervisor: 'inner', reason },
      { ...stopped, child: 'y', incarnation: 1 },
      { kind: 'fell', child: 'inner', ...crash, exit: 'shutdown', reason },
      { kind: 'started', child: 'x', incarnation: 1 },
      { kind: 'started', child: 'y', incarnation: 1 },
      { kind: 'started', child: 'inner', incarnation: 2 },
      { ...stopped, child: 'y', incarnation: 1 },
      { ...stopped, child: 'x', incarnation: 1 },
      { ...stopped, child: 'inner', incarnation: 2 },
      { ...stopped, child: 'a', incarnation: 1 },
    ]);
  });

  it('are JSON', () => {
    const tree = run(treeOf(['a']));
    tree.tell('a', 'test.crash');
    expect(JSON.parse(JSON.stringify(tree.records))).to.deep.equal(tree.records);
  });
});

describe('the live tree', () => {
  it('tells slot, state, incarnation, restarts, the last reason and the intensity', () => {
    const backoff = { baseMs: 500, factor: 1, capMs: 500, jitter: 0 };
    const inner = {
      ...SUPERVISOR,
      id: 'inner',
      children: [{ ...WORKER, id: 'x', why: 'It must be.' }],
    };
    const tree = run(
      treeOf([], { children: [{ ...WORKER, id: 'a' }, { ...WORKER, id: 'b', backoff }, inner] }),
    );
    tree.tell('x', 'test.crash');
    tree.tell('b', 'test.end');
    const [a, b, nested] = statusOfTree(tree.root, new Births(() => 0));
    expect(a).to.include({ id: 'a', slot: 'up', state: 'up', incarnation: 1, restarts: 0 });
    expect(b).to.include({ id: 'b', slot: 'backoff', state: '', reason: 'normal', ageMs: null });
    expect(nested).to.include({ id: 'inner', type: 'supervisor', slot: 'up', state: 'running' });
    expect(nested?.intensity).to.deep.equal({ restarts: 1, most: 3, periodMs: 5_000 });
    expect(nested?.children[0]).to.include({
      id: 'x',
      incarnation: 2,
      restarts: 1,
      reason: 'x crashed',
      why: 'It must be.',
    });
  });

  it('knows the age of a child whose birth was noted', () => {
    let nowMs = 0;
    const births = new Births(() => nowMs);
    const tree = run(treeOf(['a', 'b']), {
      observe: (inspected) => {
        if (inspected.type === '@xstate.actor') births.note(inspected.actorRef);
      },
    });
    nowMs = 70;
    tree.tell('b', 'test.crash');
    nowMs = 100;
    expect(statusOfTree(tree.root, births).map(({ ageMs }) => ageMs)).to.deep.equal([100, 30]);
  });
});
