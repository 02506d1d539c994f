import { expect } from 'chai';
import { SILENCE_DBFS, measureLevel } from '../../../src/audio/level.ts';

describe('measureLevel', () => {
  it('measures RMS and peak below full scale', () => {
    const sine = Int16Array.from({ length: 16_000 }, (_, i) =>
      Math.round(16_384 * Math.sin((2 * Math.PI * 100 * i) / 16_000)),
    );
    const { rmsDbfs, peakDbfs } = measureLevel(sine);
    expect(peakDbfs).to.be.closeTo(-6.02, 0.01);
    expect(rmsDbfs).to.be.closeTo(-9.03, 0.01);
    expect(measureLevel(Int16Array.of(-32_768)).peakDbfs).to.equal(0);
  });

  it('gives digital zero, and no samples at all, a finite level', () => {
    expect(measureLevel(new Int16Array(5))).to.deep.equal({
      rmsDbfs: SILENCE_DBFS,
      peakDbfs: SILENCE_DBFS,
    });
    expect(measureLevel(new Int16Array(0)).rmsDbfs).to.equal(SILENCE_DBFS);
  });
});
