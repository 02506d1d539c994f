import { FRAME_SAMPLES, SAMPLE_RATE_HZ } from '../../domain/pcm.ts';
import type { BlockOpener, BlockReader } from './block-reader.ts';

/** -12 dBFS: loud enough to measure, far from clipping. */
const TONE_AMPLITUDE = 8_192;

/** Digital zero without end, in real time. */
export function silenceOpener(): BlockOpener {
  return synthetic('silence', 'silence', () => 0);
}

/** A sine of constant level without end, in real time. */
export function toneOpener(frequencyHz: number): BlockOpener {
  let phase = 0;
  return synthetic('tone', `${String(frequencyHz)} Hz tone`, () => {
    const sample = Math.round(TONE_AMPLITUDE * Math.sin(2 * Math.PI * phase));
    phase = (phase + frequencyHz / SAMPLE_RATE_HZ) % 1;
    return sample;
  });
}

function synthetic(kind: 'silence' | 'tone', name: string, sample: () => number): BlockOpener {
  const blocks: BlockReader = {
    next: () => Promise.resolve(Int16Array.from({ length: FRAME_SAMPLES }, sample)),
    warnings: () => [],
    close: () => Promise.resolve(),
  };
  return () =>
    Promise.resolve({
      info: {
        kind,
        name,
        sampleRateHz: SAMPLE_RATE_HZ,
        channels: 1,
        format: 'synthetic',
        durationMs: null,
        realTime: true,
      },
      blocks,
    });
}
