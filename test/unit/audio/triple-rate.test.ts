import { expect } from 'chai';
import { TRIPLE_DELAY_SAMPLES, ThirdRate, TripledRate } from '../../../src/audio/triple-rate.ts';

function sine(frequencyHz: number, sampleRateHz: number, samples: number): Float32Array {
  return Float32Array.from({ length: samples }, (_, i) =>
    Math.sin((2 * Math.PI * frequencyHz * i) / sampleRateHz),
  );
}

function inBlocks(
  samples: Float32Array,
  blockSamples: number,
  convert: (block: Float32Array) => Float32Array,
): Float32Array {
  const out: number[] = [];
  for (let at = 0; at < samples.length; at += blockSamples) {
    out.push(...convert(samples.subarray(at, at + blockSamples)));
  }
  return Float32Array.from(out);
}

function rmsDb(samples: Float32Array): number {
  const squares = samples.reduce((sum, sample) => sum + sample * sample, 0);
  return 10 * Math.log10(squares / samples.length);
}

const SINE_DB = -3.01;

describe('three times the rate', () => {
  const up = (samples: Float32Array, block = 160) => {
    const converter = new TripledRate(block);
    return inBlocks(samples, block, (one) => converter.push(one));
  };
  const down = (samples: Float32Array, block = 480) => {
    const converter = new ThirdRate(block);
    return inBlocks(samples, block, (one) => converter.push(one));
  };

  for (const frequencyHz of [100, 1_000, 5_000]) {
    it(`and back keeps ${String(frequencyHz)} Hz, later by its delay`, () => {
      const given = sine(frequencyHz, 16_000, 8_000);
      const delay = 2 * TRIPLE_DELAY_SAMPLES;
      const wrong = down(up(given))
        .subarray(1_000)
        .map((sample, index) => sample - (given[1_000 + index - delay] ?? 0));
      expect(rmsDb(wrong)).to.be.below(-40);
    });
  }

  it('adds no image of what there is', () => {
    const raised = up(sine(1_000, 16_000, 8_000)).subarray(3_000);
    const expected = sine(1_000, 48_000, 24_000);
    const delay = 3 * TRIPLE_DELAY_SAMPLES;
    const wrong = raised.map((sample, i) => sample - (expected[3_000 + i - delay] ?? 0));
    expect(rmsDb(wrong)).to.be.below(-60);
  });

  it('loses, on the way back, what 16 kHz cannot hold', () => {
    for (const frequencyHz of [10_000, 15_000, 20_000]) {
      expect(rmsDb(down(sine(frequencyHz, 48_000, 24_000)).subarray(1_000))).to.be.below(-65);
    }
    expect(rmsDb(down(sine(1_000, 48_000, 24_000)).subarray(1_000))).to.be.closeTo(SINE_DB, 0.1);
  });

  it('does not depend on how the stream is cut', () => {
    const given = sine(700, 16_000, 960);
    expect(up(given, 32)).to.deep.equal(up(given, 960));
    const high = sine(700, 48_000, 2_880);
    expect(down(high, 96)).to.deep.equal(down(high, 2_880));
  });

  it('forgets what came before a reset', () => {
    const converter = new TripledRate(160);
    const first = converter.push(sine(500, 16_000, 160)).slice();
    converter.reset();
    expect(converter.push(sine(500, 16_000, 160))).to.deep.equal(first);
  });
});
