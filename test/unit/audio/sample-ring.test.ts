import { expect } from 'chai';
import fc from 'fast-check';
import { SampleRing } from '../../../src/audio/sample-ring.ts';

/** Samples that say their own position, so that any copy can be checked. */
function counted(first: number, count: number): Int16Array {
  return Int16Array.from({ length: count }, (_, index) => (first + index) % 30_000);
}

describe('SampleRing', () => {
  it('holds the newest samples by their position', () => {
    const ring = new SampleRing(10);
    ring.append(counted(0, 7));
    ring.append(counted(7, 7));
    expect([ring.oldest, ring.end]).to.deep.equal([4, 14]);
    expect(ring.copy(4, 14)).to.deep.equal(counted(4, 10));
    expect(ring.holds(3, 5)).to.equal(false);
    expect(() => ring.copy(3, 5)).to.throw(RangeError, 'holds 4 to 14');
    expect(() => ring.copy(10, 15)).to.throw(RangeError);
    expect(() => ring.copy(8, 7)).to.throw(RangeError);
  });

  it('keeps the end of a block that is longer than itself', () => {
    const ring = new SampleRing(10);
    ring.append(counted(0, 25));
    expect(ring.copy(15, 25)).to.deep.equal(counted(15, 10));
  });

  it('starts where it is told to', () => {
    const ring = new SampleRing(10, undefined, 1_000);
    ring.append(counted(1_000, 5));
    expect([ring.oldest, ring.end]).to.deep.equal([1_000, 1_005]);
    expect(ring.holds(999, 1_001)).to.equal(false);
  });

  it('moves the clock across a gap, whose positions are missing', () => {
    const ring = new SampleRing(20);
    ring.append(counted(0, 5));
    ring.skip(3);
    ring.skip(2);
    ring.append(counted(10, 5));
    expect(ring.holds(0, 5)).to.equal(true);
    expect(ring.holds(4, 6)).to.equal(false);
    expect(ring.holds(9, 11)).to.equal(false);
    expect(ring.copy(10, 15)).to.deep.equal(counted(10, 5));
    ring.append(counted(15, 12));
    expect([ring.oldest, ring.end]).to.deep.equal([10, 27]);
    ring.skip(100);
    expect(ring.oldest).to.equal(ring.end);
  });

  it('lets each reader read at its own pace, and never across a gap', () => {
    const ring = new SampleRing(100);
    const slow = ring.reader('slow');
    const fast = ring.reader('fast');
    ring.append(counted(0, 30));
    expect(fast.read(20)).to.deep.equal(counted(0, 20));
    expect(fast.read(20)).to.equal(undefined);
    expect([fast.position, fast.available, slow.available]).to.deep.equal([20, 10, 30]);
    ring.skip(10);
    ring.append(counted(40, 30));
    expect([fast.available, fast.resumesAt]).to.deep.equal([10, 40]);
    expect(fast.read(10)).to.deep.equal(counted(20, 10));
    expect([fast.position, fast.available, fast.resumesAt]).to.deep.equal([40, 30, undefined]);
    expect(fast.read(30)).to.deep.equal(counted(40, 30));
    expect(ring.utilisation).to.equal(0.7);
    slow.close();
    expect(ring.utilisation).to.equal(0);
  });

  it('advances, tells and counts a reader that is overtaken', () => {
    const losses: unknown[][] = [];
    const ring = new SampleRing(10, (...loss) => losses.push(loss));
    const reader = ring.reader('slow');
    ring.append(counted(0, 10));
    expect(losses).to.deep.equal([]);
    ring.append(counted(10, 4));
    expect(losses).to.deep.equal([['slow', 0, 3, 4]]);
    expect([reader.position, reader.droppedSamples, ring.utilisation]).to.deep.equal([4, 4, 1]);
    ring.append(counted(14, 30));
    expect(losses[1]).to.deep.equal(['slow', 4, 33, 30]);
    expect(reader.droppedSamples).to.equal(34);
    expect(reader.read(10)).to.deep.equal(counted(34, 10));
  });

  it('counts what was missing already as no loss', () => {
    const losses: unknown[][] = [];
    const ring = new SampleRing(10, (...loss) => losses.push(loss));
    const reader = ring.reader('slow');
    ring.append(counted(0, 5));
    ring.skip(100);
    expect(losses).to.deep.equal([['slow', 0, 94, 5]]);
    ring.append(counted(105, 3));
    expect(reader.position).to.equal(105);
    ring.skip(1_000);
    ring.append(counted(1_108, 3));
    expect(reader.droppedSamples).to.equal(8);
    expect(reader.read(3)).to.deep.equal(counted(1_108, 3));
  });

  it('rewinds as far as samples are held, and seeks forward without a loss', () => {
    const ring = new SampleRing(10);
    const reader = ring.reader('one');
    ring.append(counted(0, 8));
    expect(reader.seek(8)).to.equal(8);
    expect(reader.rewind(5)).to.equal(5);
    expect(reader.read(3)).to.deep.equal(counted(5, 3));
    ring.append(counted(8, 8));
    expect(reader.rewind(1)).to.equal(6);
    expect(reader.droppedSamples).to.equal(0);
    expect(() => reader.rewind(9)).to.throw(RangeError);
    expect(() => reader.seek(5)).to.throw(RangeError);
    expect(() => reader.seek(17)).to.throw(RangeError);
  });

  it('refuses a capacity, a gap and a second reader that make no sense', () => {
    expect(() => new SampleRing(0)).to.throw(RangeError);
    expect(() => new SampleRing(1.5)).to.throw(RangeError);
    const ring = new SampleRing(4);
    expect(() => {
      ring.skip(-1);
    }).to.throw(RangeError);
    ring.reader('a');
    expect(() => ring.reader('a')).to.throw(RangeError);
  });

  it('accounts for every position, whatever is appended, skipped and read', () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('append' as const), count: fc.nat(40) }),
      fc.record({ do: fc.constant('skip' as const), count: fc.nat(40) }),
      fc.record({ do: fc.constant('read' as const), count: fc.nat(12) }),
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 24 }), fc.array(step), (capacity, steps) => {
        const ring = new SampleRing(capacity);
        const reader = ring.reader('r');
        let captured = 0;
        let read = 0;
        for (const { do: what, count } of steps) {
          if (what === 'append') {
            ring.append(counted(ring.end, count));
            captured += count;
          } else if (what === 'skip') {
            ring.skip(count);
          } else {
            const from = reader.position;
            const samples = reader.read(count);
            expect(samples === undefined).to.equal(
              count > ring.end - from || !ring.holds(from, from + count),
            );
            if (samples !== undefined) expect(samples).to.deep.equal(counted(from, count));
            read += samples?.length ?? 0;
          }
          expect(reader.position).to.be.within(Math.min(ring.oldest, ring.end), ring.end);
        }
        while (reader.available > 0) read += reader.read(reader.available)?.length ?? 0;
        expect(reader.position).to.equal(ring.end);
        expect(read + reader.droppedSamples).to.equal(captured);
      }),
      { numRuns: 300 },
    );
  });

  it('appends and reads a frame in well under 0.1 ms', () => {
    const ring = new SampleRing(64_000);
    const reader = ring.reader('r');
    const frame = counted(0, 320);
    const rounds = 20_000;
    const startedMs = performance.now();
    for (let i = 0; i < rounds; i++) {
      ring.append(frame);
      reader.read(320);
    }
    expect((performance.now() - startedMs) / rounds).to.be.below(0.1);
  });
});
