import type { ErrorCode } from '../../domain/errors.ts';
import type { EngineName } from '../../domain/events.ts';
import type { EngineIdentity } from '../../domain/messages.ts';

/** What each engine is told when it is loaded. */
export interface EngineOptions {
  /** `weightsDirectory` holds the pinned files under their own names, in place of the installed package. */
  vad: { weightsDirectory?: string };
  wakeword: { phrases: readonly string[]; weightsDirectory?: string };
  /** `modelDirectory` holds another export of the same family: encoder_model.onnx and decoder_model_merged.onnx. */
  recogniser: { modelDirectory?: string; weightsDirectory?: string };
  language: { detect: boolean; sentiment: boolean };
}

/** Samples are signed 16-bit, mono, 16 kHz. */
export interface EngineRequests {
  /** Whole hops of 512 samples; `reset`: they do not follow the ones before. */
  vad: { hops: Int16Array; reset: boolean };
  /** Whole chunks of 1280 samples. */
  wakeword: { chunks: Int16Array; reset: boolean };
  recogniser: { samples: Int16Array };
  language: { text: string };
}

export interface EngineResults {
  /** The probability of speech in each hop. */
  vad: { probabilities: number[] };
  /** The score of each phrase in each chunk. */
  wakeword: { scores: Record<string, number>[] };
  recogniser: {
    text: string;
    tokens: number;
    /** Geometric mean of the probabilities of the tokens; 0 for an empty text. */
    confidence: number;
    encodeMs: number;
    decodeMs: number;
  };
  language: {
    /** ISO 639-1, or `und`. */
    language: string;
    confidence: number;
    sentiment: 'positive' | 'neutral' | 'negative' | null;
    sentimentConfidence: number | null;
  };
}

export type ToEngine =
  | { type: 'load'; engine: EngineName; options: EngineOptions[EngineName] }
  | { type: 'request'; id: number; payload: unknown }
  /** Ends the process once the requests before it are answered. */
  | { type: 'stop' };

export type FromEngine =
  | { type: 'ready'; identity: EngineIdentity; loadMs: number; warmUpMs: number }
  | { type: 'result'; id: number; result: unknown }
  /** Without an id, the engine could not be loaded, and its process ends. */
  | { type: 'failed'; id: number | null; code: ErrorCode; message: string };

/** An engine inside of its process. */
export interface Engine<TEngine extends EngineName = EngineName> {
  readonly identity: EngineIdentity;
  /** Throws `ENGINE_WRONG_ANSWER` unless the known clip gives the known answer. */
  warmUp(): Promise<void>;
  /** Throws `ENGINE_REQUEST` for a payload that is none. */
  run(payload: unknown): Promise<EngineResults[TEngine]>;
}
