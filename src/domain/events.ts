import type { BackendName } from './capture.ts';
import type { RtapError } from './errors.ts';
import type { EngineIdentity, EndpointDecision, EventBody, TranscriptBody } from './messages.ts';

/** What crosses between actors. Facts are in the past tense, commands in the imperative; PCM never travels here. */

export const ENGINE_NAMES = ['vad', 'wakeword', 'recogniser', 'language'] as const;
export type EngineName = (typeof ENGINE_NAMES)[number];

/** Where the audio comes from, as the source describes it. */
export interface OpenedSource {
  readonly kind: 'device' | 'file' | 'stdin' | 'silence' | 'tone' | 'recording';
  readonly name: string;
  readonly sampleRateHz: number;
  readonly channels: number;
  readonly format: string;
  readonly durationMs: number | null;
  readonly realTime: boolean;
  /** Of a device: its name for a person. */
  readonly description?: string;
  /** Of a device: what it was opened through. */
  readonly backend?: BackendName;
  /** Of a device: true where another was asked for, and this one stands in for it. */
  readonly isSubstitute?: boolean;
}

/** The same, as it stands in an event. */
export function sourceMetadata(source: OpenedSource): Record<string, unknown> {
  return {
    kind: source.kind,
    name: source.name,
    ...(source.description === undefined ? {} : { description: source.description }),
    sample_rate_hz: source.sampleRateHz,
    channels: source.channels,
    format: source.format,
    duration_ms: source.durationMs,
    is_real_time: source.realTime,
    ...(source.backend === undefined ? {} : { backend: source.backend }),
    ...(source.isSubstitute === undefined ? {} : { is_substitute: source.isSubstitute }),
  };
}

/** A source as it was asked for; its further fields are for the runtime that opens it. */
export interface SourceRequest {
  readonly kind: string;
}

export interface ErrorFact {
  readonly code: string;
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
}

export function errorFact(error: RtapError): ErrorFact {
  return { code: error.code, message: error.message, details: error.details };
}

export type EndReason = EndpointDecision['reason'];

/** What the recogniser made of a range of samples. */
export interface Recognition {
  readonly text: string;
  readonly confidence: number;
  readonly fromSample: number;
  readonly toSample: number;
  readonly decodeMs: number;
  /** From the request to the answer, queueing included. */
  readonly turnaroundMs: number;
  readonly engine: EngineIdentity;
}

/** A transcript on its way to the publisher; language and place in the stream are still to come. */
export type Draft = Omit<
  TranscriptBody,
  | 'language'
  | 'language_confidence'
  | 'sentiment'
  | 'sentiment_confidence'
  | 'pipeline_version'
  | 'audio_start_time'
  | 'audio_end_time'
  | 'audio_source'
  | 'replicated'
>;

/** What a supervisor tells its child; a child that has not ended `withinMs` after a shutdown gives up what is left. */
export type SupervisedEvent =
  { type: 'sup.ping' } | { type: 'sup.shutdown'; readonly withinMs: number };

export type EngineEvent =
  | { type: 'engine.ready'; engine: EngineName; identity: EngineIdentity }
  | { type: 'engine.lost'; engine: EngineName; reason: string };

export type SourceEvent =
  | { type: 'source.opened'; source: OpenedSource; baseSample: number }
  | { type: 'source.ended'; endSample: number }
  /** The device is lost and may come back: nothing follows what came before `endSample`, and the sample clock runs on. */
  | { type: 'source.interrupted'; endSample: number }
  /** It is back, or another stands in for it: what comes from `baseSample` on has nothing to do with what came before. */
  | { type: 'source.resumed'; source: OpenedSource; baseSample: number };

export type SpeechEvent =
  | { type: 'speech.started'; utteranceId: string; startSample: number; atSample: number }
  | { type: 'speech.paused'; lastSpeechSample: number; atSample: number }
  | { type: 'speech.resumed'; atSample: number }
  | {
      type: 'speech.ended';
      utteranceId: string;
      startSample: number;
      endSample: number;
      atSample: number;
      reason: EndReason;
      silenceMs: number;
    }
  | { type: 'speech.discarded'; utteranceId: string; speechMs: number };

export type WakeEvent = {
  type: 'wake.detected';
  phrase: string;
  engine: 'openwakeword' | 'phrase';
  score: number;
  atSample: number;
};

/** Tells the next stage that the one before has handed on all that it had of an ended source. */
export type FlushEvent = { type: 'stage.flushed'; stage: string; endSample: number };

export type PublishEvent =
  { type: 'publish.transcript'; body: TranscriptBody } | { type: 'publish.event'; body: EventBody };
