import { expect } from 'chai';
import fc from 'fast-check';
import { GainControl } from '../../../src/audio/gain-control.ts';
import { measureLevel } from '../../../src/audio/level.ts';
import { FRAME_SAMPLES } from '../../../src/domain/pcm.ts';
import { clipSamples } from '../../support/clip-samples.ts';
import { noise } from '../../support/noise.ts';

const OPTIONS = { target: 0.5, min: 0.1, max: 10 };
const TARGET_DBFS = -6.02;
const FULL_SCALE = 32_768;

function framesOf(samples: Int16Array): Int16Array[] {
  return Array.from({ length: Math.floor(samples.length / FRAME_SAMPLES) }, (_, index) =>
    samples.slice(index * FRAME_SAMPLES, (index + 1) * FRAME_SAMPLES),
  );
}

function scaled(samples: Int16Array, gainDb: number): Int16Array {
  const factor = 10 ** (gainDb / 20);
  return samples.map((sample) => Math.max(-32_768, Math.min(32_767, Math.round(sample * factor))));
}

function sine(samples: number, amplitude: number): Int16Array {
  return Int16Array.from({ length: samples }, (_, i) =>
    Math.round(amplitude * FULL_SCALE * Math.sin((2 * Math.PI * 200 * i) / 16_000)),
  );
}

function processAll(control: GainControl, samples: Int16Array): Int16Array {
  return Int16Array.from(framesOf(samples).flatMap((frame) => Array.from(control.process(frame))));
}

/** What a tenth of the frames that are not far below the loudest peak above, in dBFS. */
function loudPeakDbfs(samples: Int16Array): number {
  const peaks = framesOf(samples).map((frame) => measureLevel(frame).peakDbfs);
  const loudest = Math.max(...peaks);
  const spoken = peaks.filter((peak) => peak > loudest - 20).sort((one, other) => one - other);
  return spoken[Math.floor(spoken.length * 0.9)] ?? NaN;
}

describe('GainControl', () => {
  const speech = clipSamples('jfk');

  for (const offsetDb of [-20, -12, -6, 0, 6]) {
    it(`brings human speech at ${String(offsetDb)} dB to the target within 2 dB`, () => {
      const control = new GainControl(OPTIONS);
      const given = scaled(speech, offsetDb);
      processAll(control, given);
      const second = processAll(control, given);
      expect(loudPeakDbfs(second)).to.be.closeTo(TARGET_DBFS, 2);
    });
  }

  it('raises quiet speech and lowers loud speech', () => {
    const quiet = new GainControl(OPTIONS);
    processAll(quiet, scaled(speech, -15));
    expect(quiet.gainDb).to.be.greaterThan(6);
    const loud = new GainControl({ ...OPTIONS, target: 0.1 });
    processAll(loud, speech);
    expect(loud.gainDb).to.be.lessThan(-6);
  });

  it('keeps the gain within its bounds', () => {
    const control = new GainControl({ ...OPTIONS, max: 2 });
    processAll(control, scaled(speech, -30));
    expect(control.gainDb).to.be.closeTo(6.02, 0.01);
    expect(new GainControl({ ...OPTIONS, min: 3 }).gainDb).to.be.closeTo(9.54, 0.01);
  });

  const backgrounds: [string, Int16Array][] = [
    ['digital silence', new Int16Array(160_000)],
    ['faint noise', noise(160_000, -60)],
    ['loud noise', noise(160_000, -30)],
    ['a hum', sine(160_000, 0.05)],
    ['noise that sets in after digital silence', noise(160_000, -50).fill(0, 0, 48_000)],
  ];
  for (const [what, background] of backgrounds) {
    it(`leaves ${what} as it is`, () => {
      const control = new GainControl(OPTIONS);
      expect(processAll(control, background)).to.deep.equal(background);
    });

    it(`moves the gain that speech had by 3 dB at most in ${what}, and soon no more`, () => {
      const control = new GainControl(OPTIONS);
      const quiet = scaled(speech, -15);
      processAll(control, quiet);
      processAll(control, noise(48_000, -75));
      const before = control.gainDb;
      const frames = framesOf(scaled(background, -15));
      for (const frame of frames.slice(0, 260)) control.process(frame);
      const known = control.gainDb;
      expect(known).to.be.closeTo(before, 3);
      for (const frame of frames.slice(260, 300)) control.process(frame);
      expect(control.gainDb).to.equal(known);
    });
  }

  it('never reaches full scale, whatever comes', () => {
    const quietSpeech = scaled(speech.subarray(0, 48_000), -20);
    const samples = fc.int16Array({ minLength: FRAME_SAMPLES, maxLength: FRAME_SAMPLES });
    const frames = fc.array(
      fc.tuple(samples, fc.double({ min: 0, max: 1, noNaN: true })).map(([frame, factor]) => {
        return frame.map((sample) => Math.round(sample * factor));
      }),
      { minLength: 1, maxLength: 6 },
    );
    fc.assert(
      fc.property(frames, (given) => {
        const control = new GainControl(OPTIONS);
        processAll(control, quietSpeech);
        for (const frame of given) {
          const before = frame.slice();
          const out = control.process(frame);
          expect(out.every((sample) => Math.abs(sample) < 32_600)).to.equal(true);
          expect(out.every((sample, i) => sample * (before[i] ?? 0) >= 0)).to.equal(true);
        }
      }),
      { numRuns: 25 },
    );
  });

  it('changes the gain in a straight line, without a click', () => {
    const control = new GainControl(OPTIONS);
    processAll(control, scaled(speech, -20));
    // A tone is no speech for long, and rises from the noise before it: the gain moves.
    const tone = sine(32_000, 0.05);
    const out = processAll(control, tone);
    const gain = Math.max(...out.map(Math.abs)) / (0.05 * FULL_SCALE);
    const steepest = 0.05 * FULL_SCALE * gain * ((2 * Math.PI * 200) / 16_000);
    for (let index = 1; index < out.length; index++) {
      const jump = Math.abs((out[index] ?? 0) - (out[index - 1] ?? 0));
      expect(jump).to.be.lessThan(steepest * 1.05 + 2);
    }
  });

  it('is not pumped up by noise that sets in before anybody has spoken', () => {
    const control = new GainControl(OPTIONS);
    processAll(control, noise(32_000, -75));
    processAll(control, noise(160_000, -45));
    expect(control.gainDb).to.be.within(0, 8);
  });

  it('is back within a second after a bang', () => {
    const control = new GainControl(OPTIONS);
    processAll(control, scaled(speech, -15));
    const { gainDb } = control;
    control.process(noise(FRAME_SAMPLES, -5));
    expect(control.gainDb).to.be.lessThan(gainDb - 6);
    processAll(control, noise(16_000, -75));
    expect(control.gainDb).to.be.closeTo(gainDb, 0.5);
  });

  it('starts afresh after a reset, and gives the same again', () => {
    const control = new GainControl(OPTIONS);
    const quiet = scaled(speech, -15);
    const once = processAll(control, quiet);
    control.reset();
    expect(control.gainDb).to.equal(0);
    expect(processAll(control, quiet)).to.deep.equal(once);
  });

  it('works in place', () => {
    const frame = sine(FRAME_SAMPLES, 0.3);
    expect(new GainControl(OPTIONS).process(frame)).to.equal(frame);
  });
});
