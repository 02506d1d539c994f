import { expect } from 'chai';
import { measureLevel } from '../../../src/audio/level.ts';
import { Denoiser } from '../../../src/io/denoiser.ts';
import { clipSamples } from '../../support/clip-samples.ts';
import { mixed, noise } from '../../support/noise.ts';

/** Where nobody speaks yet. */
const PAUSE_SAMPLES = 32_000;

function denoised(denoiser: Denoiser, samples: Int16Array, block: number): Int16Array {
  const out: number[] = [];
  for (let at = 0; at < samples.length; at += block) {
    out.push(...denoiser.push(samples.subarray(at, at + block)));
  }
  out.push(...denoiser.flush());
  return Int16Array.from(out);
}

describe('Denoiser', () => {
  const speech = clipSamples('jfk');
  const quiet = new Int16Array(PAUSE_SAMPLES + speech.length);
  quiet.set(speech, PAUSE_SAMPLES);
  const noisy = mixed(quiet, noise(quiet.length, -45));
  let denoiser: Denoiser;
  let clean: Int16Array;

  before(async () => {
    denoiser = await Denoiser.load();
    clean = denoised(denoiser, noisy, 640);
  });

  it('takes noise out of a pause, and leaves the speech as loud as it was', () => {
    const pause = [16_000, PAUSE_SAMPLES - 1_600] as const;
    const before_ = measureLevel(noisy.subarray(...pause)).rmsDbfs;
    expect(measureLevel(clean.subarray(...pause)).rmsDbfs).to.be.below(before_ - 12);
    const spoken = measureLevel(quiet.subarray(PAUSE_SAMPLES)).rmsDbfs;
    expect(measureLevel(clean.subarray(PAUSE_SAMPLES)).rmsDbfs).to.be.closeTo(spoken, 1);
  });

  it('gives as many samples as it was given, each at its place', () => {
    expect(clean).to.have.length(noisy.length);
    const likeness = (lag: number): number => {
      let sum = 0;
      for (let at = PAUSE_SAMPLES; at < PAUSE_SAMPLES + 80_000; at++) {
        sum += (quiet[at] ?? 0) * (clean[at + lag] ?? 0);
      }
      return sum;
    };
    for (const lag of [-8, -2, 2, 8]) expect(likeness(0)).to.be.greaterThan(likeness(lag));
  });

  it('does not depend on how the stream is cut, and starts afresh after a flush', () => {
    const part = noisy.subarray(PAUSE_SAMPLES, PAUSE_SAMPLES + 16_077);
    const once = denoised(denoiser, part, 640);
    for (const block of [1_000, 320, 16_077]) {
      expect(denoised(denoiser, part, block)).to.deep.equal(once);
    }
  });

  it('gives back what is shorter than its delay', () => {
    for (const count of [0, 1, 100, 193]) {
      expect(denoised(denoiser, noisy.subarray(0, count), 640)).to.have.length(count);
    }
  });
});
