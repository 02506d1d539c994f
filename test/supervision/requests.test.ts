import { expect } from 'chai';
import type { ChildSpec } from '../../supervisors/child-spec.ts';
import {
  countChildren,
  deleteChild,
  restartChild,
  startChild,
  terminateChild,
  whichChildren,
} from '../../supervisors/requests.ts';
import type { SupervisorReply } from '../../supervisors/requests.ts';
import { SUPERVISOR, WORKER, run, treeOf } from '../support/supervised.ts';
import type { RunOptions, RunningTree } from '../support/supervised.ts';

const backoff = { baseMs: 500, factor: 1, capMs: 500, jitter: 0 };

/** With `up` that runs, `ended` that is down, and `waiting` that is in its backoff; `temp` is temporary. */
function variety(): RunningTree {
  const tree = run(
    treeOf([], {
      children: [
        { ...WORKER, id: 'up' },
        { ...WORKER, id: 'ended', restart: 'transient' },
        { ...WORKER, id: 'waiting', backoff },
        { ...WORKER, id: 'temp', restart: 'temporary' },
      ],
    }),
  );
  tree.tell('ended', 'test.end');
  tree.tell('waiting', 'test.crash');
  tree.drain();
  return tree;
}

async function ask(
  tree: RunningTree,
  what: 'start' | 'terminate' | 'restart' | 'delete',
  child: string | ChildSpec,
): Promise<SupervisorReply> {
  const reply = pending(tree, what, child);
  tree.clock.advance(0);
  return reply;
}

function pending(
  { root }: RunningTree,
  what: 'start' | 'terminate' | 'restart' | 'delete',
  child: string | ChildSpec,
): Promise<SupervisorReply> {
  if (typeof child !== 'string') return startChild(root, child);
  const requests = {
    start: () => startChild(root, { ...WORKER, id: child, logic: 'worker' }),
    terminate: () => terminateChild(root, child),
    restart: () => restartChild(root, child),
    delete: () => deleteChild(root, child),
  };
  return requests[what]();
}

describe('requests at run time', () => {
  const ANSWERS = [
    { what: 'start', id: 'fresh', answer: 'ok', steps: '+fresh' },
    { what: 'start', id: 'up', answer: 'already_started', steps: '' },
    { what: 'start', id: 'ended', answer: 'already_present', steps: '' },
    { what: 'start', id: 'waiting', answer: 'already_present', steps: '' },
    { what: 'terminate', id: 'up', answer: 'ok', steps: '-up' },
    { what: 'terminate', id: 'ended', answer: 'ok', steps: '' },
    { what: 'terminate', id: 'waiting', answer: 'ok', steps: '' },
    { what: 'terminate', id: 'temp', answer: 'ok', steps: '-temp' },
    { what: 'terminate', id: 'nobody', answer: 'not_found', steps: '' },
    { what: 'restart', id: 'up', answer: 'running', steps: '' },
    { what: 'restart', id: 'ended', answer: 'ok', steps: '+ended' },
    { what: 'restart', id: 'waiting', answer: 'restarting', steps: '' },
    { what: 'restart', id: 'nobody', answer: 'not_found', steps: '' },
    { what: 'delete', id: 'up', answer: 'running', steps: '' },
    { what: 'delete', id: 'ended', answer: 'ok', steps: '' },
    { what: 'delete', id: 'waiting', answer: 'restarting', steps: '' },
    { what: 'delete', id: 'nobody', answer: 'not_found', steps: '' },
  ] as const;
  for (const { what, id, answer, steps } of ANSWERS) {
    it(`${what} ${id}: ${answer}`, async () => {
      const tree = variety();
      const reply = await ask(tree, what, id);
      expect(reply).to.deep.equal(
        answer === 'ok' ? { ok: true, id } : { ok: false, error: answer },
      );
      expect(tree.drain().join(' ')).to.equal(steps);
    });
  }

  it('which and count tell what there is', () => {
    const inner = { ...SUPERVISOR, id: 'inner', children: [{ ...WORKER, id: 'x' }] };
    const children: ChildSpec[] = [
      { ...WORKER, id: 'up' },
      { ...WORKER, id: 'ended', restart: 'transient' },
      { ...WORKER, id: 'waiting', backoff },
      inner,
    ];
    const tree = run(treeOf([], { children }));
    tree.tell('ended', 'test.end');
    tree.tell('waiting', 'test.crash');
    expect(whichChildren(tree.root)).to.deep.equal([
      { id: 'up', status: 'running', type: 'worker' },
      { id: 'ended', status: 'down', type: 'worker' },
      { id: 'waiting', status: 'restarting', type: 'worker' },
      { id: 'inner', status: 'running', type: 'supervisor' },
    ]);
    expect(countChildren(tree.root)).to.deep.equal({
      specs: 4,
      active: 2,
      supervisors: 1,
      workers: 3,
    });
  });

  it('what is started stands after the others: it stops first, and belongs to their group', async () => {
    const tree = run(treeOf(['a', 'b'], { strategy: 'one_for_all' }));
    await ask(tree, 'start', 'late');
    tree.drain();
    tree.tell('a', 'test.crash');
    expect(tree.drain().join(' ')).to.equal('-a -late -b +a +b +late');
    tree.shutDown();
    expect(tree.drain().join(' ')).to.equal('-late -b -a');
  });

  it('a supervisor can be started with its children, and deleted with them', async () => {
    const tree = run(treeOf(['a']));
    const inner = {
      ...SUPERVISOR,
      id: 'inner',
      children: [{ ...WORKER, id: 'x', logic: 'worker' }],
    };
    expect(await ask(tree, 'start', inner)).to.deep.equal({ ok: true, id: 'inner' });
    expect(tree.drain().join(' ')).to.equal('+a +x');
    await ask(tree, 'terminate', 'inner');
    await ask(tree, 'delete', 'inner');
    expect(tree.drain().join(' ')).to.equal('-x');
    expect(countChildren(tree.root).specs).to.equal(1);
    expect(await ask(tree, 'start', inner), 'once more').to.deep.equal({ ok: true, id: 'inner' });
  });

  it('a child that fails to start is not kept; one that fails to restart stays as it was', async () => {
    const tree = run(treeOf(['a'], {}, { restart: 'transient' }), {
      behaviours: { a: { failsStarts: [2] } },
    });
    const bad = { ...WORKER, id: 'bad', logic: 'worker', input: { failsStarts: [1] } };
    expect(await ask(tree, 'start', bad)).to.deep.equal({
      ok: false,
      error: 'bad failed to start',
    });
    expect(countChildren(tree.root).specs).to.equal(1);
    tree.tell('a', 'test.end');
    expect(await ask(tree, 'restart', 'a')).to.deep.equal({
      ok: false,
      error: 'a failed to start',
    });
    expect(whichChildren(tree.root)).to.deep.equal([{ id: 'a', status: 'down', type: 'worker' }]);
    expect(tree.end).to.equal(null);
    expect(await ask(tree, 'restart', 'a'), 'once more').to.deep.equal({ ok: true, id: 'a' });
  });

  const REFUSED: readonly { child: ChildSpec; error: string }[] = [
    {
      child: { id: 'x', logic: 'nothing' },
      error: 'invalid: x: there is no logic named "nothing"',
    },
    {
      child: { id: 'X y', logic: 'worker', stash: -1 },
      error:
        'invalid: X y: the id is not kebab-case; X y: stash is not a whole number of at least 0',
    },
    {
      child: { id: 'x', logic: 'worker', restart: 'transient', significant: true },
      error: 'invalid: x: it is significant, and the autoShutdown of its supervisor is never',
    },
    {
      child: { id: 'deep', logic: 'worker' },
      error: 'invalid: deep: the id is already taken in this tree',
    },
    {
      child: { id: 'other', type: 'supervisor', children: [{ id: 'deep', logic: 'worker' }] },
      error: 'invalid: deep: the id is already taken in this tree',
    },
  ];
  for (const { child, error } of REFUSED) {
    it(`refused: ${error}`, async () => {
      const inner = { ...SUPERVISOR, id: 'inner', children: [{ ...WORKER, id: 'deep' }] };
      const tree = run(treeOf([], { children: [inner] }));
      expect(await ask(tree, 'start', child)).to.deep.equal({ ok: false, error });
      expect(countChildren(tree.root).specs).to.equal(1);
    });
  }

  const SLOW: RunOptions = { behaviours: { a: { stopAfterMs: 50 }, b: { readyAfterMs: 30 } } };

  it('while an operation is under way they wait for it, in order', async () => {
    const tree = run(treeOf(['a', 'b']), SLOW);
    tree.clock.advance(30);
    tree.drain();
    const replies = [
      pending(tree, 'terminate', 'a'),
      pending(tree, 'restart', 'a'),
      pending(tree, 'start', 'c'),
      pending(tree, 'delete', 'c'),
    ];
    tree.clock.advance(49);
    expect(tree.drain(), 'a still drains').to.deep.equal([]);
    tree.clock.advance(1);
    expect(tree.drain().join(' ')).to.equal('-a +a +c');
    expect(await Promise.all(replies)).to.deep.equal([
      { ok: true, id: 'a' },
      { ok: true, id: 'a' },
      { ok: true, id: 'c' },
      { ok: false, error: 'running' },
    ]);
  });

  it('while the supervisor starts they wait until it has', async () => {
    const tree = run(treeOf(['a', 'b']), SLOW);
    const reply = pending(tree, 'start', 'c');
    tree.clock.advance(29);
    expect(tree.drain().join(' ')).to.equal('+a +b');
    tree.clock.advance(1);
    expect(tree.drain().join(' ')).to.equal('+c');
    expect(await reply).to.deep.equal({ ok: true, id: 'c' });
  });

  it('while it shuts down they are refused: those that waited, that under way, and new ones', async () => {
    const tree = run(treeOf(['a', 'b']), SLOW);
    tree.clock.advance(30);
    const replies = [pending(tree, 'terminate', 'a'), pending(tree, 'start', 'c')];
    tree.clock.advance(10);
    tree.shutDown();
    replies.push(pending(tree, 'start', 'd'));
    tree.clock.advance(100);
    expect(tree.end).to.equal('done');
    for (const reply of await Promise.all(replies)) {
      expect(reply).to.deep.equal({ ok: false, error: 'shutdown' });
    }
  });

  it('of a supervisor that has ended: noproc', async () => {
    for (const type of ['sup.shutdown', 'sup.escalate']) {
      const tree = run(treeOf(['a']));
      tree.root.send({ type, reason: 'of no matter' });
      tree.clock.advance(0);
      expect(tree.end).not.to.equal(null);
      expect(await ask(tree, 'terminate', 'a')).to.deep.equal({ ok: false, error: 'noproc' });
    }
  });

  it('a supervisor that is killed meanwhile answers noproc', async () => {
    const inner = { ...SUPERVISOR, id: 'inner', children: [{ ...WORKER, id: 'x' }] };
    const tree = run(treeOf([], { children: [inner] }), { behaviours: { x: { stopAfterMs: 50 } } });
    const supervisor = tree.find('inner');
    if (supervisor === undefined) throw new Error('it did not start');
    const reply = terminateChild(supervisor, 'x');
    tree.tell('slot:inner', 'slot.kill');
    expect(await reply).to.deep.equal({ ok: false, error: 'noproc' });
  });

  it('terminate during a backoff: the child stays down', async () => {
    const tree = run(treeOf(['a', 'b'], {}, { backoff }));
    tree.tell('a', 'test.crash');
    tree.clock.advance(100);
    tree.drain();
    expect(await ask(tree, 'terminate', 'a')).to.deep.equal({ ok: true, id: 'a' });
    tree.clock.advance(10_000);
    expect(tree.drain()).to.deep.equal([]);
    expect(await ask(tree, 'restart', 'a')).to.deep.equal({ ok: true, id: 'a' });
  });

  it('delete during the backoff of a group: the others start without it', async () => {
    const tree = run(treeOf(['a', 'b', 'c'], { strategy: 'one_for_all' }, { backoff }));
    tree.tell('a', 'test.crash');
    tree.drain();
    expect(await ask(tree, 'delete', 'b')).to.deep.equal({ ok: true, id: 'b' });
    tree.clock.advance(500);
    expect(tree.drain().join(' ')).to.equal('+a +c');
  });

  it('restart during the backoff of a group: what runs already is left alone', async () => {
    const tree = run(treeOf(['a', 'b', 'c'], { strategy: 'one_for_all' }, { backoff }));
    tree.tell('a', 'test.crash');
    tree.drain();
    expect(await ask(tree, 'restart', 'b')).to.deep.equal({ ok: true, id: 'b' });
    expect(tree.drain().join(' ')).to.equal('+b');
    tree.clock.advance(500);
    expect(tree.drain().join(' ')).to.equal('+a +c');
  });
});
