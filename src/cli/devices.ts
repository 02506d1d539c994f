import { loadConfig } from '../../config/load.ts';
import type { ConfigRequest, LoadedConfig } from '../../config/load.ts';
import { EXIT } from '../domain/errors.ts';
import { resolveAuto } from '../io/sources/create-source.ts';
import { listDevices } from '../io/sources/device-list.ts';
import type { DeviceList } from '../io/sources/device-list.ts';
import { selectDevice } from '../io/sources/portaudio-protocol.ts';
import { parseSource } from '../io/sources/source-spec.ts';
import { alignedLines, writeJson, writeLine } from './command-io.ts';
import type { CommandIo } from './command-io.ts';

/** What a daemon with this configuration would open now. */
export interface Choice {
  /** The device's name; null when none would be opened. */
  readonly device: string | null;
  /** One sentence that says what would be opened, or why nothing. */
  readonly sentence: string;
}

/** Chooses as the daemon does, without opening anything. Throws RtapError USAGE for a source that is none. */
export function chooseDevice(list: DeviceList, loaded: LoadedConfig): Choice {
  const { config, profile } = loaded;
  const { source, device } = config.audio;
  const asked = parseSource(source);
  const isNamed = device !== 'default' || profile.production;
  const wanted =
    asked.kind === 'auto' && isNamed ? ({ kind: 'device', name: device } as const) : asked;
  const decided = wanted.kind === 'auto' ? resolveAuto(list) : wanted;
  if (decided.kind === 'device') {
    const found = selectDevice(list.devices, decided.name);
    return found === undefined
      ? {
          device: null,
          sentence: `No device would be opened: none, or more than one, goes by the name ${JSON.stringify(decided.name)}.`,
        }
      : { device: found.name, sentence: `rtap run would open ${JSON.stringify(found.name)}.` };
  }
  if (decided.kind !== 'recording') {
    return { device: null, sentence: `No device would be opened: audio.source is ${source}.` };
  }
  return {
    device: null,
    sentence: 'No device would be opened: there is none, so the bundled recording would be played.',
  };
}

/**
 * `rtap devices`: the input devices by name, and which one would be opened.
 * Returns 0, also when there is none, or 1 when they cannot be listed. Throws RtapError for a bad configuration.
 */
export async function runDevices(
  options: { readonly request: ConfigRequest; readonly json: boolean },
  io: CommandIo,
): Promise<number> {
  const loaded = loadConfig(options.request);
  const list = await listDevices();
  const choice = chooseDevice(list, loaded);
  const code = list.problem === null ? EXIT.done : EXIT.failed;
  if (options.json) {
    writeJson(io.stdout, {
      devices: list.devices.map((device) => ({
        name: device.name,
        id: device.id,
        max_input_channels: device.maxInputChannels,
        default_sample_rate_hz: device.defaultSampleRateHz,
        host_api: device.hostApi,
        is_default: device.isDefault,
      })),
      problem: list.problem,
      would_open: choice.device,
    });
    return code;
  }
  if (list.problem !== null) writeLine(io.stderr, `${list.problem}.`);
  const rows = list.devices.map((device) => [
    device.name,
    `${String(device.defaultSampleRateHz)} Hz`,
    `${String(device.maxInputChannels)} in`,
    device.hostApi,
    device.isDefault ? 'default' : '',
  ]);
  for (const line of alignedLines(rows)) writeLine(io.stdout, line.trimEnd());
  writeLine(io.stdout, choice.sentence);
  return code;
}
