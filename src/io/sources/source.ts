import type { BackendName } from '../../domain/capture.ts';
import type { RtapError } from '../../domain/errors.ts';

/**
 * Receives what a source hears. Exactly one of `ended` and `failed` comes, last, unless the source is stopped before:
 * then nothing more comes.
 */
export interface SourceSink {
  /** FRAME_SAMPLES each, owned by the receiver; only the last of a source that ended may be shorter. */
  frame(samples: Int16Array): void;
  /** What was wrong with the audio and was mended: once per kind, with counts in `details`. */
  warning(error: RtapError): void;
  ended(): void;
  failed(error: RtapError): void;
  /** Undefined when the next frame may come at once, else a promise of room for it. */
  room(): Promise<void> | undefined;
}

/** What was opened, as it was found: the rate and channels are those before the conversion to the pipeline's. */
export interface SourceInfo {
  kind: 'device' | 'file' | 'stdin' | 'silence' | 'tone' | 'recording';
  name: string;
  sampleRateHz: number;
  channels: number;
  format: string;
  /** Null when it is not known, or has no end. */
  durationMs: number | null;
  /** Whether the source itself keeps to the clock; if not, its frames come as fast as there is room. */
  realTime: boolean;
  /** Of a device: its name for a person. */
  description?: string;
  /** What a device was opened through. */
  backend?: BackendName;
}

/** One source, opened, started and stopped once each, in that order. It is not restarted: make another. */
export interface AudioSource {
  /** Rejects with an RtapError that names the source: missing, a directory, unreadable, no WAV, empty and so on. */
  open(): Promise<SourceInfo>;
  start(sink: SourceSink): void;
  /** Idempotent and bounded, also before `open` has settled; after it resolves nothing reaches the sink. */
  stop(): Promise<void>;
}

/** The clock that paces a source: `now` is monotonic milliseconds. */
export interface SourceClock {
  now(): number;
  setTimeout(callback: () => void, delayMs: number): unknown;
  clearTimeout(timer: unknown): void;
}
