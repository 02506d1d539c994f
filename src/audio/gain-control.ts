import { FRAME_SAMPLES, SAMPLE_RATE_HZ } from '../domain/pcm.ts';

export interface GainControlOptions {
  /** What the louder syllables are brought to: a share of full scale. */
  readonly target: number;
  /** Bounds of the gain, as factors. */
  readonly min: number;
  readonly max: number;
}

/** No sample leaves louder than this; full scale is 32,768. */
const CEILING = 0.99 * 32_768;

/** How far above the noise a frame has to be to count as speech. */
const ACTIVE_RATIO = fromDb(9);

/** Quieter frames are never speech, however quiet the room is. */
const FAINTEST_RMS = 32_768 * fromDb(-65);

/** The noise is the quietest frame of the last one to two seconds: even fluent speech pauses that often. */
const FLOOR_SAMPLES = SAMPLE_RATE_HZ;

/** The share of the frames of speech whose peak is to be above the target. */
const LOUD_SHARE = 0.1;
const LEVEL_STEP_DB = 0.5;

/** The most that the gain changes, a second of speech: noise that sets in must not be pumped up before it is known. */
const RISE_DB = 4;
const FALL_DB = 12;

/** How fast the limiter lets go, a second. */
const RELEASE_DB = 25;

/**
 * Brings speech to a target level, frame by frame, in place and without delay. The target is for peaks and not for an
 * average: a tenth of the frames of speech peak above it. The average of speech lies 12 to 15 dB below its peaks, so
 * that one at half of full scale would have to clip.
 *
 * It listens only to frames that are clearly above the noise, so silence and steady noise leave the gain where it is,
 * and it takes some seconds of speech to get there; noise that sets in is taken for speech for two seconds at most. The gain is a straight line within a frame. Where a sudden sound
 * would exceed full scale, it is down in time for the first sample that would, and back within a second. It never
 * clips, does not tell speech from other sounds, and gives the same output for the same input since the last `reset`.
 */
export class GainControl {
  readonly #options: GainControlOptions;
  #gain = 1;
  /** The limiter's factor, at most 1. */
  #reduction = 1;
  /** The factor of the last sample. */
  #applied = 1;
  #quietestRms = Infinity;
  #quietestBefore = Infinity;
  #floorSamples = 0;
  /** What a tenth of the frames of speech peak above, before the gain; null until there was speech. */
  #speechPeak: number | null = null;

  constructor(options: GainControlOptions) {
    this.#options = options;
    this.reset();
  }

  /** What the last sample was multiplied by, limiter included. */
  get gainDb(): number {
    return 20 * Math.log10(this.#applied);
  }

  /** Changes the frame itself, and returns it. */
  process(frame: Int16Array): Int16Array {
    if (frame.length === 0) return frame;
    let squares = 0;
    let peak = 0;
    for (const sample of frame) {
      squares += sample * sample;
      peak = Math.max(peak, Math.abs(sample));
    }
    const frames = frame.length / FRAME_SAMPLES;
    if (this.#isSpeech(Math.sqrt(squares / frame.length), frame.length)) this.#adapt(peak, frames);
    const release = perFrame(RELEASE_DB, frames);
    this.#reduction = Math.min(1, this.#reduction * release, CEILING / (peak * this.#gain));
    this.#apply(frame, peak, this.#gain * this.#reduction);
    return frame;
  }

  /** What follows has nothing to do with what came before, as after a gap or from another microphone. */
  reset(): void {
    this.#gain = this.#bounded(1);
    this.#reduction = 1;
    this.#applied = this.#gain;
    this.#quietestRms = Infinity;
    this.#quietestBefore = Infinity;
    this.#floorSamples = 0;
    this.#speechPeak = null;
  }

  /** Follows the noise, and tells what rises from it; digital zero is no noise. */
  #isSpeech(rms: number, samples: number): boolean {
    if (rms === 0) return false;
    this.#quietestRms = Math.min(this.#quietestRms, rms);
    const floorRms = Math.min(this.#quietestRms, this.#quietestBefore);
    this.#floorSamples += samples;
    if (this.#floorSamples >= FLOOR_SAMPLES) {
      this.#floorSamples = 0;
      this.#quietestBefore = this.#quietestRms;
      this.#quietestRms = Infinity;
    }
    return rms > FAINTEST_RMS && rms > floorRms * ACTIVE_RATIO;
  }

  /** A step up for a peak above the estimate and a smaller one down for one below: they balance at the share. */
  #adapt(peak: number, frames: number): void {
    const before = this.#speechPeak ?? peak;
    const stepDb = LEVEL_STEP_DB * frames * (peak > before ? 1 - LOUD_SHARE : -LOUD_SHARE);
    this.#speechPeak = before * fromDb(stepDb);
    const wanted = this.#bounded((this.#options.target * 32_768) / this.#speechPeak);
    const least = this.#gain / perFrame(FALL_DB, frames);
    const most = this.#gain * perFrame(RISE_DB, frames);
    this.#gain = Math.min(most, Math.max(least, wanted));
  }

  #apply(frame: Int16Array, peak: number, target: number): void {
    const from = this.#applied;
    const rampSamples = from * peak > CEILING ? firstAbove(frame, CEILING / from) : frame.length;
    const step = (target - from) / Math.max(1, rampSamples);
    for (let index = 0; index < frame.length; index++) {
      const factor = index < rampSamples ? from + step * (index + 1) : target;
      frame[index] = Math.round((frame[index] ?? 0) * factor);
    }
    this.#applied = target;
  }

  #bounded(gain: number): number {
    return Math.min(this.#options.max, Math.max(this.#options.min, gain));
  }
}

function firstAbove(frame: Int16Array, amplitude: number): number {
  return frame.findIndex((sample) => Math.abs(sample) > amplitude);
}

/** The factor that decibels a second are worth over some frames. */
function perFrame(dbPerSecond: number, frames: number): number {
  return fromDb((dbPerSecond * frames * FRAME_SAMPLES) / SAMPLE_RATE_HZ);
}

function fromDb(decibels: number): number {
  return 10 ** (decibels / 20);
}
