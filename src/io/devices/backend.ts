import type { Duplex } from 'node:stream';
import type { PcmFormat } from '../../audio/pcm-format.ts';
import type { BackendName, LossCause } from '../../domain/capture.ts';
import type { DeviceList } from './input-device.ts';

/** A format as it is asked for; a rate of null is the device's own. */
export interface WantedFormat {
  readonly sampleRateHz: number | null;
  readonly channels: number;
}

export interface OpenRequest extends WantedFormat {
  /** The device's name or a part of it, or `default`. */
  readonly device: string;
}

/** What an open device's process tells, in this order but for `dropped`, `latency` and `lost`. */
export type DeviceEvent =
  /** It runs, its samples will come on `pcm`, and it may be blocked: from here the first samples have their deadline. */
  | { type: 'started' }
  | { type: 'opened'; device: string; description: string; format: PcmFormat }
  /** Bytes that were captured and thrown away after `atByte` bytes had been sent. */
  | { type: 'dropped'; atByte: number; bytes: number }
  /** How old its newest samples are when they come. */
  | { type: 'latency'; latencyMs: number }
  | {
      type: 'refused';
      code: 'DEVICE_NOT_FOUND' | 'DEVICE_UNAVAILABLE';
      message: string;
      /** Whether another rate or channel count might be accepted. */
      isFormatRefused: boolean;
    }
  /** It said itself that the device gives no more; its process may still run. */
  | { type: 'lost'; cause: LossCause; problem: string; movedTo: string | null }
  /** Comes once, last, and also when it could not be started. */
  | { type: 'exited'; cause: LossCause; how: string };

/** One process that holds one device open. */
export interface DeviceProcess {
  /** Null when it does not run, or not yet. */
  readonly pid: number | null;
  /** Its samples, which hold it back while they are not read; undefined when it could not be started. */
  readonly pcm: Duplex | undefined;
  /** The last thing that the native code complained of, one line, or the empty string. */
  readonly complaint: string;
  /** Ends it at once, whatever it does; resolves when it is gone. */
  kill(): Promise<void>;
}

/** A way to reach input devices. Neither promises ever to answer: deadlines are the caller's. */
export interface DeviceBackend {
  readonly name: BackendName;
  /** The formats to try, in order. */
  readonly formats: readonly WantedFormat[];
  /** One sentence without a full stop why this machine cannot use it, or null. */
  problem(): string | null;
  /** Never rejects, and settles within a few seconds. */
  list(signal?: AbortSignal): Promise<DeviceList>;
  /** `onEvent` is never called before this has returned. */
  open(request: OpenRequest, onEvent: (event: DeviceEvent) => void): DeviceProcess;
}
