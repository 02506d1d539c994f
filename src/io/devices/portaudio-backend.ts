import { createRequire } from 'node:module';
import type { Duplex } from 'node:stream';
import { SAMPLE_RATE_HZ } from '../../domain/pcm.ts';
import type { DeviceBackend, DeviceEvent, DeviceProcess, OpenRequest } from './backend.ts';
import type { DeviceList } from './input-device.ts';
import { PortAudioChild } from './portaudio-child.ts';
import type { PortAudioAnswer } from './portaudio-protocol.ts';

/** To start a process and ask PortAudio; a frozen sound server never answers. */
const LIST_DEADLINE_MS = 5_000;

/** What PortAudio prints when a call into ALSA fails under a running stream; at its opening ALSA complains of much. */
const STREAM_FAILED = /^Expression .* failed in /;

/**
 * PortAudio, through the optional package `naudiodon`: ALSA devices without a sound server. A device that refuses the
 * pipeline's format is opened in its own. PortAudio itself never tells that a device is lost.
 */
export const portAudioBackend: DeviceBackend = {
  name: 'portaudio',
  formats: [
    { sampleRateHz: SAMPLE_RATE_HZ, channels: 1 },
    { sampleRateHz: null, channels: 1 },
    { sampleRateHz: null, channels: 2 },
  ],
  problem: () => {
    try {
      createRequire(import.meta.url).resolve('naudiodon');
      return null;
    } catch {
      return 'the optional package naudiodon is not installed';
    }
  },
  list: listInputs,
  open: (request, onEvent) => new PortAudioDevice(request, onEvent),
};

async function listInputs(signal?: AbortSignal): Promise<DeviceList> {
  let child: PortAudioChild | undefined;
  let timer: NodeJS.Timeout | undefined;
  let stop: (() => void) | undefined;
  const list = await new Promise<DeviceList>((resolve) => {
    const fail = (problem: string): void => {
      resolve({ devices: [], problem });
    };
    stop = () => {
      fail('Nobody waits for the list of devices any more');
    };
    signal?.addEventListener('abort', stop, { once: true });
    child = new PortAudioChild(
      { type: 'list' },
      {
        answer: (message) => {
          if (message.type === 'devices') resolve({ devices: message.devices, problem: null });
          else if (message.type === 'failed') fail(message.message);
        },
        complained: () => undefined,
        ended: ({ how }) => {
          fail(`The PortAudio process did not list the devices: ${how}`);
        },
      },
    );
    timer = setTimeout(() => {
      fail(`The sound system did not list its devices within ${String(LIST_DEADLINE_MS / 1000)} s`);
    }, LIST_DEADLINE_MS);
  });
  clearTimeout(timer);
  if (stop !== undefined) signal?.removeEventListener('abort', stop);
  await child?.kill();
  return list;
}

class PortAudioDevice implements DeviceProcess {
  readonly #tell: (event: DeviceEvent) => void;
  readonly #child: PortAudioChild;
  #isOpen = false;
  #isOver = false;

  constructor({ device, sampleRateHz, channels }: OpenRequest, onEvent: (e: DeviceEvent) => void) {
    this.#tell = (event) => {
      if (!this.#isOver) onEvent(event);
    };
    this.#child = new PortAudioChild(
      { type: 'open', device, sampleRateHz, channels },
      {
        answer: (message) => {
          this.#hear(message);
        },
        complained: (line) => {
          if (!this.#isOpen || !STREAM_FAILED.test(line)) return;
          const problem = `PortAudio says that ALSA failed: ${line.slice(0, 200)}`;
          this.#tell({ type: 'lost', cause: 'device_failed', problem, movedTo: null });
        },
        ended: ({ how, isKilled }) => {
          const cause = isKilled ? 'process_killed' : 'process_exited';
          this.#tell({ type: 'exited', cause, how });
        },
      },
    );
  }

  get pid(): number | null {
    return this.#child.pid;
  }

  get pcm(): Duplex | undefined {
    return this.#child.pcm;
  }

  get complaint(): string {
    return this.#child.complaint;
  }

  kill(): Promise<void> {
    this.#isOver = true;
    return this.#child.kill();
  }

  #hear(message: PortAudioAnswer): void {
    switch (message.type) {
      case 'ready':
        this.#tell({ type: 'started' });
        break;
      case 'opened': {
        const { device, sampleRateHz, channels } = message;
        this.#isOpen = true;
        this.#tell({
          type: 'opened',
          device,
          description: device,
          format: { encoding: 's16le', sampleRateHz, channels },
        });
        break;
      }
      case 'dropped':
        this.#tell({ type: 'dropped', atByte: message.atByte, bytes: message.bytes });
        break;
      case 'failed':
        this.#tell({
          type: 'refused',
          code: message.code,
          message: message.message,
          isFormatRefused: message.formatRefused,
        });
        break;
      case 'devices':
    }
  }
}
