import { expect } from 'chai';
import { ringStage } from '../../../actors/stages/ring.ts';
import { partsOf, runStage, stageParts } from './running-stage.ts';

const FRAME = 320;
const CAPACITY = FRAME * 100;

/** The stage before a ring of 2 s; frames come in real time, which is virtual. */
function ring() {
  const parts = stageParts(CAPACITY);
  const stage = runStage(ringStage(partsOf(parts)), parts);
  return {
    ...stage,
    parts,
    hear: (frames: number) => {
      for (let frame = 0; frame < frames; frame += 1) {
        parts.path.write(new Int16Array(FRAME));
        parts.clock.advance(20);
      }
    },
    losses: () => stage.published('buffer_overflow').filter(({ reader }) => reader !== undefined),
    counted: (reader: string) =>
      parts.metric(`rtap_samples_dropped_total{buffer="ring, ${reader}"}`),
  };
}

const sum = (losses: readonly Record<string, unknown>[]): number =>
  losses.reduce((total, { dropped_samples: dropped }) => total + Number(dropped), 0);

describe('ringStage', () => {
  it('tells of an overrun when it begins, then once a second, and counts the same', async () => {
    const { parts, hear, losses, counted } = ring();
    parts.path.ring.reader('slow');
    hear(100);
    expect(losses()).to.deep.equal([]);
    hear(1);
    expect(losses()).to.deep.equal([
      { buffer: 'ring', reader: 'slow', first_sample: 0, last_sample: 319, dropped_samples: 320 },
    ]);
    hear(499);
    const told = losses();
    expect(told).to.have.length(11);
    expect(told[1]).to.include({ first_sample: 320, dropped_samples: 49 * FRAME });
    expect(sum(told)).to.equal(await counted('slow'));
    parts.clock.advance(2_000);
    expect(sum(losses())).to.equal(500 * FRAME);
    expect(await counted('slow')).to.equal(500 * FRAME);
    expect(parts.path.ring.accounts()[0]?.dropped).to.equal(500 * FRAME);
    hear(1);
    expect(losses()).to.have.length(12);
    for (const [index, { first_sample: first }] of told.entries()) {
      if (index > 0) expect(first).to.equal(Number(told[index - 1]?.['last_sample']) + 1);
    }
  });

  it('tells of each reader by itself', async () => {
    const { parts, hear, losses, counted } = ring();
    parts.path.ring.reader('slow');
    hear(50);
    parts.path.ring.reader('late');
    hear(101);
    expect(losses().map(({ reader }) => reader)).to.deep.equal(['slow', 'slow', 'late']);
    hear(100);
    expect(sum(losses().filter(({ reader }) => reader === 'late'))).to.equal(await counted('late'));
  });

  it('tells at a shutdown what it has not told yet, and then ends', async () => {
    const { parts, hear, losses, counted, send, hasEnded } = ring();
    parts.path.ring.reader('slow');
    hear(130);
    expect(sum(losses())).to.equal(FRAME);
    send({ type: 'sup.shutdown', withinMs: 50 } as never);
    expect(hasEnded()).to.equal(true);
    expect(sum(losses())).to.equal(30 * FRAME);
    expect(await counted('slow')).to.equal(30 * FRAME);
    expect(parts.clock.pending).to.equal(0);
    hear(1);
    expect(parts.path.counters.refused).to.equal(FRAME);
  });

  it('leaves to the stage after it what it could not tell', () => {
    const { parts, hear, stop } = ring();
    const reader = parts.path.ring.reader('slow');
    hear(130);
    stop();
    reader.close();
    const next = runStage(ringStage(partsOf(parts)), parts);
    const losses = next.published('buffer_overflow');
    expect(losses).to.deep.equal([
      {
        buffer: 'ring',
        reader: 'slow',
        first_sample: FRAME,
        last_sample: 130 * FRAME - 1,
        dropped_samples: 129 * FRAME,
      },
    ]);
  });

  it('warns when four fifths are unread, and shows how full it is', async () => {
    const { parts, hear, published } = ring();
    const reader = parts.path.ring.reader('slow');
    hear(79);
    expect(published('buffer_overflow')).to.deep.equal([]);
    hear(2);
    expect(published('buffer_overflow')).to.deep.equal([
      { buffer: 'ring', dropped_samples: 0, utilisation: 0.8 },
    ]);
    const gauge = 'rtap_buffer_utilization_ratio{buffer="ring"}';
    expect(await parts.metric(gauge)).to.equal(0.81);
    reader.read(81 * FRAME);
    hear(1);
    expect(await parts.metric(gauge)).to.equal(0.01);
    hear(79);
    expect(published('buffer_overflow')).to.have.length(2);
  });
});
