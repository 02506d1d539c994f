import type { AudioFrame } from '../../domain/audio-frame.ts';
import { SCHEMA_VERSION } from '../../domain/messages.ts';
import { CHANNELS, SAMPLE_RATE_HZ } from '../../domain/pcm.ts';

export interface AudioLedgerOptions {
  readonly instance: string;
  readonly epoch: number;
  readonly sessionId: string;
  /** Seconds from the Unix epoch. */
  readonly now: () => number;
}

/**
 * Owns the sequence numbers of published audio, gapless from 1 in an epoch, and how far it has come. It outlives the
 * stage that publishes, so that a later life of it goes on where the one before ended. It keeps no audio.
 */
export class AudioLedger {
  readonly #options: AudioLedgerOptions;
  #last = 0;
  #end: number | null = null;

  constructor(options: AudioLedgerOptions) {
    this.#options = options;
  }

  /** The position after the last sample of the last frame, or null before the first. */
  get end(): number | null {
    return this.#end;
  }

  /** Gives samples their place among the frames; `firstSample` never goes back. */
  stamp(
    samples: Int16Array,
    of: { firstSample: number; denoised: boolean; source: string },
  ): AudioFrame {
    const { instance, epoch, sessionId, now } = this.#options;
    const { firstSample, denoised, source } = of;
    const gap = firstSample - (this.#end ?? firstSample);
    this.#end = firstSample + samples.length;
    this.#last += 1;
    return {
      samples,
      header: {
        schema_version: SCHEMA_VERSION,
        instance,
        epoch,
        stream: 'audio',
        sequence_number: this.#last,
        session_id: sessionId,
        timestamp: now(),
        first_sample: firstSample,
        samples: samples.length,
        sample_rate: SAMPLE_RATE_HZ,
        channels: CHANNELS,
        encoding: 's16le',
        denoised,
        gap_before: gap,
        audio_source: source,
      },
    };
  }
}
