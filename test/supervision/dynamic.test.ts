import { expect } from 'chai';
import type { SupervisorSpec, WorkerSpec } from '../../supervisors/child-spec.ts';
import {
  countChildren,
  deleteChild,
  restartChild,
  startChild,
  terminateChild,
  whichChildren,
} from '../../supervisors/requests.ts';
import type { SupervisorReply } from '../../supervisors/requests.ts';
import { EscalationError } from '../../supervisors/supervisor.ts';
import { WORKER, run, treeOf } from '../support/supervised.ts';
import type { RunningTree } from '../support/supervised.ts';

function pool(template: Partial<WorkerSpec> = {}, overrides: Partial<SupervisorSpec> = {}) {
  return run(treeOf(['job'], { strategy: 'simple_one_for_one', ...overrides }, template));
}

async function add(tree: RunningTree, input: unknown = {}): Promise<SupervisorReply> {
  const reply = startChild(tree.root, { input });
  tree.clock.advance(0);
  return reply;
}

describe('a dynamic supervisor (simple_one_for_one)', () => {
  it('begins with no children', () => {
    const tree = pool();
    expect(tree.drain()).to.deep.equal([]);
    expect(countChildren(tree.root)).to.deep.equal({
      specs: 1,
      active: 0,
      supervisors: 0,
      workers: 0,
    });
  });

  it('starts one more of its template for each request, with its input', async () => {
    const tree = pool();
    expect(await add(tree)).to.deep.equal({ ok: true, id: 'job-1' });
    const slow = startChild(tree.root, { input: { readyAfterMs: 50 } });
    tree.clock.advance(49);
    expect(countChildren(tree.root).active).to.equal(1);
    tree.clock.advance(1);
    expect(await slow).to.deep.equal({ ok: true, id: 'job-2' });
    expect(whichChildren(tree.root)).to.deep.equal([
      { id: 'job-1', status: 'running', type: 'worker' },
      { id: 'job-2', status: 'running', type: 'worker' },
    ]);
  });

  it('a child that fails to start is forgotten, and the asker hears why', async () => {
    const tree = pool();
    expect(await add(tree, { failsStarts: [1] })).to.deep.equal({
      ok: false,
      error: 'job-1 failed to start',
    });
    expect(countChildren(tree.root).workers).to.equal(0);
    expect(await add(tree)).to.deep.equal({ ok: true, id: 'job-2' });
  });

  const RULES = [
    { restart: 'permanent', type: 'test.end', expected: '-job-1 +job-1' },
    { restart: 'permanent', type: 'test.crash', expected: '-job-1 +job-1' },
    { restart: 'transient', type: 'test.end', expected: '-job-1' },
    { restart: 'transient', type: 'test.crash', expected: '-job-1 +job-1' },
    { restart: 'temporary', type: 'test.crash', expected: '-job-1' },
  ] as const;
  for (const { restart, type, expected } of RULES) {
    it(`a ${restart} one, after ${type}: ${expected}`, async () => {
      const tree = pool({ restart });
      await add(tree);
      await add(tree);
      tree.drain();
      tree.tell('job-1', type);
      expect(tree.drain().join(' ')).to.equal(expected);
      const isKept = expected.includes('+');
      expect(countChildren(tree.root).workers, 'what ended is forgotten').to.equal(isKept ? 2 : 1);
    });
  }

  it('restarts count towards its intensity', async () => {
    const tree = pool({}, { intensity: { restarts: 1, periodMs: 1_000 } });
    await add(tree);
    await add(tree);
    tree.tell('job-1', 'test.crash');
    tree.tell('job-2', 'test.crash');
    expect(tree.end).to.be.instanceOf(EscalationError);
    expect(tree.leftovers()).to.deep.equal([]);
  });

  it('a restart has the input that it was started with', async () => {
    const tree = pool();
    await add(tree, { failsStarts: [2] });
    tree.drain();
    tree.tell('job-1', 'test.crash');
    expect(tree.drain().join(' ')).to.equal('-job-1 +job-1 -job-1 +job-1');
  });

  it('terminates a child, and forgets it', async () => {
    const tree = pool();
    await add(tree);
    const reply = terminateChild(tree.root, 'job-1');
    tree.clock.advance(0);
    expect(await reply).to.deep.equal({ ok: true, id: 'job-1' });
    expect(whichChildren(tree.root)).to.deep.equal([]);
    expect(await terminateChild(tree.root, 'job-1')).to.deep.equal({
      ok: false,
      error: 'not_found',
    });
  });

  it('neither restarts nor deletes by request', async () => {
    const tree = pool();
    await add(tree);
    for (const ask of [restartChild, deleteChild]) {
      expect(await ask(tree.root, 'job-1')).to.deep.equal({
        ok: false,
        error: 'simple_one_for_one',
      });
    }
  });

  it('takes an input and no specification; other supervisors take no input', async () => {
    expect(await startChild(pool().root, { ...WORKER, id: 'x' })).to.deep.equal({
      ok: false,
      error: 'invalid: a dynamic child is started by its input',
    });
    expect(await startChild(run(treeOf(['a'])).root, { input: 1 })).to.deep.equal({
      ok: false,
      error: 'invalid: a child is started by its specification',
    });
  });

  it('passes over an id that somebody else in the tree has', async () => {
    const dynamic: SupervisorSpec = {
      id: 'pool',
      type: 'supervisor',
      strategy: 'simple_one_for_one',
      children: [{ ...WORKER, id: 'job' }],
    };
    const tree = run(treeOf([], { children: [{ ...WORKER, id: 'job-1' }, dynamic] }));
    const supervisor = tree.find('pool');
    if (supervisor === undefined) throw new Error('it did not start');
    const reply = startChild(supervisor, { input: {} });
    tree.clock.advance(0);
    expect(await reply).to.deep.equal({ ok: true, id: 'job-2' });
  });
});
