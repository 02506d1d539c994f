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

  it('gives back what it read without a break, and drops what is held no more', () => {
    const losses: unknown[][] = [];
    const ring = new SampleRing(10, (...loss) => losses.push(loss));
    const reader = ring.reader('one');
    ring.append(counted(0, 8));
    expect(reader.read(8)).to.deep.equal(counted(0, 8));
    expect(reader.rewind(5)).to.equal(5);
    expect(reader.read(3)).to.deep.equal(counted(5, 3));
    ring.append(counted(8, 8));
    expect(reader.rewind(1)).to.equal(6);
    expect(losses).to.deep.equal([['one', 1, 5, 5]]);
    expect(ring.accounts()).to.deep.equal([{ name: 'one', processed: 1, dropped: 5, unread: 10 }]);
    expect(() => reader.rewind(9)).to.throw(RangeError);
  });

  it('gives back nothing across a gap, nor what it passed over', () => {
    const ring = new SampleRing(100);
    const reader = ring.reader('one');
    ring.append(counted(0, 10));
    ring.skip(5);
    ring.append(counted(15, 10));
    reader.read(10);
    reader.read(5);
    expect(reader.rewind(0)).to.equal(15);
    expect(reader.seek(20)).to.equal(20);
    expect(reader.rewind(0)).to.equal(20);
    expect(ring.accounts()).to.deep.equal([{ name: 'one', processed: 10, dropped: 5, unread: 5 }]);
    expect(() => reader.seek(5)).to.throw(RangeError);
    expect(() => reader.seek(26)).to.throw(RangeError);
  });

  it('drops what is given back after the reader was overtaken', () => {
    const ring = new SampleRing(10);
    const reader = ring.reader('one');
    ring.append(counted(0, 10));
    reader.read(4);
    ring.append(counted(10, 20));
    expect(reader.rewind(0)).to.equal(20);
    expect(ring.accounts()).to.deep.equal([{ name: 'one', processed: 0, dropped: 20, unread: 10 }]);
  });

  it('goes on with the account of a name: what came while it was closed is dropped', () => {
    const losses: unknown[][] = [];
    const ring = new SampleRing(100, (...loss) => losses.push(loss));
    ring.append(counted(0, 7));
    const first = ring.reader('one');
    ring.append(counted(7, 20));
    first.read(5);
    first.close();
    first.close();
    ring.append(counted(27, 10));
    ring.skip(3);
    const second = ring.reader('one');
    ring.append(counted(40, 6));
    expect(second.read(4)).to.deep.equal(counted(40, 4));
    expect(ring.accounts()).to.deep.equal([{ name: 'one', processed: 9, dropped: 25, unread: 2 }]);
    expect(losses).to.deep.equal([
      ['one', 12, 26, 15],
      ['one', 27, 36, 10],
    ]);
    expect(ring.appendedSamples).to.equal(43);
    expect(() => first.read(1)).to.throw('is closed');
  });

  it('is full as far as what is unread is old, and not where nothing is unread', () => {
    const ring = new SampleRing(100);
    const reader = ring.reader('one');
    ring.append(counted(0, 20));
    reader.read(20);
    ring.skip(90);
    expect(ring.utilisation).to.equal(0);
    ring.append(counted(110, 5));
    expect(ring.utilisation).to.equal(0.05);
    ring.skip(75);
    expect(ring.utilisation).to.equal(0.8);
  });

  it('knows the stretch that a position lies in', () => {
    const ring = new SampleRing(20);
    expect(ring.stretchAt(0)).to.deep.equal({ from: 0, to: 0 });
    ring.append(counted(0, 5));
    ring.skip(5);
    ring.append(counted(10, 5));
    const stretches = [0, 4, 5, 9, 10, 15, 99].map((position) => ring.stretchAt(position));
    const [early, late] = [
      { from: 0, to: 5 },
      { from: 10, to: 15 },
    ];
    expect(stretches).to.deep.equal([early, early, late, late, late, late, late]);
    ring.skip(7);
    expect(ring.stretchAt(3)).to.deep.equal({ from: 2, to: 5 });
    expect(ring.stretchAt(15)).to.deep.equal({ from: 22, to: 22 });
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

  it('accounts for every sample of every reader after every step', () => {
    const reader = fc.nat(2);
    const count = fc.nat(40);
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.record({ do: fc.constant('append' as const), reader, count }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('skip' as const), reader, count }) },
      ...(['read', 'rewind', 'seek', 'close', 'open'] as const).map((what) => ({
        weight: what === 'read' ? 6 : 1,
        arbitrary: fc.record({ do: fc.constant(what), reader, count: fc.nat(12) }),
      })),
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 24 }), fc.array(step), (capacity, steps) => {
        const lost = new Map<string, number>();
        const ring = new SampleRing(capacity, (name, first, last, samples) => {
          expect(samples).to.be.within(1, last - first + 1);
          lost.set(name, (lost.get(name) ?? 0) + samples);
        });
        const readers = new Map<number, ReturnType<SampleRing['reader']>>();
        const appendedBefore = new Map<string, number>();
        // Every position that was ever captured, and what each reader has had of them and not given back.
        const captured = new Set<number>();
        const had = new Map<string, Set<number>>();
        for (const { do: what, reader: number, count: size } of steps) {
          const one = readers.get(number);
          const name = String(number);
          if (what === 'append') {
            for (let at = ring.end; at < ring.end + size; at += 1) captured.add(at);
            ring.append(counted(ring.end, size));
          } else if (what === 'skip') ring.skip(size);
          else if (what === 'open' && one === undefined) {
            readers.set(number, ring.reader(name));
            if (!had.has(name)) {
              appendedBefore.set(name, captured.size);
              had.set(name, new Set());
            }
          } else if (one === undefined) continue;
          else if (what === 'read') {
            const from = one.position;
            const samples = one.read(size);
            expect(samples === undefined).to.equal(
              size > ring.end - from || !ring.holds(from, from + size),
            );
            if (samples !== undefined) expect(samples).to.deep.equal(counted(from, size));
            for (let at = from; at < from + (samples?.length ?? 0); at += 1) had.get(name)?.add(at);
          } else if (what === 'rewind') {
            const before = one.position;
            const now = one.rewind(Math.max(0, before - size));
            const processed = ring.accounts().find((account) => account.name === name)?.processed;
            // It gives back the last that it had, and all of that.
            const kept = [...(had.get(name) ?? [])].slice(0, processed);
            had.set(name, new Set(kept));
            expect(kept.at(-1) ?? -1).to.be.lessThan(Math.max(now, 1));
          } else if (what === 'seek') one.seek(Math.min(ring.end, one.position + size));
          else {
            one.close();
            readers.delete(number);
          }
          for (const account of ring.accounts()) {
            const { processed, dropped, unread } = account;
            const place = readers.get(Number(account.name))?.position ?? ring.end;
            const ahead = [...captured].filter((at) => at >= place).length;
            const own = ring.appendedSamples - (appendedBefore.get(account.name) ?? 0);
            expect(processed + dropped + unread).to.equal(own);
            expect(processed).to.equal(had.get(account.name)?.size);
            expect(unread).to.equal(ahead);
            expect(dropped).to.equal(lost.get(account.name) ?? 0);
            expect(place).to.be.within(ring.oldest, ring.end);
          }
          expect(ring.appendedSamples).to.equal(captured.size);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it('knows its gaps however many there are', () => {
    const ring = new SampleRing(9);
    const reader = ring.reader('r');
    let read = 0;
    for (let round = 0; round < 200; round += 1) {
      ring.append(counted(ring.end, 1));
      ring.skip(1);
      const { end } = ring;
      const held = Array.from({ length: 12 }, (_, index) => end - 12 + index).filter(
        (at) => at >= 0 && ring.holds(at, at + 1),
      );
      expect(held).to.deep.equal([end - 8, end - 6, end - 4, end - 2].filter((at) => at >= 0));
      if (round % 3 === 0) read += reader.read(1)?.length ?? 0;
    }
    expect(ring.accounts()).to.deep.equal([
      { name: 'r', processed: read, dropped: 200 - read - 4, unread: 4 },
    ]);
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
