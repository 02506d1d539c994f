import { expect } from 'chai';
import { LevelMeter } from '../../../src/audio/level-meter.ts';
import { SILENCE_DBFS } from '../../../src/audio/level.ts';
import { FRAME_SAMPLES } from '../../../src/domain/pcm.ts';

const SILENCE = new Int16Array(FRAME_SAMPLES);
const SQUARE = new Int16Array(FRAME_SAMPLES).map((_, index) => (index % 2 === 0 ? 3_277 : -3_277));

function push(meter: LevelMeter, frame: Int16Array, times: number): void {
  for (let count = 0; count < times; count++) meter.push(frame);
}

describe('LevelMeter', () => {
  it('measures the last 300 ms', () => {
    const meter = new LevelMeter();
    push(meter, SQUARE, 50);
    expect(meter.level().rmsDbfs).to.be.closeTo(-20, 0.01);
    push(meter, SILENCE, 14);
    expect(meter.level().rmsDbfs).to.be.closeTo(-20 - 10 * Math.log10(15), 0.01);
    push(meter, SILENCE, 1);
    expect(meter.level().rmsDbfs).to.equal(SILENCE_DBFS);
  });

  it('lets a peak fall by 20 dB a second', () => {
    const meter = new LevelMeter();
    push(meter, SQUARE, 1);
    expect(meter.level().peakDbfs).to.be.closeTo(-20, 0.01);
    push(meter, SILENCE, 50);
    expect(meter.level().peakDbfs).to.be.closeTo(-40, 0.01);
    push(meter, SILENCE, 1_000);
    expect(meter.level().peakDbfs).to.equal(SILENCE_DBFS);
  });

  it('counts how long there has been nothing but zeros, in whole frames', () => {
    const meter = new LevelMeter();
    expect(meter.zeroMs).to.equal(0);
    push(meter, SILENCE, 3);
    expect(meter.zeroMs).to.equal(60);
    const faint = SILENCE.slice();
    faint[100] = 1;
    push(meter, faint, 1);
    expect(meter.zeroMs).to.equal(0);
    push(meter, SILENCE, 1);
    expect(meter.zeroMs).to.equal(20);
  });

  it('has no level before the first frame and after a reset', () => {
    const meter = new LevelMeter();
    const nothing = { rmsDbfs: SILENCE_DBFS, peakDbfs: SILENCE_DBFS };
    expect(meter.level()).to.deep.equal(nothing);
    push(meter, SQUARE, 5);
    meter.reset();
    expect(meter.level()).to.deep.equal(nothing);
  });
});
