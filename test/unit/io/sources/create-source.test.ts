import { expect } from 'chai';
import { resolveAuto } from '../../../../src/io/sources/create-source.ts';
import { selectDevice } from '../../../../src/io/sources/portaudio-protocol.ts';
import type { InputDevice } from '../../../../src/io/sources/portaudio-protocol.ts';

function device(name: string, isDefault = false): InputDevice {
  return {
    name,
    id: 0,
    maxInputChannels: 1,
    defaultSampleRateHz: 48_000,
    hostApi: 'ALSA',
    isDefault,
  };
}

describe('resolveAuto', () => {
  it("takes the system's choice, else the first device, else the recording", () => {
    const [a, b] = [device('a'), device('b', true)];
    expect(resolveAuto({ devices: [a, b], problem: null })).to.deep.equal({
      kind: 'device',
      name: 'b',
    });
    expect(resolveAuto({ devices: [a], problem: null })).to.deep.equal({
      kind: 'device',
      name: 'a',
    });
    expect(resolveAuto({ devices: [], problem: 'none' })).to.deep.equal({ kind: 'recording' });
  });
});

describe('selectDevice', () => {
  const devices = [device('USB Mic: Audio (hw:1,0)'), device('mic'), device('HDA Analog', true)];

  it('takes the exact name before a part of another', () => {
    expect(selectDevice(devices, 'mic')?.name).to.equal('mic');
  });

  it('takes a part in any case that only one name has', () => {
    expect(selectDevice(devices, 'usb mic')?.name).to.equal('USB Mic: Audio (hw:1,0)');
    expect(selectDevice(devices, 'a')).to.equal(undefined);
    expect(selectDevice(devices, 'none')).to.equal(undefined);
  });

  it("takes the system's choice for default, unless a device is called that", () => {
    expect(selectDevice(devices, 'default')?.name).to.equal('HDA Analog');
    expect(selectDevice([...devices, device('default')], 'default')?.name).to.equal('default');
  });
});
