import { setTimeout as delay } from 'node:timers/promises';
import { samplesToMs } from '../domain/pcm.ts';
import { DeviceSource } from '../io/devices/device-source.ts';
import { backendOf } from '../io/devices/device-list.ts';
import type { BackendName, DeviceLoss } from '../domain/capture.ts';
import { systemClock } from '../io/system-clock.ts';
import { capturePids, processUse } from './process-table.ts';

/** A frame that came: its samples, the place of the first, and when, on the monotonic clock. */
export interface HeardFrame {
  readonly samples: Int16Array;
  readonly atSample: number;
  readonly atMs: number;
}

/** What a steady stream does and takes. */
export interface Steadiness {
  /** By how much each frame came early or late, against a clock that has a frame for every 20 ms. */
  readonly deviationMs: number[];
  /** Between one delivery and the next; frames that come together are one. */
  readonly gapMs: number[];
  readonly durationMs: number;
  readonly captureCpuMs: number;
  readonly ownCpuMs: number;
  readonly captureResidentBytes: number;
  /** Samples that the device had and nobody received. */
  readonly missingSamples: number;
}

/** What was seen of one backend by itself. */
export interface StreamRuns {
  readonly backend: BackendName;
  readonly openingMs: number[];
  readonly latencyMs: number[];
  readonly steady: Steadiness[];
}

/** What has waited since the opening comes at once, and is no measure. */
const SETTLE_MS = 500;
/** Frames that are cut from one chunk come within microseconds. */
const SAME_DELIVERY_MS = 1;

/**
 * Owns the microphone of the sound server that this process talks to, opened through one backend as the daemon opens it.
 * A loss fails whatever is measured.
 */
export class HeardMicrophone {
  readonly openingMs: number;
  readonly #source: DeviceSource;
  #frames: HeardFrame[] = [];
  #listener: ((frame: HeardFrame) => void) | null = null;
  #clockSamples = 0;
  #missingSamples = 0;
  #loss: DeviceLoss | null = null;

  private constructor(source: DeviceSource, openingMs: number) {
    this.#source = source;
    this.openingMs = openingMs;
    source.start({
      frame: (samples) => {
        this.#take(samples);
      },
      gap: (missing) => {
        this.#clockSamples += missing;
        this.#missingSamples += missing;
      },
      lost: (loss) => {
        this.#loss = loss;
      },
    });
  }

  static async open(backend: BackendName): Promise<HeardMicrophone> {
    const device = new DeviceSource({
      backend: backendOf(backend),
      device: 'mic',
      clock: systemClock,
    });
    const startedMs = performance.now();
    try {
      await device.open();
    } catch (thrown) {
      await device.stop();
      throw thrown;
    }
    return new HeardMicrophone(device, performance.now() - startedMs);
  }

  /** Hears each frame from now on, in place of whoever heard them before. */
  listen(listener: (frame: HeardFrame) => void): void {
    this.#listener = listener;
  }

  /** Throws when the microphone was lost, though nothing was done to it. */
  check(): void {
    if (this.#loss === null) return;
    throw new Error(`nothing was done to the microphone, and yet: ${this.#loss.message}`);
  }

  async steadiness(durationMs: number): Promise<Steadiness> {
    await delay(SETTLE_MS);
    const [pid] = capturePids(process.pid);
    if (pid === undefined) throw new Error('no process has the microphone open');
    const missingBefore = this.#missingSamples;
    this.#frames = [];
    this.listen((frame) => this.#frames.push(frame));
    const [before, own, startedMs] = [processUse(pid), process.cpuUsage(), performance.now()];
    await delay(durationMs);
    const [after, used] = [processUse(pid), process.cpuUsage(own)];
    const elapsedMs = performance.now() - startedMs;
    this.check();
    return {
      ...regularity(this.#frames),
      durationMs: elapsedMs,
      captureCpuMs: after.cpuMs - before.cpuMs,
      ownCpuMs: (used.user + used.system) / 1_000,
      captureResidentBytes: after.residentBytes,
      missingSamples: this.#missingSamples - missingBefore,
    };
  }

  stop(): Promise<void> {
    return this.#source.stop();
  }

  #take(samples: Int16Array): void {
    const frame = { samples, atSample: this.#clockSamples, atMs: performance.now() };
    this.#clockSamples += samples.length;
    this.#listener?.(frame);
  }
}

function regularity(frames: readonly HeardFrame[]): Pick<Steadiness, 'deviationMs' | 'gapMs'> {
  const offsets = frames.map(({ atSample, atMs }) => atMs - samplesToMs(atSample));
  const middle = offsets.toSorted((a, b) => a - b)[offsets.length >> 1] ?? 0;
  const gaps = frames.slice(1).map(({ atMs }, index) => atMs - (frames[index]?.atMs ?? atMs));
  return {
    deviationMs: offsets.map((offset) => Math.abs(offset - middle)),
    gapMs: gaps.filter((gap) => gap >= SAME_DELIVERY_MS),
  };
}
