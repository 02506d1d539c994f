/** The wire's messages: JSON, snake_case. The field names of v1 are kept; what is new is added. */
export const SCHEMA_VERSION = 1;

export type Stream = 'events' | 'transcripts';
export type TranscriptKind = 'partial' | 'early' | 'final';
export type EventLevel = 'debug' | 'info' | 'warning' | 'error';

/** What every message carries; the publisher fills it in. */
export interface Envelope {
  schema_version: number;
  instance: string;
  epoch: number;
  stream: Stream;
  /** Gapless within its stream and epoch, starting at 1; the same on ZeroMQ and WebSocket. */
  sequence_number: number;
  session_id: string;
  /** Seconds from the Unix epoch. */
  timestamp: number;
}

export interface EngineIdentity {
  name: string;
  model: string;
  /** sha256 of the weights, hexadecimal. */
  digest: string;
  provider: string;
}

/** Why an utterance ended where it did. */
export interface EndpointDecision {
  reason: 'hangover' | 'max_length' | 'end_of_source' | 'gap' | 'shutdown';
  silence_ms: number;
}

/** A transcript before the publisher has given it its place in the stream. */
export interface TranscriptBody {
  utterance_id: string;
  kind: TranscriptKind;
  /** Counts the texts of one utterance, from 1. */
  revision: number;
  transcript: string;
  /** 0 to 1: the geometric mean of the token probabilities; it ranks, it is not a probability of being right. */
  confidence: number;
  /** Seconds from the Unix epoch at which the first and last sample were captured. */
  audio_start_time: number;
  audio_end_time: number;
  audio_start_sample: number;
  audio_end_sample: number;
  audio_duration_ms: number;
  /** From the last frame that was needed to the text, hangover excluded. */
  processing_time_ms: number;
  language: string;
  language_confidence: number;
  sentiment: 'positive' | 'neutral' | 'negative' | null;
  sentiment_confidence: number | null;
  pipeline_version: string;
  sample_rate: number;
  channels: number;
  /** Milliseconds by stage. */
  stage_latencies: Record<string, number>;
  /** The source by its kind: `device`, `file`, `stdin`, `silence`, `tone` or `recording`. */
  audio_source: string;
  replicated: boolean;
  /** Null in a partial. */
  decision: EndpointDecision | null;
  engine: EngineIdentity;
}

export type TranscriptMessage = Envelope & TranscriptBody;

/** The event types; every one is a topic `event.<type>` on ZeroMQ. */
export const EVENT_TYPES = [
  'pipeline_started',
  'pipeline_stopped',
  'source_opened',
  'source_ended',
  'source_failed',
  'device_lost',
  'device_unavailable',
  'backend_given_up',
  'capture_degraded',
  'capture_restored',
  'signal_silent',
  'signal_restored',
  'audio_gap',
  'buffer_overflow',
  'wake_word_detected',
  'listening_started',
  'listening_ended',
  'processing_started',
  'processing_completed',
  'transcript_ready',
  'transcript_retracted',
  'utterance_discarded',
  'engine_ready',
  'engine_lost',
  'stage_error',
  'error_occurred',
] as const;

export type EventType = (typeof EVENT_TYPES)[number];

/** An event before the publisher has given it its place in the stream. */
export interface EventBody {
  event_type: EventType;
  level: EventLevel;
  /** JSON; sample positions and counts in it are numbers. */
  metadata: Record<string, unknown>;
}

export type EventMessage = Envelope & EventBody & { source: 'rtap' };

export type Message = TranscriptMessage | EventMessage;

/** ZeroMQ topic of a message. */
export function topicOf(message: Message): string {
  if ('event_type' in message) return `event.${message.event_type}`;
  return message.kind === 'final'
    ? `transcript.${message.language}`
    : `partial.${message.language}`;
}

/** A WebSocket frame. */
export interface WebSocketFrame {
  message_type: 'transcript' | 'event' | 'status' | 'error' | 'heartbeat';
  timestamp: number;
  payload: unknown;
}
