import { expect } from 'chai';
import { speechThreshold, wakeScoreThreshold } from '../../../config/thresholds.ts';

describe('thresholds', () => {
  it('of the wake word fall as the sensitivity rises', () => {
    expect([0.05, 0.45, 0.55, 0.95].map(wakeScoreThreshold)).to.deep.equal([
      0.95, 0.55, 0.45, 0.05,
    ]);
  });

  it('of speech rise with the aggressiveness', () => {
    expect([0, 1, 2, 3].map(speechThreshold)).to.deep.equal([0.35, 0.45, 0.5, 0.65]);
    expect([-1, 9].map(speechThreshold)).to.deep.equal([0.35, 0.65]);
  });
});
