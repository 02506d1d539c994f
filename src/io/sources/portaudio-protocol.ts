/**
 * What the parent and the PortAudio process say to each other. The request is the process's first argument, as JSON;
 * the answers come over the IPC channel; samples come on {@link PCM_FD} as interleaved 16-bit little-endian.
 */
export const PCM_FD = 3;

export type PortAudioRequest =
  | { type: 'list' }
  /** Null: as the device prefers. */
  | { type: 'open'; device: string; sampleRateHz: number | null; channels: number };

/** An input device as PortAudio knows it. `id` holds only inside the process that listed it; a name is what stays. */
export interface InputDevice {
  name: string;
  id: number;
  maxInputChannels: number;
  defaultSampleRateHz: number;
  hostApi: string;
  isDefault: boolean;
}

export type PortAudioAnswer =
  /** The process runs and is about to call into PortAudio, which may block it for ever. */
  | { type: 'ready' }
  | { type: 'devices'; devices: InputDevice[] }
  | { type: 'opened'; device: string; sampleRateHz: number; channels: number }
  /** Bytes that were captured and thrown away after `atByte` bytes had been sent. */
  | { type: 'dropped'; atByte: number; bytes: number }
  | {
      type: 'failed';
      code: 'DEVICE_NOT_FOUND' | 'DEVICE_UNAVAILABLE';
      message: string;
      /** Whether another rate or channel count might be accepted. */
      formatRefused: boolean;
    };

const ANSWER_TYPES: readonly string[] = ['ready', 'devices', 'opened', 'dropped', 'failed'];

/** Whether a message is an answer; the process is our own, so its type says what else it holds. */
export function isPortAudioAnswer(message: unknown): message is PortAudioAnswer {
  return (
    typeof message === 'object' &&
    message !== null &&
    'type' in message &&
    typeof message.type === 'string' &&
    ANSWER_TYPES.includes(message.type)
  );
}

/**
 * The device that `wanted` means: the one of that name, else the system's choice for `default`,
 * else the only one whose name contains it in any case.
 */
export function selectDevice(devices: InputDevice[], wanted: string): InputDevice | undefined {
  const exact = devices.find((device) => device.name === wanted);
  if (exact !== undefined) return exact;
  if (wanted === 'default') return devices.find((device) => device.isDefault);
  const part = wanted.toLowerCase();
  const partial = devices.filter((device) => device.name.toLowerCase().includes(part));
  return partial.length === 1 ? partial[0] : undefined;
}
