import { expect } from 'chai';
import { UtteranceBuffer } from '../../../src/audio/utterance-buffer.ts';

describe('UtteranceBuffer', () => {
  it('grows and gives its samples by their position', () => {
    const buffer = new UtteranceBuffer(1_000, 100_000);
    for (let i = 0; i < 200; i++) expect(buffer.append(new Int16Array(320).fill(i))).to.equal(0);
    expect([buffer.length, buffer.endSample]).to.deep.equal([64_000, 65_000]);
    expect([...buffer.slice(1_319, 1_321)]).to.deep.equal([0, 1]);
    expect(buffer.slice().length).to.equal(64_000);
    expect(() => buffer.slice(999, 1_001)).to.throw(RangeError);
    expect(() => buffer.slice(1_000, 65_001)).to.throw(RangeError);
  });

  it('says how many samples did not fit', () => {
    const buffer = new UtteranceBuffer(0, 500);
    expect(buffer.append(new Int16Array(320).fill(7))).to.equal(0);
    expect(buffer.append(new Int16Array(320).fill(8))).to.equal(140);
    expect(buffer.append(new Int16Array(320))).to.equal(320);
    expect([buffer.length, buffer.refusedSamples]).to.deep.equal([500, 460]);
    expect([...buffer.slice(319, 321)]).to.deep.equal([7, 8]);
  });

  it('gives copies', () => {
    const buffer = new UtteranceBuffer(0, 10);
    buffer.append(Int16Array.of(1, 2));
    buffer.slice().fill(9);
    expect([...buffer.slice()]).to.deep.equal([1, 2]);
  });
});
