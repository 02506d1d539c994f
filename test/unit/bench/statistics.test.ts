import { expect } from 'chai';
import { distribution, ratios, summarise } from '../../../src/bench/statistics.ts';

describe('statistics of a benchmark', () => {
  it('tell the median and the 95th percentile of samples in any order', () => {
    const samples = Array.from({ length: 100 }, (_, index) => 100 - index);
    expect(summarise(samples)).to.deep.equal({ median: 50.5, p95: 95, n: 100 });
    expect(summarise([3, 1, 2])).to.deep.equal({ median: 2, p95: 3, n: 3 });
    expect(summarise([7])).to.deep.equal({ median: 7, p95: 7, n: 1 });
  });

  it('refuse to tell anything of no samples', () => {
    expect(() => summarise([])).to.throw('there are no samples');
  });

  it('tell how long the tail is', () => {
    const samples = Float64Array.from({ length: 1_000 }, (_, index) => 1_000 - index);
    const told = distribution(samples);
    expect(told).to.deep.equal({ p50: 500, p95: 950, p99: 990, max: 1_000, n: 1_000 });
    expect(samples[0]).to.equal(1_000);
    expect(() => distribution(new Float64Array())).to.throw('there are no samples');
  });

  it('compare only what was measured side by side', () => {
    expect(ratios([2, 9], [1, 3])).to.deep.equal([2, 3]);
    expect(() => ratios([1], [1, 2])).to.throw('not pairs');
  });
});
