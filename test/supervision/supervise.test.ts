import { expect } from 'chai';
import type { SupervisorSpec, WorkerSpec } from '../../supervisors/child-spec.ts';
import { EscalationError, InvalidTreeError, supervise } from '../../supervisors/supervise.ts';
import { Births, statusOfTree } from '../../supervisors/status.ts';
import { SUPERVISOR, WORKER, runTree, worker } from '../support/supervised.ts';
import type { Behaviour } from '../support/supervised.ts';

function tree(
  overrides: Partial<SupervisorSpec>,
  ids = ['a', 'b', 'c'],
  child: Partial<WorkerSpec> = {},
): SupervisorSpec {
  return {
    ...SUPERVISOR,
    id: 'top',
    children: ids.map((id) => ({ ...WORKER, ...child, id })),
    ...overrides,
  };
}

function start(spec: SupervisorSpec, behaviours: Record<string, Behaviour> = {}) {
  const trace: string[] = [];
  const running = runTree(spec, (id) => worker(id, trace, behaviours[id]));
  const drain = (): string[] => trace.splice(0);
  return { ...running, drain };
}

describe('supervise', () => {
  it('starts children left to right, each once the one before is ready', () => {
    const { clock, drain } = start(tree({}), { a: { readyAfterMs: 10 } });
    expect(drain()).to.deep.equal(['+a']);
    clock.advance(10);
    expect(drain()).to.deep.equal(['+b', '+c']);
  });

  it('stops them in reverse order, each once the one before is down', () => {
    const { root, clock, drain, ended } = start(tree({}), { c: { stopAfterMs: 20 } });
    drain();
    root.send({ type: 'sup.shutdown' });
    clock.advance(0);
    expect(drain()).to.deep.equal([]);
    clock.advance(20);
    expect(drain()).to.deep.equal(['-c', '-b', '-a']);
    expect(ended()).to.equal('done');
    expect(clock.pending).to.equal(0);
  });

  it('kills a child that does not stop within its bound, and goes on', () => {
    const { root, clock, drain, ended, isAlive } = start(tree({}), { b: { stopAfterMs: 10_000 } });
    drain();
    root.send({ type: 'sup.shutdown' });
    clock.advance(99);
    expect(drain()).to.deep.equal(['-c']);
    clock.advance(1);
    expect(drain()).to.deep.equal(['-a']);
    expect(isAlive('b')).to.equal(false);
    expect(ended()).to.equal('done');
  });

  const STRATEGIES = [
    { strategy: 'one_for_one', expected: ['+b'] },
    { strategy: 'rest_for_one', expected: ['-c', '+b', '+c'] },
    { strategy: 'one_for_all', expected: ['-c', '-a', '+a', '+b', '+c'] },
  ] as const;
  for (const { strategy, expected } of STRATEGIES) {
    it(`${strategy}: when the second of three crashes, ${expected.join(' ')}`, () => {
      const { tell, drain } = start(tree({ strategy }));
      drain();
      tell('b', 'test.crash');
      expect(drain()).to.deep.equal(expected);
    });
  }

  const RESTARTS = [
    { restart: 'permanent', on: 'test.crash', again: true },
    { restart: 'permanent', on: 'test.end', again: true },
    { restart: 'transient', on: 'test.crash', again: true },
    { restart: 'transient', on: 'test.end', again: false },
    { restart: 'temporary', on: 'test.crash', again: false },
    { restart: 'temporary', on: 'test.end', again: false },
  ] as const;
  for (const { restart, on, again } of RESTARTS) {
    it(`a ${restart} child is ${again ? '' : 'not '}started again after ${on}`, () => {
      const { tell, drain, isAlive } = start(tree({}, ['a'], { restart }));
      drain();
      tell('a', on);
      expect(drain().filter((entry) => entry === '+a')).to.have.length(again ? 1 : 0);
      expect(isAlive('a')).to.equal(again);
    });
  }

  it('escalates at the restart that exceeds the intensity, after stopping every child', () => {
    const { tell, drain, ended } = start(tree({ intensity: { restarts: 2, periodMs: 1_000 } }));
    tell('a', 'test.crash');
    tell('a', 'test.crash');
    expect(ended()).to.equal(null);
    drain();
    tell('a', 'test.crash');
    expect(drain()).to.deep.equal(['-c', '-b']);
    expect(ended()).to.be.instanceOf(EscalationError);
    expect((ended() as Error).message).to.equal(
      'top gave up after 2 restarts in 1000 ms; last, a: a crashed',
    );
  });

  it('forgets each restart after its period, to the millisecond', () => {
    const { tell, clock, ended } = start(tree({ intensity: { restarts: 1, periodMs: 1_000 } }));
    tell('a', 'test.crash');
    clock.advance(1_000);
    tell('a', 'test.crash');
    expect(ended()).to.equal(null);
    clock.advance(999);
    tell('a', 'test.crash');
    expect(ended()).to.be.instanceOf(EscalationError);
  });

  it('restarts after a backoff that grows to its cap, and forgives after a stable period', () => {
    const backoff = { baseMs: 100, factor: 2, capMs: 300, jitter: 0 };
    const { tell, clock, drain } = start(
      tree({ intensity: { restarts: 100, periodMs: 1_000 } }, ['a'], { backoff, stableMs: 5_000 }),
    );
    drain();
    for (const delayMs of [100, 200, 300, 300]) {
      tell('a', 'test.crash');
      clock.advance(delayMs - 1);
      expect(drain(), `just before ${String(delayMs)} ms`).to.deep.equal([]);
      clock.advance(1);
      expect(drain(), `after ${String(delayMs)} ms`).to.deep.equal(['+a']);
    }
    clock.advance(5_000);
    tell('a', 'test.crash');
    clock.advance(100);
    expect(drain()).to.deep.equal(['+a']);
  });

  it('a child that does not answer a ping is replaced', () => {
    const { clock, drain } = start(
      tree({ intensity: { restarts: 100, periodMs: 1 } }, ['a', 'b'], {
        heartbeat: { everyMs: 300, missMs: 150 },
      }),
      { b: { isDeaf: true } },
    );
    drain();
    clock.advance(449);
    expect(drain()).to.deep.equal([]);
    clock.advance(1);
    expect(drain()).to.deep.equal(['+b']);
  });

  it('a child that does not start within its deadline is replaced', () => {
    const { clock, drain } = start(tree({}, ['a'], { startMs: 50 }), {
      a: { readyAfterMs: 10_000 },
    });
    expect(drain()).to.deep.equal(['+a']);
    clock.advance(50);
    expect(drain()).to.deep.equal(['+a']);
  });

  it('an escalation inside restarts the nested supervisor as one child', () => {
    const spec = tree({
      children: [
        { ...WORKER, id: 'a' },
        {
          ...SUPERVISOR,
          id: 'inner',
          intensity: { restarts: 0, periodMs: 1_000 },
          shutdownMs: 1_000,
          children: [
            { ...WORKER, id: 'b' },
            { ...WORKER, id: 'c' },
          ],
        },
      ],
    });
    const { tell, drain, ended } = start(spec);
    expect(drain()).to.deep.equal(['+a', '+b', '+c']);
    tell('b', 'test.crash');
    expect(drain()).to.deep.equal(['-c', '+b', '+c']);
    expect(ended()).to.equal(null);
  });

  it('a shutdown in the midst of a restart still stops everything, and starts nothing', () => {
    const backoff = { baseMs: 500, factor: 1, capMs: 500, jitter: 0 };
    const { root, tell, clock, drain, ended } = start(tree({}, ['a', 'b'], { backoff }));
    tell('a', 'test.crash');
    drain();
    root.send({ type: 'sup.shutdown' });
    clock.advance(1_000);
    expect(drain()).to.deep.equal(['-b']);
    expect(ended()).to.equal('done');
    expect(clock.pending).to.equal(0);
  });

  it('tells the live tree: slot, incarnation, restarts and the last reason', () => {
    const { root, tell } = start(tree({}));
    tell('b', 'test.crash');
    const [first, second] = statusOfTree(root, new Births(() => 0));
    expect(first).to.include({ id: 'a', slot: 'up', state: 'up', incarnation: 1, restarts: 0 });
    expect(second).to.include({ id: 'b', slot: 'up', restarts: 1, reason: 'b crashed' });
  });

  it('refuses a tree that cannot work, with every problem of it', () => {
    const spec = tree({
      shutdownMs: 150,
      children: [
        { ...WORKER, id: 'a', why: ' ' },
        { ...WORKER, id: 'a', startMs: 0 },
        { ...WORKER, id: 'Not Kebab', backoff: { baseMs: 5, factor: 0, capMs: 1, jitter: 2 } },
      ],
    });
    expect(() => supervise(spec, () => worker('a', []), 1))
      .to.throw(InvalidTreeError)
      .with.property('problems')
      .that.deep.equals([
        'top: its children may take 300 ms to stop, but it has 150 ms',
        'top/a: it does not say why',
        'top/a: the id is already taken by top/a',
        'top/a: startMs is not a positive whole number',
        'top/Not Kebab: the id is not kebab-case',
        'top/Not Kebab: backoff.factor is below 1',
        'top/Not Kebab: backoff.capMs is below backoff.baseMs',
        'top/Not Kebab: backoff.jitter is not in 0..1',
      ]);
  });
});
