import { expect } from 'chai';
import {
  chooseMicrophone,
  describeMissing,
  selectDevice,
} from '../../../../src/io/devices/input-device.ts';

function device(name: string, { isDefault = false, isMonitor = false, description = name } = {}) {
  return { name, description, isDefault, isMonitor };
}

const MIC = device('alsa_input.usb-0d8c', { description: 'USB Microphone' });
const HEADSET = device('bluez_input.headset', { description: 'Headset', isDefault: true });
const MONITOR = device('alsa_output.usb.monitor', {
  description: 'Monitor of USB Speaker',
  isMonitor: true,
});
const ALL = [MONITOR, MIC, HEADSET];

describe('selectDevice', () => {
  const rows: readonly [string, string | undefined][] = [
    ['alsa_input.usb-0d8c', MIC.name],
    ['default', HEADSET.name],
    ['usb micro', MIC.name],
    ['HEADSET', HEADSET.name],
    // A monitor only when it is meant.
    ['usb', MIC.name],
    ['usb speaker', MONITOR.name],
    ['alsa_output.usb.monitor', MONITOR.name],
    ['input', undefined],
    ['none', undefined],
  ];
  for (const [wanted, name] of rows) {
    it(`takes ${JSON.stringify(wanted)} for ${String(name)}`, () => {
      expect(selectDevice(ALL, wanted)?.name).to.equal(name);
    });
  }

  it("takes the system's choice for default, unless a device is called that", () => {
    expect(selectDevice([...ALL, device('default')], 'default')?.name).to.equal('default');
  });

  it('takes no monitor for the default', () => {
    expect(selectDevice([{ ...MONITOR, isDefault: true }], 'default')).to.equal(undefined);
  });

  it('says which microphones there are instead', () => {
    expect(describeMissing(ALL, 'x')).to.equal(
      'No input device is called "x": there is "alsa_input.usb-0d8c", "bluez_input.headset"',
    );
    expect(describeMissing([MONITOR], 'x')).to.include('there is none at all');
    expect(describeMissing(ALL, 'input')).to.include('More than one').and.to.include(MIC.name);
    expect(describeMissing([MONITOR], 'default')).to.equal(
      'No input device is the default: there is none at all',
    );
  });
});

describe('chooseMicrophone', () => {
  it("takes the system's choice, else the first, and no monitor", () => {
    expect(chooseMicrophone(ALL)?.name).to.equal(HEADSET.name);
    expect(chooseMicrophone([MONITOR, MIC])?.name).to.equal(MIC.name);
    expect(chooseMicrophone([{ ...MONITOR, isDefault: true }])).to.equal(undefined);
  });
});
