/** The score at which a wake word counts, from `wakeword.sensitivity`: the more sensitive, the lower. */
export function wakeScoreThreshold(sensitivity: number): number {
  return Number((1 - sensitivity).toFixed(6));
}

const SPEECH_PROBABILITIES = [0.35, 0.45, 0.5, 0.65] as const;

/**
 * The speech probability at which a voice counts, from `preprocess.vad_aggressiveness` (0 to 3): the more
 * aggressive, the more is taken for noise. A value outside the range gets the nearest.
 */
export function speechThreshold(vadAggressiveness: number): number {
  const index = Math.min(3, Math.max(0, Math.round(vadAggressiveness)));
  return SPEECH_PROBABILITIES[index as 0 | 1 | 2 | 3];
}
