import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { measureLevel } from '../../../src/audio/level.ts';
import { WavReader } from '../../../src/audio/wav.ts';
import { RECORDING, makeRecording } from '../../support/make-recording.ts';

describe('the bundled recording', () => {
  const bytes = readFileSync(RECORDING);

  it('is what its script makes', () => {
    expect(bytes.equals(makeRecording())).to.equal(true);
  });

  it('is 16 kHz mono 16-bit, 20 to 25 s, under 900 kB, and begins with room noise', () => {
    const reader = new WavReader('recording');
    const samples = Int16Array.from(reader.push(bytes), (sample) => sample * 32_768);
    expect(reader.header?.format).to.deep.equal({
      encoding: 's16le',
      channels: 1,
      sampleRateHz: 16_000,
    });
    expect(samples.length / 16_000).to.be.within(20, 25);
    expect(bytes.length).to.be.below(900_000);
    expect(measureLevel(samples.subarray(0, 4_800)).rmsDbfs).to.be.closeTo(-70, 1);
    expect(measureLevel(samples).peakDbfs).to.be.within(-12, -0.1);
  });
});
