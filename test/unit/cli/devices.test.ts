import { expect } from 'chai';
import { loadConfig } from '../../../config/load.ts';
import { chooseDevice, runDevices } from '../../../src/cli/devices.ts';
import { RtapError } from '../../../src/domain/errors.ts';
import { listDevices } from '../../../src/io/devices/device-list.ts';
import type { InputDevice } from '../../../src/io/devices/input-device.ts';
import { CapturedIo } from './captured-io.ts';

function device(name: string, isDefault = false): InputDevice {
  return {
    name,
    description: name,
    backend: 'portaudio',
    hostApi: 'ALSA',
    maxInputChannels: 2,
    defaultSampleRateHz: 48_000,
    isDefault,
    isMonitor: false,
  };
}

const DEVICES = [device('USB Microphone'), device('pulse', true), device('USB Headset')];

function choose(devices: readonly InputDevice[], set: string[], environment?: string) {
  return chooseDevice(devices, loadConfig({ set, env: {}, environment }));
}

describe('rtap devices', () => {
  it('names the device that would be opened', () => {
    const cases: [string[], string | undefined, string | null][] = [
      [[], undefined, 'pulse'],
      [[], 'main_pc', 'pulse'],
      [['audio.device=usb micro'], undefined, 'USB Microphone'],
      [['audio.source=device:headset'], 'pc2', 'USB Headset'],
      [['audio.source=device:headset', 'audio.device=pulse'], undefined, 'USB Headset'],
      [['audio.device=usb'], undefined, null],
      [['audio.device=none'], undefined, null],
      [['audio.source=tone'], undefined, null],
      [['audio.source=file:x.wav'], undefined, null],
    ];
    for (const [set, environment, expected] of cases) {
      expect(choose(DEVICES, set, environment).device?.name ?? null, set.join()).to.equal(expected);
    }
    expect(choose(DEVICES, ['audio.device=usb']).sentence).to.include('none, or more than one');
    expect(choose(DEVICES, ['audio.source=tone']).sentence).to.include('audio.source is tone');
  });

  it('falls back to the recording where it may, and nowhere else', () => {
    expect(choose([], []).sentence).to.include('the bundled recording would be played');
    expect(choose([], [], 'main_pc').sentence).to.match(/^No device .* the name "default"\.$/);
    expect(choose([device('hw:1')], []).device?.name).to.equal('hw:1');
    expect(choose([device('hw:1')], [], 'main_pc').device).to.equal(null);
  });

  it('takes the first backend of the configured order that has the device', () => {
    const [alsa, pulse] = [device('mic'), { ...device('mic'), backend: 'parec' as const }];
    expect(choose([alsa, pulse], ['audio.device=mic']).device).to.equal(pulse);
    const set = ['audio.device=mic', 'audio.backends=portaudio,parec'];
    expect(choose([alsa, pulse], set).device).to.equal(alsa);
    expect(choose([alsa], ['audio.device=mic']).sentence).to.include('through portaudio');
  });

  it('refuses a source that is none', () => {
    expect(() => choose(DEVICES, ['audio.source=tone:loud'])).to.throw(RtapError, 'tone');
  });

  it('lists what this machine has, for people and for programs', async () => {
    const { devices, problems } = await listDevices();
    const request = { set: [], env: {} };
    const json = new CapturedIo();
    const code = await runDevices({ request, json: true }, json);
    expect(code).to.equal(Object.keys(problems).length < 2 ? 0 : 1);
    expect(json.json()).to.have.all.keys('devices', 'problems', 'would_open', 'through');
    expect(json.json()).to.have.property('devices').with.length(devices.length);
    const text = new CapturedIo();
    expect(await runDevices({ request, json: false }, text)).to.equal(code);
    expect(text.stdout.text.trimEnd().split('\n')).to.have.length(devices.length + 1);
    expect(text.stdout.text).to.match(/(would open "|No device would be opened: ).*\.\n$/);
  });
});
