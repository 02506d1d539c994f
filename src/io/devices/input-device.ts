import type { BackendName } from '../../domain/capture.ts';

/** A device that can be recorded from, as a backend knows it. Its name is what stays; there is no other handle. */
export interface InputDevice {
  readonly name: string;
  /** For a person; the same as the name where there is no better one. */
  readonly description: string;
  readonly backend: BackendName;
  /** What serves it: a host API, or the sound server. */
  readonly hostApi: string;
  readonly maxInputChannels: number;
  readonly defaultSampleRateHz: number;
  /** The system's own choice. */
  readonly isDefault: boolean;
  /** What a loudspeaker plays, and no microphone. */
  readonly isMonitor: boolean;
}

export interface DeviceList {
  readonly devices: readonly InputDevice[];
  /** One sentence without a full stop when devices cannot be listed; null when the list is what there is, be it empty. */
  readonly problem: string | null;
}

type Named = Pick<InputDevice, 'name' | 'description' | 'isDefault' | 'isMonitor'>;

/**
 * The device that `wanted` means: the one of that name, else the system's choice for `default`, else the only microphone,
 * and after the microphones the only monitor, whose name or description contains it in any case.
 */
export function selectDevice<TDevice extends Named>(
  devices: readonly TDevice[],
  wanted: string,
): TDevice | undefined {
  const exact = devices.find((device) => device.name === wanted);
  if (exact !== undefined) return exact;
  if (wanted === 'default') return devices.find((device) => device.isDefault && !device.isMonitor);
  for (const isMonitor of [false, true]) {
    const [found, ...others] = devices.filter(
      (one) => one.isMonitor === isMonitor && isMeant(one, wanted),
    );
    if (found !== undefined) return others.length === 0 ? found : undefined;
  }
  return undefined;
}

/** What `auto` means: the system's own choice of microphone, else the first one; undefined where there is none. */
export function chooseMicrophone<TDevice extends Named>(
  devices: readonly TDevice[],
): TDevice | undefined {
  const microphones = devices.filter(({ isMonitor }) => !isMonitor);
  return microphones.find(({ isDefault }) => isDefault) ?? microphones[0];
}

/** The sentence, without a full stop, that says why {@link selectDevice} found none. */
export function describeMissing(devices: readonly Named[], wanted: string): string {
  const microphones = devices.filter(({ isMonitor }) => !isMonitor);
  const meant = microphones.filter((device) => isMeant(device, wanted));
  if (meant.length > 1) {
    return `More than one input device goes by ${JSON.stringify(wanted)}: ${namesOf(meant)}`;
  }
  const others =
    microphones.length === 0 ? 'there is none at all' : `there is ${namesOf(microphones)}`;
  const what = wanted === 'default' ? 'the default' : `called ${JSON.stringify(wanted)}`;
  return `No input device is ${what}: ${others}`;
}

function namesOf(devices: readonly Named[]): string {
  return devices.map(({ name }) => JSON.stringify(name)).join(', ');
}

function isMeant({ name, description }: Named, wanted: string): boolean {
  const part = wanted.toLowerCase();
  return name.toLowerCase().includes(part) || description.toLowerCase().includes(part);
}
