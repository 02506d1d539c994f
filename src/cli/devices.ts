import { loadConfig } from '../../config/load.ts';
import type { ConfigRequest, LoadedConfig } from '../../config/load.ts';
import type { BackendName } from '../domain/capture.ts';
import { EXIT } from '../domain/errors.ts';
import type { SeenDevice } from '../io/devices/device-changes.ts';
import { listDevices } from '../io/devices/device-list.ts';
import type { DeviceListing } from '../io/devices/device-list.ts';
import { chooseMicrophone, selectDevice } from '../io/devices/input-device.ts';
import type { InputDevice } from '../io/devices/input-device.ts';
import { parseSource } from '../io/sources/source-spec.ts';
import { alignedLines, writeJson, writeLine } from './command-io.ts';
import type { CommandIo } from './command-io.ts';

/** What a daemon with this configuration would open now. */
export interface Choice {
  /** Null when none would be opened. */
  readonly device: InputDevice | null;
  /** One sentence that says what would be opened, or why nothing. */
  readonly sentence: string;
}

/** Chooses as the daemon does, without opening anything. Throws RtapError USAGE for a source that is none. */
export function chooseDevice(devices: readonly InputDevice[], loaded: LoadedConfig): Choice {
  const { config, profile } = loaded;
  const { source, device } = config.audio;
  const asked = parseSource(source);
  if (asked.kind !== 'auto' && asked.kind !== 'device') {
    return { device: null, sentence: `No device would be opened: audio.source is ${source}.` };
  }
  const isAnyGood = asked.kind === 'auto' && device === 'default' && !profile.production;
  const wanted = asked.kind === 'device' ? asked.name : device;
  for (const name of config.audio.backends) {
    const own = devices.filter(({ backend }) => backend === name);
    const found = isAnyGood ? chooseMicrophone(own) : selectDevice(own, wanted);
    if (found === undefined) continue;
    return {
      device: found,
      sentence: `rtap run would open ${JSON.stringify(found.name)} through ${name}.`,
    };
  }
  return {
    device: null,
    sentence: isAnyGood
      ? 'No device would be opened: there is none, so the bundled recording would be played.'
      : `No device would be opened: none, or more than one, goes by the name ${JSON.stringify(wanted)}.`,
  };
}

/**
 * `rtap devices`: the input devices by name, and which one would be opened.
 * Returns 0, also when there is none, or 1 when no backend can list them. Throws RtapError for a bad configuration.
 */
export async function runDevices(
  options: { readonly request: ConfigRequest; readonly json: boolean },
  io: CommandIo,
): Promise<number> {
  const loaded = loadConfig(options.request);
  const backends = loaded.config.audio.backends as readonly BackendName[];
  const listing = await listDevices(backends);
  const choice = chooseDevice(listing.devices, loaded);
  if (options.json) writeJson(io.stdout, asJson(listing, choice));
  else {
    for (const problem of Object.values(listing.problems)) writeLine(io.stderr, `${problem}.`);
    for (const line of drawn(listing.devices)) writeLine(io.stdout, line);
    writeLine(io.stdout, choice.sentence);
  }
  const isListed = backends.some((name) => listing.problems[name] === undefined);
  return isListed ? EXIT.done : EXIT.failed;
}

function asJson({ devices, problems }: DeviceListing, choice: Choice): object {
  return {
    devices: devices.map(deviceFields),
    problems,
    would_open: choice.device?.name ?? null,
    through: choice.device?.backend ?? null,
  };
}

/** A device as a program reads it; whether it is suspended is null where nobody knows. */
export function deviceFields(device: SeenDevice): Record<string, unknown> {
  return {
    name: device.name,
    description: device.description,
    backend: device.backend,
    host_api: device.hostApi,
    max_input_channels: device.maxInputChannels,
    default_sample_rate_hz: device.defaultSampleRateHz,
    is_default: device.isDefault,
    is_monitor: device.isMonitor,
    is_suspended: device.isSuspended ?? null,
  };
}

/** The same for a person, a cell a fact; empty where there is nothing to say. */
export function deviceCells(device: SeenDevice): string[] {
  const states = [
    device.isDefault ? 'default' : '',
    device.isMonitor ? 'monitor' : '',
    device.isSuspended === true ? 'suspended' : '',
  ];
  return [
    device.name,
    `${String(device.defaultSampleRateHz)} Hz`,
    `${String(device.maxInputChannels)} in`,
    device.backend,
    states.filter((state) => state !== '').join(', '),
    device.description === device.name ? '' : device.description,
  ];
}

function drawn(devices: readonly InputDevice[]): string[] {
  return alignedLines(devices.map(deviceCells)).map((line) => line.trimEnd());
}
