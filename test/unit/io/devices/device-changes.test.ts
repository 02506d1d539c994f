import { expect } from 'chai';
import { deviceChanges } from '../../../../src/io/devices/device-changes.ts';
import type { SeenDevice } from '../../../../src/io/devices/device-changes.ts';

function device(name: string, more: Partial<SeenDevice> = {}): SeenDevice {
  return {
    name,
    description: name,
    backend: 'parec',
    hostApi: 'sound server',
    maxInputChannels: 1,
    defaultSampleRateHz: 48_000,
    isDefault: false,
    isMonitor: false,
    isSuspended: false,
    ...more,
  };
}

/** Changes in short: `added mic`, `changed mic suspended default`. */
function told(before: readonly SeenDevice[], after: readonly SeenDevice[]): string[] {
  return deviceChanges(before, after).map((change) =>
    [change.event, change.device.name, ...('turns' in change ? change.turns : [])].join(' '),
  );
}

const mic = device('mic');
const spare = device('spare');
const unknown: SeenDevice = { ...mic };
Reflect.deleteProperty(unknown, 'isSuspended');

describe('deviceChanges', () => {
  const cases: [string, SeenDevice[], SeenDevice[], string[]][] = [
    ['nothing, of nothing', [], [], []],
    ['nothing, of the same in another order', [mic, spare], [spare, mic], []],
    ['what came', [mic], [mic, spare], ['added spare']],
    ['what went', [mic, spare], [spare], ['removed mic']],
    ['what went before what came', [mic], [spare], ['removed mic', 'added spare']],
    [
      'what was suspended, and resumed',
      [mic, device('spare', { isSuspended: true })],
      [device('mic', { isSuspended: true }), spare],
      ['changed mic suspended', 'changed spare resumed'],
    ],
    [
      'the new default, and not the old one',
      [device('mic', { isDefault: true }), spare],
      [mic, device('spare', { isDefault: true })],
      ['changed spare default'],
    ],
    [
      'two turns of one device at once',
      [device('mic', { isSuspended: true })],
      [device('mic', { isDefault: true })],
      ['changed mic resumed default'],
    ],
    ['nothing of a state that is not known', [unknown], [mic], []],
    ['one of two that have the same name', [mic, mic], [mic], ['removed mic']],
    [
      'the same name of another backend',
      [mic],
      [mic, device('mic', { backend: 'portaudio' })],
      ['added mic'],
    ],
    ['no change of what matters to nobody', [mic], [device('mic', { description: 'Mic' })], []],
  ];
  for (const [what, before, after, expected] of cases) {
    it(`tells ${what}`, () => {
      expect(told(before, after)).to.deep.equal(expected);
    });
  }

  it('gives the device as it is now, or as it was last', () => {
    const asleep = device('mic', { isSuspended: true });
    expect(deviceChanges([mic], [asleep])[0]?.device).to.equal(asleep);
    expect(deviceChanges([mic], [])[0]?.device).to.equal(mic);
  });
});
