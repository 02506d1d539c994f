import { expect } from 'chai';
import { createResampler } from '../../../src/audio/resampler.ts';
import { measureLevel } from '../../../src/audio/level.ts';

const AMPLITUDE = 0.5;

function sine(frequencyHz: number, sampleRateHz: number, seconds: number): Float32Array {
  return Float32Array.from(
    { length: Math.round(sampleRateHz * seconds) },
    (_, i) => AMPLITUDE * Math.sin((2 * Math.PI * frequencyHz * i) / sampleRateHz),
  );
}

async function convert(
  samples: Float32Array,
  sampleRateHz: number,
  chunk = samples.length,
): Promise<Int16Array> {
  const resampler = await createResampler(sampleRateHz);
  const out: number[] = [];
  for (let at = 0; at < samples.length; at += chunk) {
    out.push(...resampler.push(samples.subarray(at, at + chunk)));
  }
  out.push(...resampler.flush());
  resampler.close();
  return Int16Array.from(out);
}

/** Without the ends, where the sine begins and stops. */
function middle(samples: Int16Array): Int16Array {
  return samples.subarray(1_600, samples.length - 1_600);
}

describe('createResampler', () => {
  const sineRmsDbfs = 20 * Math.log10(AMPLITUDE / Math.SQRT2);

  for (const sampleRateHz of [8_000, 11_025, 22_050, 44_100, 48_000, 96_000, 192_000, 384_000]) {
    it(`keeps the level, the place and the length of 1 kHz at ${String(sampleRateHz)} Hz`, async () => {
      const out = await convert(sine(1_000, sampleRateHz, 1), sampleRateHz);
      expect(out.length).to.equal(16_000);
      expect(measureLevel(middle(out)).rmsDbfs).to.be.closeTo(sineRmsDbfs, 0.1);
      const wrong = middle(out).map(
        (sample, i) =>
          sample - Math.round(32_768 * AMPLITUDE * Math.sin((2 * Math.PI * (1_600 + i)) / 16)),
      );
      expect(measureLevel(wrong).rmsDbfs).to.be.below(sineRmsDbfs - 50);
    });
  }

  for (const sampleRateHz of [44_100, 48_000]) {
    for (const frequencyHz of [9_000, 11_000]) {
      it(`removes ${String(frequencyHz)} Hz, which 16 kHz cannot hold, at ${String(sampleRateHz)} Hz`, async () => {
        const out = await convert(sine(frequencyHz, sampleRateHz, 1), sampleRateHz);
        expect(measureLevel(middle(out)).rmsDbfs).to.be.below(sineRmsDbfs - 60);
      });
    }
  }

  it('keeps speech up to 7 kHz', async () => {
    const out = await convert(sine(7_000, 48_000, 1), 48_000);
    expect(measureLevel(middle(out)).rmsDbfs).to.be.closeTo(sineRmsDbfs, 1);
  });

  it('gives the same in chunks of any size as at once', async () => {
    const samples = sine(700, 44_100, 1);
    const whole = await convert(samples, 44_100);
    for (const chunk of [7, 441, 4_096]) {
      expect(await convert(samples, 44_100, chunk)).to.deep.equal(whole);
    }
  });

  it('gives the exact length for odd rates and lengths', async () => {
    for (const [rate, length] of [
      [44_100, 1],
      [44_100, 12_345],
      [8_000, 3],
      [4_000, 999],
      [383_999, 100_001],
      [22_051, 5_000],
    ] as const) {
      const out = await convert(new Float32Array(length), rate);
      expect(out.length).to.equal(Math.round((length * 16_000) / rate), `${String(rate)} Hz`);
    }
  });

  it('is exact at 16 kHz', async () => {
    const values = [-32_768, -1, 0, 1, 12_345, 32_767];
    const out = await convert(
      Float32Array.from(values, (value) => value / 32_768),
      16_000,
    );
    expect([...out]).to.deep.equal(values);
  });

  it('limits what overshoots full scale', async () => {
    const square = Float32Array.from({ length: 48_000 }, (_, i) => (i % 480 < 240 ? 1 : -1));
    const out = await convert(square, 48_000);
    expect(measureLevel(out).peakDbfs).to.equal(0);
  });
});
