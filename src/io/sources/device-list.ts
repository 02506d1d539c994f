import { PortAudioChild } from './portaudio-child.ts';
import type { InputDevice, PortAudioAnswer } from './portaudio-protocol.ts';

/** To start a process and ask PortAudio; a frozen sound server never answers. */
const LIST_DEADLINE_MS = 5_000;

export interface DeviceList {
  devices: InputDevice[];
  /** One sentence when devices cannot be listed; null when the list is what there is, be it empty. */
  problem: string | null;
}

/** The input devices of this machine, asked of PortAudio in a process of its own. Never rejects, and settles within about 5 s. */
export async function listDevices(): Promise<DeviceList> {
  let child: PortAudioChild | undefined;
  let timer: NodeJS.Timeout | undefined;
  const list = await new Promise<DeviceList>((resolve) => {
    const fail = (problem: string): void => {
      resolve({ devices: [], problem });
    };
    child = new PortAudioChild(
      { type: 'list' },
      {
        answer: (message) => {
          const list = asList(message);
          if (list !== undefined) resolve(list);
        },
        ended: (how) => {
          fail(`The PortAudio process did not list the devices: ${how}`);
        },
      },
    );
    timer = setTimeout(() => {
      fail(`The sound system did not list its devices within ${String(LIST_DEADLINE_MS / 1000)} s`);
    }, LIST_DEADLINE_MS);
  });
  clearTimeout(timer);
  await child?.kill();
  return list;
}

function asList(message: PortAudioAnswer): DeviceList | undefined {
  if (message.type === 'devices') return { devices: message.devices, problem: null };
  if (message.type === 'failed') return { devices: [], problem: message.message };
  return undefined;
}
