import { SILENCE_DBFS } from './level.ts';
import type { Level } from './level.ts';
import { FRAME_SAMPLES, samplesToMs } from '../domain/pcm.ts';

/** 300 ms of frames. */
const WINDOW_FRAMES = 15;

/** A peak falls by 20 dB a second on the display. */
const PEAK_DECAY = 10 ** (-20 / 20 / 50);

/**
 * The level of a running signal, for a display: the RMS of the last 300 ms, and a peak that falls slowly. It costs one
 * pass over each frame and allocates nothing for it. It knows of no time but that of its frames: when none come, it
 * stands still.
 */
export class LevelMeter {
  readonly #squares = new Float64Array(WINDOW_FRAMES);
  readonly #counts = new Float64Array(WINDOW_FRAMES);
  #next = 0;
  #peak = 0;
  #zeroSamples = 0;

  push(frame: Int16Array): void {
    let squares = 0;
    let peak = 0;
    for (const sample of frame) {
      squares += sample * sample;
      peak = Math.max(peak, Math.abs(sample));
    }
    this.#squares[this.#next] = squares;
    this.#counts[this.#next] = frame.length;
    this.#next = (this.#next + 1) % WINDOW_FRAMES;
    this.#peak = Math.max(peak, this.#peak * PEAK_DECAY ** (frame.length / FRAME_SAMPLES));
    this.#zeroSamples = peak === 0 ? this.#zeroSamples + frame.length : 0;
  }

  level(): Level {
    const samples = sum(this.#counts);
    return {
      rmsDbfs: dbfs(samples === 0 ? 0 : Math.sqrt(sum(this.#squares) / samples)),
      peakDbfs: dbfs(this.#peak),
    };
  }

  /** How long there has been nothing but digital zero, in whole frames: no microphone in a room is that quiet. */
  get zeroMs(): number {
    return samplesToMs(this.#zeroSamples);
  }

  reset(): void {
    this.#squares.fill(0);
    this.#counts.fill(0);
    this.#peak = 0;
    this.#zeroSamples = 0;
  }
}

function sum(values: Float64Array): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

function dbfs(amplitude: number): number {
  return Math.max(SILENCE_DBFS, 20 * Math.log10(amplitude / 32_768));
}
