import type { InputDevice } from './input-device.ts';

/** A device, and whether it sleeps, where its backend knows that. */
export interface SeenDevice extends InputDevice {
  readonly isSuspended?: boolean;
}

/** What may become of a device that stays. */
export type DeviceTurn = 'suspended' | 'resumed' | 'default';

export type DeviceChange =
  | { readonly event: 'added' | 'removed'; readonly device: SeenDevice }
  /** The device as it is now, and what has become of it. */
  | {
      readonly event: 'changed';
      readonly device: SeenDevice;
      readonly turns: readonly DeviceTurn[];
    };

/**
 * What one list of devices has become in the next: first what went, then what came, then what changed. Devices of one
 * name are told apart by their order alone, since a backend may list two that it gives no other name.
 */
export function deviceChanges(
  before: readonly SeenDevice[],
  after: readonly SeenDevice[],
): DeviceChange[] {
  const [old, now] = [byKey(before), byKey(after)];
  const removed = [...old].filter(([key]) => !now.has(key));
  const added = [...now].filter(([key]) => !old.has(key));
  const changed = [...now].flatMap(([key, device]): DeviceChange[] => {
    const previous = old.get(key);
    const turns = previous === undefined ? [] : turnsOf(previous, device);
    return turns.length === 0 ? [] : [{ event: 'changed', device, turns }];
  });
  return [
    ...removed.map(([, device]): DeviceChange => ({ event: 'removed', device })),
    ...added.map(([, device]): DeviceChange => ({ event: 'added', device })),
    ...changed,
  ];
}

function turnsOf(before: SeenDevice, after: SeenDevice): DeviceTurn[] {
  const turns: DeviceTurn[] = [];
  const isSuspended = after.isSuspended === true;
  if (isSuspended !== (before.isSuspended === true)) {
    turns.push(isSuspended ? 'suspended' : 'resumed');
  }
  if (after.isDefault && !before.isDefault) turns.push('default');
  return turns;
}

function byKey(devices: readonly SeenDevice[]): Map<string, SeenDevice> {
  const found = new Map<string, SeenDevice>();
  for (const device of devices) {
    let nth = 0;
    while (found.has(keyOf(device, nth))) nth += 1;
    found.set(keyOf(device, nth), device);
  }
  return found;
}

function keyOf({ backend, name }: SeenDevice, nth: number): string {
  return JSON.stringify([backend, name, nth]);
}
