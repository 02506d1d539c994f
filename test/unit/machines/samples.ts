import type { Draft, OpenedSource, Recognition } from '../../../src/domain/events.ts';
import type { EngineIdentity, TranscriptBody } from '../../../src/domain/messages.ts';

export const IDENTITY: EngineIdentity = { name: 'e', model: 'm', digest: 'd', provider: 'cpu' };

export const SOURCE: OpenedSource = {
  kind: 'file',
  name: 'a.wav',
  sampleRateHz: 16_000,
  channels: 1,
  format: 's16',
  durationMs: 1_000,
  realTime: false,
};

export const RECOGNITION: Recognition = {
  text: 'Hey Jarvis, stop.',
  confidence: 0.9,
  fromSample: 0,
  toSample: 9_000,
  decodeMs: 10,
  turnaroundMs: 12,
  engine: IDENTITY,
};

export const ENDED = {
  type: 'speech.ended',
  endSample: 8_000,
  atSample: 14_000,
  reason: 'hangover',
  silenceMs: 384,
} as const;

/** The final of utterance `u1`, before its language is known. */
export const DRAFT: Draft = {
  utterance_id: 'u1',
  kind: 'final',
  revision: 1,
  transcript: 'Stop.',
  confidence: 0.9,
  audio_start_sample: 1_000,
  audio_end_sample: 8_000,
  audio_duration_ms: 437.5,
  processing_time_ms: 12,
  sample_rate: 16_000,
  channels: 1,
  stage_latencies: { speech_to_text: 10 },
  decision: { reason: 'hangover', silence_ms: 384 },
  engine: IDENTITY,
};

/** The text as the language stage hands it on. */
export function annotated(draft: Draft): TranscriptBody {
  return {
    ...draft,
    language: 'en',
    language_confidence: 1,
    sentiment: null,
    sentiment_confidence: null,
    pipeline_version: '0',
    audio_start_time: 0,
    audio_end_time: 1,
    audio_source: 'file',
    replicated: false,
  };
}
