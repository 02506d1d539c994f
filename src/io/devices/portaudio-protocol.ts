/**
 * What the parent and the PortAudio process say to each other. The request is the process's first argument, as JSON;
 * the answers come over the IPC channel; samples come on {@link PCM_FD} as interleaved 16-bit little-endian.
 */
import type { InputDevice } from './input-device.ts';

export const PCM_FD = 3;

export type PortAudioRequest =
  | { type: 'list' }
  /** Null: as the device prefers. */
  | { type: 'open'; device: string; sampleRateHz: number | null; channels: number };

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
