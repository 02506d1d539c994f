import { expect } from 'chai';
import { isListedFor, isNearer, presenceOf } from '../../../../src/io/devices/device-presence.ts';
import type { SoundSnapshot } from '../../../../src/io/devices/sound-server.ts';

function snapshot(isSuspended: boolean): SoundSnapshot {
  const device = {
    name: 'mic',
    description: 'mic',
    backend: 'parec',
    hostApi: 'sound server',
    maxInputChannels: 1,
    defaultSampleRateHz: 48_000,
    isDefault: true,
    isMonitor: false,
    isSuspended,
  } as const;
  return { devices: [device], streams: [] };
}

describe('the presence of a device', () => {
  it('is what the sound server says of it', () => {
    expect(presenceOf(null, 'mic')).to.equal('unknown');
    expect(presenceOf(snapshot(false), 'other')).to.equal('absent');
    expect(presenceOf(snapshot(true), 'mic')).to.equal('suspended');
    expect(presenceOf(snapshot(false), 'mic')).to.equal('present');
  });

  it('says that there is none only of a device that the sound server would know', () => {
    expect(isListedFor(['parec', 'portaudio'], 'absent')).to.equal(false);
    expect(isListedFor(['portaudio'], 'absent')).to.equal(null);
    expect(isListedFor(['portaudio'], 'present')).to.equal(true);
    expect(isListedFor(['parec'], 'suspended')).to.equal(true);
    expect(isListedFor(['parec'], 'unknown')).to.equal(null);
  });

  it('calls for an opening when it comes, wakes up, or its server answers again, and not when it goes to sleep', () => {
    const nearer = [
      [null, 'present'],
      ['absent', 'present'],
      ['unknown', 'present'],
      ['suspended', 'present'],
      ['absent', 'suspended'],
      ['unknown', 'suspended'],
    ] as const;
    for (const [before, now] of nearer)
      expect(isNearer(before, now), `${String(before)} ${now}`).to.equal(true);
    const not = [
      ['present', 'present'],
      ['present', 'suspended'],
      ['present', 'absent'],
      ['suspended', 'suspended'],
      ['suspended', 'unknown'],
    ] as const;
    for (const [before, now] of not)
      expect(isNearer(before, now), `${before} ${now}`).to.equal(false);
  });
});
