import { expect } from 'chai';
import { loadConfig } from '../../../config/load.ts';
import { chooseDevice, runDevices } from '../../../src/cli/devices.ts';
import { RtapError } from '../../../src/domain/errors.ts';
import { listDevices } from '../../../src/io/sources/device-list.ts';
import { CapturedIo } from './captured-io.ts';

function device(name: string, isDefault = false) {
  const common = { maxInputChannels: 2, defaultSampleRateHz: 48_000, hostApi: 'ALSA' };
  return { name, id: 0, isDefault, ...common };
}

const DEVICES = [device('USB Microphone'), device('pulse', true), device('USB Headset')];

function choose(names: typeof DEVICES, set: string[], environment?: string) {
  const loaded = loadConfig({ set, env: {}, environment });
  return chooseDevice({ devices: names, problem: null }, loaded);
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
      expect(choose(DEVICES, set, environment).device, set.join()).to.equal(expected);
    }
    expect(choose(DEVICES, ['audio.device=usb']).sentence).to.include('none, or more than one');
    expect(choose(DEVICES, ['audio.source=tone']).sentence).to.include('audio.source is tone');
  });

  it('falls back to the recording where it may, and nowhere else', () => {
    expect(choose([], []).sentence).to.include('the bundled recording would be played');
    expect(choose([], [], 'main_pc').sentence).to.match(/^No device .* the name "default"\.$/);
    expect(choose([device('hw:1')], []).device).to.equal('hw:1');
    expect(choose([device('hw:1')], [], 'main_pc').device).to.equal(null);
  });

  it('refuses a source that is none', () => {
    expect(() => choose(DEVICES, ['audio.source=tone:loud'])).to.throw(RtapError, 'tone');
  });

  it('lists what this machine has, for people and for programs', async () => {
    const { devices, problem } = await listDevices();
    const request = { set: [], env: {} };
    const json = new CapturedIo();
    const code = await runDevices({ request, json: true }, json);
    expect(code).to.equal(problem === null ? 0 : 1);
    expect(json.json()).to.have.all.keys('devices', 'problem', 'would_open');
    expect(json.json()).to.have.property('devices').with.length(devices.length);
    const text = new CapturedIo();
    expect(await runDevices({ request, json: false }, text)).to.equal(code);
    expect(text.stdout.text.trimEnd().split('\n')).to.have.length(devices.length + 1);
    expect(text.stdout.text).to.match(/(would open "|No device would be opened: ).*\.\n$/);
  });
});
