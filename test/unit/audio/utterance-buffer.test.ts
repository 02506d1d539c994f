import { expect } from 'chai';
import { SampleRing } from '../../../src/audio/sample-ring.ts';
import { UtteranceBuffer } from '../../../src/audio/utterance-buffer.ts';

describe('UtteranceBuffer', () => {
  it('grows with the ring, and gives its samples by their position', () => {
    const ring = new SampleRing(1_000, undefined, 1_000);
    const buffer = new UtteranceBuffer(1_000, 100_000);
    for (let i = 0; i < 200; i++) {
      ring.append(new Int16Array(320).fill(i));
      buffer.appendFrom(ring, ring.end);
    }
    expect([buffer.length, buffer.endSample]).to.deep.equal([64_000, 65_000]);
    expect([...buffer.slice(1_319, 1_321)]).to.deep.equal([0, 1]);
    expect([...buffer.slice(64_679, 64_681)]).to.deep.equal([198, 199]);
    expect(buffer.slice().length).to.equal(64_000);
    expect(() => buffer.slice(999, 1_001)).to.throw(RangeError);
    expect(() => buffer.slice(1_000, 65_001)).to.throw(RangeError);
  });

  it('takes what fits, and then nothing more', () => {
    const ring = new SampleRing(1_000);
    const buffer = new UtteranceBuffer(0, 500);
    ring.append(new Int16Array(320).fill(7));
    buffer.appendFrom(ring, ring.end);
    ring.append(new Int16Array(320).fill(8));
    buffer.appendFrom(ring, ring.end);
    expect([...buffer.slice(319, 321)]).to.deep.equal([7, 8]);
    buffer.appendFrom(ring, ring.end);
    expect(buffer.length).to.equal(500);
  });

  it('refuses what the ring does not hold', () => {
    const ring = new SampleRing(1_000);
    const buffer = new UtteranceBuffer(0, 5_000);
    ring.append(new Int16Array(1_100));
    expect(() => {
      buffer.appendFrom(ring, ring.end);
    }).to.throw(RangeError);
    expect(buffer.length).to.equal(0);
  });

  it('gives copies', () => {
    const ring = new SampleRing(10);
    ring.append(Int16Array.of(1, 2));
    const buffer = new UtteranceBuffer(0, 10);
    buffer.appendFrom(ring, 2);
    buffer.slice().fill(9);
    expect([...buffer.slice()]).to.deep.equal([1, 2]);
  });
});
