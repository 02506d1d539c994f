import { expect } from 'chai';
import { assign, createMachine, fromCallback } from 'xstate';
import { HEARTBEAT } from '../../supervisors/child-spec.ts';
import { Sys, SysError } from '../../supervisors/sys.ts';
import type { TraceStep } from '../../supervisors/sys.ts';
import { SUPERVISOR, WORKER, run, treeOf } from '../support/supervised.ts';
import type { RunOptions } from '../support/supervised.ts';

/** Counts, and goes from green to red and back; what it enters it says. */
function lights(entered: string[] = []) {
  return createMachine({
    context: { count: 0, name: 'lights' },
    initial: 'green',
    states: {
      green: { entry: () => void entered.push('green'), on: { 'test.next': 'red' } },
      red: {
        entry: () => void entered.push('red'),
        after: { 1_000: 'green' },
        on: { 'test.next': 'green' },
      },
    },
    on: {
      'test.count': {
        actions: assign({ count: ({ context }) => (context as { count: number }).count + 1 }),
      },
    },
  });
}

function withSys(ids: readonly string[], options: RunOptions = {}, child = {}) {
  const tree = run(treeOf(ids, {}, child), options);
  return { tree, sys: new Sys(tree.root) };
}

const PLAIN = { startMs: 'immediate', shutdownMs: 'brutal_kill' } as const;

const letters = ({ world }: { world: { received: readonly { letter: number }[] } }): number[] =>
  world.received.map(({ letter }) => letter);

describe('sys: suspend and resume', () => {
  it('a suspended child keeps its events, in order, until it is resumed', () => {
    const { tree, sys } = withSys(['a', 'b']);
    sys.suspend('a');
    for (const letter of [1, 2, 3]) tree.mail('a', letter);
    tree.mail('b', 9);
    expect(letters(tree)).to.deep.equal([9]);
    sys.resume('a');
    tree.mail('a', 4);
    expect(letters(tree)).to.deep.equal([9, 1, 2, 3, 4]);
  });

  it('its timers wait as well', () => {
    const { tree, sys } = withSys(['a'], { actors: { a: lights() } }, PLAIN);
    tree.tell('a', 'test.next');
    sys.suspend('a');
    tree.clock.advance(5_000);
    expect(sys.state('a').value).to.equal('red');
    sys.resume('a');
    expect(sys.state('a').value).to.equal('green');
  });

  it('it is not pinged, and pinged again once it is resumed', () => {
    const { tree, sys } = withSys(['a'], {}, { heartbeat: HEARTBEAT });
    sys.suspend('a');
    tree.drain();
    tree.clock.advance(60_000);
    expect(tree.drain()).to.deep.equal([]);
    sys.resume('a');
    tree.tell('a', 'test.hang');
    tree.clock.advance(500);
    expect(tree.drain().join(' ')).to.equal('-a +a');
  });

  it('a crash that waits for it comes when it is resumed', () => {
    const { tree, sys } = withSys(['a']);
    sys.suspend('a');
    tree.drain();
    tree.tell('a', 'test.crash');
    expect(tree.drain()).to.deep.equal([]);
    sys.resume('a');
    tree.clock.advance(0);
    expect(tree.drain().join(' ')).to.equal('-a +a');
    expect(sys.state('a').isSuspended, 'its successor').to.equal(false);
  });

  it('stopped while it is suspended it comes to its events first, and drains', () => {
    const { tree, sys } = withSys(['a']);
    sys.suspend('a');
    tree.mail('a', 1);
    tree.shutDown();
    expect(letters(tree)).to.deep.equal([1]);
    expect(tree.end).to.equal('done');
    expect(tree.records.at(-1)).to.include({ kind: 'stopped', reason: 'stopped' });
  });

  it('with brutal_kill it is not waited for', () => {
    const { tree, sys } = withSys(['a'], {}, { shutdownMs: 'brutal_kill' });
    sys.suspend('a');
    tree.shutDown();
    expect(tree.end).to.equal('done');
    expect(tree.leftovers()).to.deep.equal([]);
  });
});

describe('sys: state and replace', () => {
  it('shows the state of a machine; other logic has none', () => {
    const { sys } = withSys(
      ['a', 'b'],
      { actors: { a: lights(), b: fromCallback(() => {}) } },
      PLAIN,
    );
    expect(sys.state('a')).to.deep.equal({
      id: 'a',
      isSuspended: false,
      value: 'green',
      context: { count: 0, name: 'lights' },
    });
    expect(sys.state('b')).to.deep.equal({
      id: 'b',
      isSuspended: false,
      value: null,
      context: null,
    });
  });

  it('sets fields of the context, and leaves the others', () => {
    const { tree, sys } = withSys(['a'], { actors: { a: lights() } }, PLAIN);
    sys.replace('a', { context: { count: 7 } });
    expect(sys.state('a').context).to.deep.equal({ count: 7, name: 'lights' });
    tree.tell('a', 'test.count');
    expect(sys.state('a').context).to.deep.equal({ count: 8, name: 'lights' });
  });

  it('sets the state; nothing is entered, left or timed by it', () => {
    const entered: string[] = [];
    const { tree, sys } = withSys(['a'], { actors: { a: lights(entered) } }, PLAIN);
    sys.replace('a', { value: 'red' });
    expect(sys.state('a').value).to.equal('red');
    tree.clock.advance(5_000);
    expect(sys.state('a').value, 'its timer does not run').to.equal('red');
    expect(entered).to.deep.equal(['green']);
    tree.tell('a', 'test.next');
    expect(sys.state('a').value).to.equal('green');
  });

  it('what the machine holds open stays open', () => {
    const { tree, sys } = withSys(['a']);
    sys.replace('a', { context: { isHung: false }, value: 'up' });
    expect(tree.drain()).to.deep.equal(['+a']);
    tree.shutDown();
    expect(tree.drain()).to.deep.equal(['-a']);
    expect(tree.leftovers()).to.deep.equal([]);
  });

  it('works on one that is suspended', () => {
    const { tree, sys } = withSys(['a'], { actors: { a: lights() } }, PLAIN);
    sys.suspend('a');
    tree.tell('a', 'test.count');
    sys.replace('a', { context: { count: 100 } });
    sys.resume('a');
    expect(sys.state('a').context).to.include({ count: 101 });
  });
});

describe('sys: kill and supervisorOf', () => {
  it('kill ends a child at once; its supervisor decides', () => {
    const { tree, sys } = withSys(['a'], { behaviours: { a: { stopAfterMs: 50 } } });
    tree.drain();
    sys.kill('a');
    tree.clock.advance(0);
    expect(tree.drain().join(' ')).to.equal('-a +a');
  });

  it('kill is never refused: neither to a hung child nor to a suspended, starting or stopping one', () => {
    const hung = withSys(['a']);
    hung.tree.tell('a', 'test.hang');
    hung.sys.kill('a');
    const suspended = withSys(['a']);
    suspended.sys.suspend('a');
    suspended.sys.kill('a');
    const starting = withSys(['a'], { behaviours: { a: { hangsStarts: [2] } } });
    starting.tree.tell('a', 'test.crash');
    starting.sys.kill('a');
    for (const { tree } of [hung, suspended, starting]) {
      tree.clock.advance(0);
      expect(tree.isAlive('a')).to.equal(true);
      expect(tree.records.at(-1)).to.include({ kind: 'started' });
    }
    const stopping = withSys(['a'], { behaviours: { a: { stopAfterMs: 50 } } });
    stopping.tree.shutDown();
    stopping.sys.kill('a');
    expect(stopping.tree.end).to.equal('done');
  });

  it('kill ends a supervisor with all below it', () => {
    const inner = { ...SUPERVISOR, id: 'inner', children: [{ ...WORKER, id: 'x' }] };
    const tree = run(treeOf([], { children: [inner] }));
    tree.drain();
    new Sys(tree.root).kill('inner');
    tree.clock.advance(0);
    expect(tree.drain().join(' ')).to.equal('-x +x');
  });

  it('supervisorOf is the supervisor that a request goes to', () => {
    const inner = { ...SUPERVISOR, id: 'inner', children: [{ ...WORKER, id: 'x' }] };
    const tree = run(treeOf([], { children: [inner] }));
    const sys = new Sys(tree.root);
    expect(sys.supervisorOf('x')).to.equal(tree.find('inner'));
    expect(sys.supervisorOf('inner')).to.equal(tree.root);
  });
});

describe('sys: trace', () => {
  it('follows a child through its lives until it is told not to', () => {
    const { tree, sys } = withSys(['a', 'b'], { actors: { a: lights() } }, PLAIN);
    const steps: TraceStep[] = [];
    const subscription = sys.trace('a', (step) => void steps.push(step));
    tree.tell('a', 'test.next');
    tree.tell('b', 'test.mail');
    sys.kill('a');
    tree.clock.advance(0);
    tree.tell('a', 'test.count');
    subscription.unsubscribe();
    tree.tell('a', 'test.next');
    const events = steps.flatMap((step) =>
      step.kind === 'event' ? [`${step.actor} ${step.event.type}`] : [],
    );
    expect(events.filter((event) => !event.includes('xstate.'))).to.deep.equal([
      'a#1 test.next',
      'a#2 test.count',
    ]);
    const states = steps.flatMap((step) =>
      step.kind === 'state' ? [`${step.actor} ${step.status} ${String(step.value)}`] : [],
    );
    expect(states).to.include.members(['a#1 active red', 'a#2 active green']);
    expect(steps.some(({ actor }) => actor.startsWith('b'))).to.equal(false);
  });
});

describe('sys: refusals', () => {
  const backoff = { baseMs: 500, factor: 1, capMs: 500, jitter: 0 };
  const REFUSALS: readonly [string, (sys: Sys) => void, string][] = [
    [
      'suspend of an unknown one',
      (sys) => {
        sys.suspend('nobody');
      },
      'there is no child "nobody" in the tree',
    ],
    [
      'state of an unknown one',
      (sys) => void sys.state('nobody'),
      'there is no child "nobody" in the tree',
    ],
    [
      'trace of an unknown one',
      (sys) => void sys.trace('nobody', () => {}),
      'there is no child "nobody" in the tree',
    ],
    [
      'kill of an unknown one',
      (sys) => {
        sys.kill('nobody');
      },
      'there is no child "nobody" in the tree',
    ],
    [
      'suspend twice',
      (sys) => {
        sys.suspend('a');
        sys.suspend('a');
      },
      'a is suspended already',
    ],
    [
      'resume of one that runs',
      (sys) => {
        sys.resume('a');
      },
      'a is not suspended',
    ],
    [
      'suspend of one that is down',
      (sys) => {
        sys.suspend('down');
      },
      'down is down',
    ],
    ['state of one that is down', (sys) => void sys.state('down'), 'down is down'],
    [
      'kill of one that is down',
      (sys) => {
        sys.kill('down');
      },
      'down is down',
    ],
    [
      'suspend of one that starts',
      (sys) => {
        sys.suspend('slow');
      },
      'slow is starting',
    ],
    [
      'replace in what is no machine',
      (sys) => {
        sys.replace('plain', { context: {} });
      },
      'plain is no state machine',
    ],
    [
      'replace of a strange field',
      (sys) => {
        sys.replace('a', { context: { nose: 1 } });
      },
      'the context of a has no "nose"',
    ],
  ];
  for (const [name, wish, reason] of REFUSALS) {
    it(`${name}: ${reason}`, () => {
      const tree = run(
        treeOf([], {
          children: [
            { ...WORKER, ...PLAIN, id: 'a' },
            { ...WORKER, ...PLAIN, id: 'plain' },
            { ...WORKER, id: 'down', backoff },
            { ...WORKER, id: 'slow' },
          ],
        }),
        {
          actors: { a: lights(), plain: fromCallback(() => {}) },
          behaviours: { slow: { readyAfterMs: 500 } },
        },
      );
      tree.clock.advance(0);
      tree.tell('down', 'test.crash');
      // The fall of one waits while another starts.
      expect(() => {
        wish(new Sys(tree.root));
      }).to.throw(SysError, reason);
    });
  }

  it('replace of a state that it does not have: refused, and nothing changes', () => {
    const { tree, sys } = withSys(['a'], { actors: { a: lights() } }, PLAIN);
    expect(() => {
      sys.replace('a', { context: { count: 5 }, value: 'purple' });
    }).to.throw(SysError, /^a cannot be in that state: /);
    expect(sys.state('a')).to.deep.include({
      value: 'green',
      context: { count: 0, name: 'lights' },
    });
    expect(tree.records).to.have.length(1);
  });

  it('suspend of one that stops', () => {
    const { tree, sys } = withSys(['a'], { behaviours: { a: { stopAfterMs: 50 } } });
    tree.shutDown();
    expect(() => {
      sys.suspend('a');
    }).to.throw(SysError, 'a is draining');
  });
});
