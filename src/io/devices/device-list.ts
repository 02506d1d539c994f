import { BACKENDS } from '../../domain/capture.ts';
import type { BackendName } from '../../domain/capture.ts';
import type { DeviceBackend } from './backend.ts';
import { chooseMicrophone } from './input-device.ts';
import type { InputDevice } from './input-device.ts';
import { parecBackend } from './parec-backend.ts';
import { portAudioBackend } from './portaudio-backend.ts';

const ALL: Readonly<Record<BackendName, DeviceBackend>> = {
  parec: parecBackend,
  portaudio: portAudioBackend,
};

export function backendOf(name: BackendName): DeviceBackend {
  return ALL[name];
}

/** The backends that are asked for and that this machine can use, in that order. */
export function usableBackends(names: readonly BackendName[]): BackendName[] {
  return names.filter((name) => ALL[name].problem() === null);
}

/** What each backend lists, and what kept it from listing. */
export interface DeviceListing {
  readonly devices: readonly InputDevice[];
  /** By backend; one sentence without a full stop. */
  readonly problems: Readonly<Partial<Record<BackendName, string>>>;
}

/** The input devices of this machine, backend by backend in the order given. Never rejects, and settles within about 5 s. */
export async function listDevices(
  names: readonly BackendName[] = BACKENDS,
): Promise<DeviceListing> {
  const lists = await Promise.all(
    names.map(async (name) => ({ name, ...(await ALL[name].list()) })),
  );
  return {
    devices: lists.flatMap(({ devices }) => devices),
    problems: Object.fromEntries(
      lists.flatMap(({ name, problem }) => (problem === null ? [] : [[name, problem]])),
    ),
  };
}

/** What `auto` opens. */
export interface FoundMicrophone {
  /** Undefined where there is none. */
  readonly device: InputDevice | undefined;
  /** What kept a backend from listing; one sentence each, without a full stop. */
  readonly problems: readonly string[];
}

/**
 * The microphone that `auto` means, of the first backend that has any. Never rejects, and settles
 * within about 10 s; where the first backend has one, the next is not asked.
 */
export async function findMicrophone(names: readonly BackendName[]): Promise<FoundMicrophone> {
  const problems: string[] = [];
  for (const name of names) {
    const { devices, problem } = await ALL[name].list();
    const device = chooseMicrophone(devices);
    if (device !== undefined) return { device, problems };
    if (problem !== null) problems.push(problem);
  }
  return { device: undefined, problems };
}
