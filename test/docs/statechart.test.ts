import { expect } from 'chai';
import { and, fromCallback, not, setup } from 'xstate';
import { chartOf } from '../support/statechart/chart.ts';
import type { Box } from '../support/statechart/chart.ts';
import { place } from '../support/statechart/layout.ts';
import { svgOf } from '../support/statechart/svg.ts';

const machine = setup({
  types: { events: {} as { type: 'go' } | { type: 'stop' } | { type: 'note' } },
  actors: { worker: fromCallback(() => undefined) },
  delays: { rest: 1_500, pause: () => 7 },
  guards: { isFit: () => true, isTired: () => false },
  actions: { warmUp: () => undefined, coolDown: () => undefined, write: () => undefined },
}).createMachine({
  id: 'toy',
  initial: 'still',
  on: { stop: '.over', note: { actions: 'write' } },
  states: {
    still: {
      description: 'Does <nothing>.',
      on: { go: { guard: and(['isFit', not('isTired')]), target: 'busy' } },
      after: { rest: 'busy', pause: { guard: 'isFit', target: 'over' }, 20: 'over' },
    },
    busy: {
      type: 'parallel',
      entry: 'warmUp',
      exit: 'coolDown',
      invoke: { src: 'worker', onDone: 'still' },
      onDone: 'over',
      states: {
        left: { initial: 'up', states: { up: { on: { go: 'down' } }, down: { type: 'final' } } },
        right: { always: { guard: 'isTired', target: '#toy.over' } },
      },
    },
    over: { type: 'final' },
  },
});

describe('the picture of a statechart', () => {
  const chart = chartOf(machine);
  const boxes = new Map<string, Box>();
  const remember = (box: Box): void => {
    boxes.set(box.id, box);
    box.children.forEach(remember);
  };
  remember(chart.root);
  const labels = (from: string, to: string) =>
    chart.arrows.find((arrow) => arrow.from === from && arrow.to === to)?.labels;

  it('has a box for every state, with what it does and what runs in it', () => {
    expect(boxes.get('toy.busy')).to.deep.include({
      kind: 'parallel',
      lines: ['entry / warmUp', 'exit / coolDown', 'runs / worker'],
    });
    expect(boxes.get('toy')?.lines).to.deep.equal(['note / write']);
    expect(boxes.get('toy.over')?.kind).to.equal('final');
    expect(boxes.get('toy.busy.left.down')?.kind).to.equal('final');
  });

  it('says on an arrow every event that leads along it, with its guard, and every delay by its name', () => {
    expect(labels('toy.still', 'toy.busy')).to.deep.equal([
      'go [and isFit, not isTired]',
      'after rest (1,500 ms)',
    ]);
    expect(labels('toy.still', 'toy.over')).to.deep.equal(['after 20 ms', 'after pause [isFit]']);
    expect(labels('toy.busy.right', 'toy.over')).to.deep.equal(['always [isTired]']);
    expect(labels('toy.busy', 'toy.over')).to.deep.equal(['done']);
    expect(labels('toy.busy', 'toy.still')).to.deep.equal(['done of worker']);
  });

  it('points to what is entered first, and to what any state may lead to', () => {
    expect(labels('toy:initial', 'toy.still')).to.deep.equal([]);
    expect(labels('toy.busy.left:initial', 'toy.busy.left.up')).to.deep.equal([]);
    expect(labels('toy:any', 'toy.over')).to.deep.equal(['stop']);
  });

  it('keeps every box within the one around it, clear of its text and wide enough for its own', async () => {
    const { boxes: placed, width, height } = await place(chart);
    expect(placed).to.have.length(boxes.size);
    for (const outer of placed) {
      expect(outer.x + outer.width).to.be.at.most(width);
      expect(outer.y + outer.height).to.be.at.most(height);
      for (const { box, x, y, ...size } of placed) {
        if (!outer.box.children.includes(box)) continue;
        expect(x).to.be.at.least(outer.x);
        expect(y).to.be.at.least(outer.y + 26 + 15 * outer.box.lines.length);
        expect(x + size.width).to.be.at.most(outer.x + outer.width);
        expect(y + size.height).to.be.at.most(outer.y + outer.height);
      }
    }
  });

  it('is escaped, and follows the colour scheme of its reader', async () => {
    const svg = svgOf('A toy & more', await place(chart));
    expect(svg).to.include('<title>A toy &amp; more</title>');
    expect(svg).to.include('<title>Does &lt;nothing&gt;.</title>');
    expect(svg).to.include('@media (prefers-color-scheme: dark)');
    expect(svg).to.include('>after rest (1,500 ms)</text>');
  });
});
