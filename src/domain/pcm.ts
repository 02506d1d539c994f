/** The PCM that travels through the pipeline: signed 16-bit, mono, 16 kHz, in frames of 20 ms. */
export const SAMPLE_RATE_HZ = 16_000;
export const FRAME_SAMPLES = 320;
export const CHANNELS = 1;

export function msToSamples(durationMs: number): number {
  return Math.round((durationMs * SAMPLE_RATE_HZ) / 1000);
}

export function samplesToMs(samples: number): number {
  return (samples * 1000) / SAMPLE_RATE_HZ;
}
