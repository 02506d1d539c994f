import type { AudioPath } from '../src/audio/audio-path.ts';
import type { GainControl } from '../src/audio/gain-control.ts';
import { LevelMeter } from '../src/audio/level-meter.ts';
import type { CaptureGap, DeviceLoss, GapCause } from '../src/domain/capture.ts';
import { msToSamples, samplesToMs } from '../src/domain/pcm.ts';
import type { Metrics } from '../src/telemetry/metrics.ts';
import type { Clock } from './clock.ts';

/** What is asked of the device that is heard. */
export interface HeardDevice {
  /** When the sample after its last one was, or would have been, captured; monotonic. */
  readonly endMs: number;
  /** By how much later than it was said the first sample was captured, as it turned out. */
  readonly startLagMs: number;
  readonly driftPpm: number | null;
  readonly latencyMs: number | null;
  readonly frameAgeMs: number;
}

interface Outage {
  /** The first position that is missing. */
  readonly firstSample: number;
  /** Monotonic: when it would have been captured. */
  readonly sinceMs: number;
  readonly cause: GapCause;
}

export interface IntakeOptions {
  readonly path: AudioPath;
  readonly clock: Clock;
  readonly metrics: Metrics;
  /** Null where what is captured stays as it is. */
  readonly gain: GainControl | null;
}

/** How often the sample clock is moved on while a device is lost. */
const TICK_MS = 1_000;
/** By so much it stays behind meanwhile: the device that comes back has captured its first samples before they are here. */
const MARGIN_MS = 500;

/**
 * Keeps the sample clock across the losses of a device, and what is known of the one that is heard. It outlives the
 * capture stage, so that the clock also runs on while that stage restarts.
 */
export class Intake {
  /** Of what comes in, before the gain. */
  readonly meter = new LevelMeter();
  readonly #path: AudioPath;
  readonly #clock: Clock;
  readonly #metrics: Metrics;
  readonly #gain: GainControl | null;
  #device: HeardDevice | null = null;
  #outage: Outage | null = null;
  #timer: unknown;
  /** As it was asked for. */
  wanted: string | null = null;
  loss: DeviceLoss | null = null;

  constructor(options: IntakeOptions) {
    this.#path = options.path;
    this.#clock = options.clock;
    this.#metrics = options.metrics;
    this.#gain = options.gain;
  }

  /** What the gain control amplifies by now; null where there is none. */
  get gainDb(): number | null {
    return this.#gain?.gainDb ?? null;
  }

  /** The device that is heard; null while there is none. */
  get device(): HeardDevice | null {
    return this.#device;
  }

  /** For how long the device has been lost; null while it is not. */
  get outageMs(): number | null {
    return this.#outage === null ? null : this.#clock.now() - this.#outage.sinceMs;
  }

  /**
   * A device was opened, whose first sample was captured at `startMs`. The clock moves on to there from where the one
   * before was lost; returns that gap, or null when nothing was lost.
   */
  begin(device: HeardDevice, startMs: number): CaptureGap | null {
    const gap = this.#endOutage(startMs);
    this.#device = device;
    this.#startAfresh();
    this.anchor(startMs);
    return gap;
  }

  /** Takes a frame of whatever source there is; it may be changed. */
  take(samples: Int16Array): void {
    this.meter.push(samples);
    this.#path.write(this.#gain?.process(samples) ?? samples);
    this.#metrics.framesProcessed.inc({ stage: 'capture' });
  }

  /** The device that is heard is lost; does nothing when there is none. */
  interrupt(cause: GapCause, loss: DeviceLoss | null): void {
    if (this.#device === null) return;
    // Where the stream began was a guess; the gap that follows makes good for it, so that guesses never add up.
    const sinceMs = this.#device.endMs - this.#device.startLagMs;
    this.#device = null;
    this.loss = loss;
    this.#outage = { firstSample: this.#path.ring.end, sinceMs, cause };
    this.keepTime();
  }

  /** Moves the clock on while a device is lost, so that what waits for a position does not wait for the device. */
  keepTime(): void {
    this.#clock.clearTimeout(this.#timer);
    if (this.#outage === null) return;
    this.#timer = this.#clock.setTimeout(() => {
      this.#moveTo(this.#clock.now() - MARGIN_MS);
      this.keepTime();
    }, TICK_MS);
  }

  stopTime(): void {
    this.#clock.clearTimeout(this.#timer);
  }

  /** The daemon stops while a device is lost: nothing comes any more, and the gap ends now. Null when none is lost. */
  conclude(): CaptureGap | null {
    return this.#endOutage(this.#clock.now());
  }

  /** Another source is opened, or none any more: its clock has nothing to do with that of the device. */
  forget(): void {
    this.stopTime();
    this.#outage = null;
    this.#device = null;
    this.loss = null;
    this.wanted = null;
    this.#startAfresh();
  }

  /** The sample at the end of the ring was captured at this moment of the monotonic clock. */
  anchor(atMs: number): void {
    this.#path.anchor(this.#clock.epochSeconds() - (this.#clock.now() - atMs) / 1000);
  }

  /** Samples are missing while the device goes on. */
  skip(samples: number, cause: GapCause): CaptureGap {
    const firstSample = this.#path.ring.end;
    this.#skip(samples);
    return {
      firstSample,
      lastSample: firstSample + samples - 1,
      durationMs: samplesToMs(samples),
      cause,
    };
  }

  #startAfresh(): void {
    this.meter.reset();
    this.#gain?.reset();
  }

  #endOutage(startMs: number): CaptureGap | null {
    const outage = this.#outage;
    if (outage === null) return null;
    this.stopTime();
    this.#outage = null;
    this.loss = null;
    const { firstSample, cause } = outage;
    const missing = this.#missingAt(outage, startMs);
    // Two streams never touch, however soon one follows the other.
    this.#skip(this.#path.ring.end === firstSample ? Math.max(1, missing) : Math.max(0, missing));
    const lastSample = this.#path.ring.end - 1;
    return {
      firstSample,
      lastSample,
      durationMs: samplesToMs(lastSample - firstSample + 1),
      cause,
    };
  }

  #moveTo(atMs: number): void {
    if (this.#outage === null) return;
    this.#skip(Math.max(0, this.#missingAt(this.#outage, atMs)));
  }

  #missingAt({ firstSample, sinceMs }: Outage, atMs: number): number {
    return firstSample + msToSamples(atMs - sinceMs) - this.#path.ring.end;
  }

  #skip(samples: number): void {
    this.#path.skip(samples);
    this.#metrics.samplesMissing.inc(samples);
  }
}
