import { msToSamples, samplesToMs } from '../domain/pcm.ts';

/** Samples come in bursts; the earliest of a window is the one that waited least. */
const WINDOW_MS = 1_000;
const LEAST_NOTES = 10;
/** What the fit looks back at: five minutes. */
const MAX_WINDOWS = 300;
/** Before that, the fit says more about the waiting than about the device. */
const LEAST_WINDOWS = 20;
/** Behind the clock by more than this, for two windows running, samples were lost; devices drift by less in an hour. */
const SLIP_MS = 100;

interface Window {
  /** Monotonic, at its end. */
  readonly atMs: number;
  /** The least time from where a sample belongs to when it came. */
  readonly lagMs: number;
}

/**
 * Holds the samples of one stream against the monotonic clock: when each was captured, by how much the device's clock
 * differs, and whether samples were lost without a word. It reads no clock: `nowMs` is milliseconds from anywhere.
 */
export class CaptureClock {
  readonly #startMs: number;
  #samples = 0;
  #windows: Window[] = [];
  #windowStartMs: number;
  #notes = 0;
  #leastLagMs = Infinity;
  #lagMs: number | null = null;
  #startLagMs: number | null = null;
  #isLate = false;
  #driftPpm: number | null = null;

  /** `startMs`: when the first sample was captured, as near as it is known. */
  constructor(startMs: number) {
    this.#startMs = startMs;
    this.#windowStartMs = startMs;
  }

  /** Positive for a device that is fast; null until it is known. */
  get driftPpm(): number | null {
    return this.#driftPpm;
  }

  /** By how much later than `startMs` says the first sample was captured; mostly it was earlier, and this is negative. */
  get startLagMs(): number {
    return this.#startLagMs ?? this.#knownLagMs;
  }

  /** When the next sample will be captured: the end of those that came. */
  get endMs(): number {
    const lagMs = this.#lagMs ?? this.#knownLagMs;
    return this.#startMs + samplesToMs(this.#samples) + lagMs;
  }

  /**
   * So many samples came now. Returns how many are missing before them, when those that came have fallen behind the clock
   * for good; they are counted as if they had come.
   */
  note(samples: number, nowMs: number): number {
    this.#samples += samples;
    this.#notes += 1;
    const lagMs = nowMs - this.#startMs - samplesToMs(this.#samples);
    this.#leastLagMs = Math.min(this.#leastLagMs, lagMs);
    if (nowMs - this.#windowStartMs < WINDOW_MS || this.#notes < LEAST_NOTES) return 0;
    return this.#closeWindow(nowMs);
  }

  /** Samples that are known to be missing: they keep their place. */
  skip(samples: number): void {
    this.#samples += samples;
  }

  get #knownLagMs(): number {
    return this.#leastLagMs === Infinity ? 0 : this.#leastLagMs;
  }

  #closeWindow(nowMs: number): number {
    const lagMs = this.#leastLagMs;
    this.#startLagMs ??= lagMs;
    this.#windowStartMs = nowMs;
    this.#notes = 0;
    this.#leastLagMs = Infinity;
    const slippedMs = lagMs - (this.#lagMs ?? lagMs);
    if (Math.abs(slippedMs) > SLIP_MS) {
      if (!this.#isLate) {
        this.#isLate = true;
        return 0;
      }
      this.#isLate = false;
      this.#windows = [];
      // What is early was late before: nothing is missing.
      if (slippedMs < 0) {
        this.#lagMs = lagMs;
        return 0;
      }
      const missing = msToSamples(slippedMs);
      this.#samples += missing;
      return missing;
    }
    this.#isLate = false;
    this.#lagMs = lagMs;
    this.#windows.push({ atMs: nowMs, lagMs });
    if (this.#windows.length > MAX_WINDOWS) this.#windows.shift();
    if (this.#windows.length >= LEAST_WINDOWS) this.#driftPpm = -1e6 * slopeOf(this.#windows);
    return 0;
  }
}

/** By least squares, in milliseconds for each millisecond. */
function slopeOf(windows: readonly Window[]): number {
  const meanOf = (pick: (window: Window) => number): number =>
    windows.reduce((sum, window) => sum + pick(window), 0) / windows.length;
  const atMs = meanOf((window) => window.atMs);
  const lagMs = meanOf((window) => window.lagMs);
  let together = 0;
  let spread = 0;
  for (const window of windows) {
    together += (window.atMs - atMs) * (window.lagMs - lagMs);
    spread += (window.atMs - atMs) ** 2;
  }
  return spread === 0 ? 0 : together / spread;
}
