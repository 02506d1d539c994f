import { expect } from 'chai';
import type { AnyActorRef } from 'xstate';
import { createMachine, sendTo } from 'xstate';
import { to } from '../../machines/address.ts';
import { SUSPENDED_EVENTS } from '../../supervisors/gate.ts';
import { Sys } from '../../supervisors/sys.ts';
import { WORKER, run, treeOf } from '../support/supervised.ts';

const backoff = { baseMs: 500, factor: 1, capMs: 500, jitter: 0 };

const deadLetter = (child: string, reason: string, event = 'test.mail') => ({
  kind: 'dead_letter' as const,
  child,
  event,
  reason,
});

describe('dead letters', () => {
  it('for a child that is down and keeps no mail', () => {
    const tree = run(treeOf(['a'], {}, { backoff }));
    tree.tell('a', 'test.crash');
    tree.mail('a', 1);
    expect(tree.records.at(-1)).to.deep.equal(deadLetter('a', 'down'));
  });

  it('for a child that the tree does not have', () => {
    const tree = run(treeOf(['a']));
    tree.mail('nobody', 1);
    expect(tree.records.at(-1)).to.deep.equal(deadLetter('', 'no such child'));
  });

  it('for one that was forgotten', () => {
    const tree = run(treeOf(['a'], {}, { restart: 'temporary' }));
    tree.tell('a', 'test.end');
    tree.mail('a', 1);
    expect(tree.records.at(-1)).to.deep.equal(deadLetter('', 'no such child'));
  });

  it('for an actor that had ended, which somebody still holds', () => {
    const tree = run(treeOf(['a'], {}, { backoff }));
    const ref = tree.find('a') as AnyActorRef;
    ref.send({ type: 'test.end' });
    tree.clock.advance(0);
    expect(tree.lateLetters).to.deep.equal([]);
    ref.send({ type: 'test.mail', letter: 1 });
    expect(tree.lateLetters).to.deep.equal([deadLetter('a#1', 'it had ended')]);
  });

  it('what supervisors say to each other is none', () => {
    const tree = run(treeOf(['a', 'b'], { strategy: 'one_for_all' }));
    tree.tell('a', 'test.crash');
    tree.shutDown();
    expect(tree.lateLetters).to.deep.equal([]);
    expect(tree.records.filter(({ kind }) => kind === 'dead_letter')).to.deep.equal([]);
  });

  it('for a suspended child whose queue is full', () => {
    const tree = run(treeOf(['a']));
    const sys = new Sys(tree.root);
    sys.suspend('a');
    for (let letter = 1; letter <= SUSPENDED_EVENTS; letter += 1) tree.mail('a', letter);
    expect(tree.records).to.have.length(1);
    tree.mail('a', 0);
    expect(tree.records.slice(1)).to.deep.equal([
      deadLetter('a', 'suspended, and its queue is full'),
    ]);
    sys.resume('a');
    expect(tree.world.received).to.have.length(SUSPENDED_EVENTS);
  });

  const ENDED = 'it ended before it came to this event';
  const ENDS = [
    { how: 'is killed', end: 'kill', waits: 'test.mail' },
    { how: 'crashes at one of them', end: 'resume', waits: 'test.crash' },
    { how: 'ends at one of them', end: 'resume', waits: 'test.end' },
  ] as const;
  for (const { how, end, waits } of ENDS) {
    it(`for what waited for a suspended child that ${how}`, () => {
      const tree = run(treeOf(['a']));
      const sys = new Sys(tree.root);
      sys.suspend('a');
      if (waits !== 'test.mail') tree.tell('a', waits);
      tree.mail('a', 1);
      tree.mail('a', 2);
      sys[end]('a');
      tree.clock.advance(0);
      const letters = tree.records.filter(({ kind }) => kind === 'dead_letter');
      expect(letters).to.deep.equal([deadLetter('a', ENDED), deadLetter('a', ENDED)]);
      expect(tree.isAlive('a'), 'its successor').to.equal(true);
    });
  }

  it('a machine that addresses its sibling by name never sends into nothing', () => {
    const sender = createMachine({
      on: { 'test.pass': { actions: sendTo(to('b'), { type: 'test.mail', letter: 1 }) } },
    });
    const tree = run(
      treeOf([], {
        children: [
          { ...WORKER, id: 'a', startMs: 'immediate', shutdownMs: 'brutal_kill' },
          { ...WORKER, id: 'b', stash: 1, backoff },
        ],
      }),
      { actors: { a: sender } },
    );
    tree.tell('a', 'test.pass');
    tree.tell('b', 'test.crash');
    tree.tell('a', 'test.pass');
    tree.tell('a', 'test.pass');
    tree.clock.advance(500);
    expect(tree.world.received, 'one while it was up, one kept').to.have.length(2);
    expect(tree.records).to.deep.include(deadLetter('b', 'down, and its stash of 1 is full'));
  });
});
