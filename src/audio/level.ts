/** What digital zero is reported as; the quietest 16-bit sample that is not zero is at -90.3 dBFS. */
export const SILENCE_DBFS = -120;

export interface Level {
  /** Decibels below a full-scale square wave: a full-scale sine has -3.01. */
  rmsDbfs: number;
  peakDbfs: number;
}

/** The RMS and peak level of 16-bit samples in dBFS; {@link SILENCE_DBFS} when there are none, or all are zero. */
export function measureLevel(samples: Int16Array): Level {
  let squares = 0;
  let peak = 0;
  for (const sample of samples) {
    squares += sample * sample;
    peak = Math.max(peak, Math.abs(sample));
  }
  return {
    rmsDbfs: toDbfs(samples.length === 0 ? 0 : Math.sqrt(squares / samples.length)),
    peakDbfs: toDbfs(peak),
  };
}

function toDbfs(amplitude: number): number {
  return amplitude === 0 ? SILENCE_DBFS : 20 * Math.log10(amplitude / 32_768);
}
