import { selectDevice } from './input-device.ts';
import type { SoundSnapshot } from './sound-server.ts';

/**
 * How a device stands with the sound server. One that is suspended may only sleep, since nobody records from it, and wakes
 * up when it is opened; or somebody has switched it off, and it gives nothing. `unknown`: the server does not answer.
 */
export type DevicePresence = 'unknown' | 'absent' | 'suspended' | 'present';

export function presenceOf(snapshot: SoundSnapshot | null, wanted: string): DevicePresence {
  if (snapshot === null) return 'unknown';
  const device = selectDevice(snapshot.devices, wanted);
  if (device === undefined) return 'absent';
  return device.isSuspended ? 'suspended' : 'present';
}

/** Whether an opening may succeed that did not before. */
export function isNearer(before: DevicePresence | null, now: DevicePresence): boolean {
  if (now === 'present') return before !== 'present';
  return now === 'suspended' && before !== 'present' && before !== 'suspended';
}

/**
 * Whether the sound server has the device, for a daemon with these backends; null where nobody knows. One that is opened
 * through ALSA alone goes by a name that the sound server need not know.
 */
export function isListedFor(backends: readonly string[], presence: DevicePresence): boolean | null {
  if (presence === 'present' || presence === 'suspended') return true;
  return presence === 'absent' && backends.includes('parec') ? false : null;
}
