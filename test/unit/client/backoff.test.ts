import { expect } from 'chai';
import { Backoff } from '../../../src/client/backoff.ts';

describe('Backoff', () => {
  const delays = (seed: number, count: number) => {
    const backoff = new Backoff({ initialMs: 100, maxMs: 1_600, seed });
    return Array.from({ length: count }, () => backoff.nextMs());
  };

  it('doubles up to its cap, shortened by at most half', () => {
    const caps = [100, 200, 400, 800, 1_600, 1_600, 1_600];
    for (let seed = 0; seed < 100; seed += 1) {
      delays(seed, caps.length).forEach((delayMs, index) => {
        const capMs = caps[index] ?? 0;
        expect(delayMs).to.be.within(capMs / 2, capMs);
      });
    }
  });

  it('is the same for the same seed, and differs between seeds', () => {
    expect(delays(7, 20)).to.deep.equal(delays(7, 20));
    expect(delays(7, 20)).to.not.deep.equal(delays(8, 20));
  });

  it('begins again after a reset', () => {
    const backoff = new Backoff({ initialMs: 100, maxMs: 1_600, seed: 1 });
    for (let index = 0; index < 100; index += 1) backoff.nextMs();
    backoff.reset();
    expect(backoff.nextMs()).to.be.within(50, 100);
  });

  it('refuses delays that make no sense', () => {
    expect(() => new Backoff({ initialMs: 0, maxMs: 1, seed: 1 })).to.throw(RangeError);
    expect(() => new Backoff({ initialMs: 10, maxMs: 1, seed: 1 })).to.throw(RangeError);
  });
});
