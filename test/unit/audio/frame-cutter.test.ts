import { expect } from 'chai';
import fc from 'fast-check';
import { FrameCutter } from '../../../src/audio/frame-cutter.ts';

describe('FrameCutter', () => {
  it('cuts any split of a stream into the same frames', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(700), { maxLength: 20 }), (lengths) => {
        const cutter = new FrameCutter();
        let position = 0;
        const frames = lengths.flatMap((length) => {
          const block = Int16Array.from({ length }, () => position++);
          return cutter.push(block);
        });
        const rest = cutter.rest();
        expect(frames.every((frame) => frame.length === 320)).to.equal(true);
        expect(rest?.length ?? 0).to.equal(position % 320);
        expect(cutter.rest()).to.equal(undefined);
        const all = [...frames, ...(rest === undefined ? [] : [rest])].flatMap((one) => [...one]);
        expect(all).to.deep.equal(Array.from({ length: position }, (_, i) => (i << 16) >> 16));
      }),
      { numRuns: 50 },
    );
  });
});
