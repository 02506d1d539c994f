import { msToSamples } from '../domain/pcm.ts';

export interface WakeDetection {
  readonly phrase: string;
  readonly score: number;
  /** End of the chunk whose score passed the threshold. */
  readonly atSample: number;
}

export interface WakeDetectorOptions {
  /** A score of at least this is a detection. */
  readonly threshold: number;
  /** After a detection, nothing is detected for this long. */
  readonly cooldownMs: number;
}

/**
 * Turns scores into detections. A phrase scores high for several chunks running and counts once: it has to fall
 * below the threshold, and the cooldown has to pass, before it counts again.
 */
export class WakeDetector {
  readonly #options: WakeDetectorOptions;
  readonly #high = new Set<string>();
  #quietUntil = -Infinity;

  constructor(options: WakeDetectorOptions) {
    this.#options = options;
  }

  /** The highest score of the phrases that passed, or null. */
  push(scores: Readonly<Record<string, number>>, endSample: number): WakeDetection | null {
    let best: WakeDetection | null = null;
    for (const [phrase, score] of Object.entries(scores)) {
      if (score < this.#options.threshold) {
        this.#high.delete(phrase);
        continue;
      }
      const isNew = !this.#high.has(phrase);
      this.#high.add(phrase);
      if (!isNew || endSample < this.#quietUntil) continue;
      if (best === null || score > best.score) best = { phrase, score, atSample: endSample };
    }
    if (best !== null) this.#quietUntil = endSample + msToSamples(this.#options.cooldownMs);
    return best;
  }

  /** Forgets what is high and the cooldown, after a gap. */
  reset(): void {
    this.#high.clear();
    this.#quietUntil = -Infinity;
  }
}
