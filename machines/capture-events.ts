import type { BackendName, CaptureGap, DeviceLoss } from '../src/domain/capture.ts';
import type {
  ErrorFact,
  OpenedSource,
  SourceRequest,
  SupervisedEvent,
} from '../src/domain/events.ts';
import type { Retry } from './capture-retry.ts';
import type { RuntimeFailed } from './runtime.ts';

export type CaptureCommand =
  /** A backend only for a device. The answer is `source.ready`, `source.broke` or `device.refused`. */
  | {
      type: 'source.open';
      request: SourceRequest;
      backend: BackendName | null;
      /** Whether another device may be opened where the one that was asked for cannot. */
      isSubstituteAllowed: boolean;
    }
  | { type: 'source.start' }
  /** Answered by `source.closed`. */
  | { type: 'source.close' }
  /** Answered by `source.stopped`. */
  | { type: 'source.stop' }
  /** Asks whether the device is there, where nobody announces it; answered by `device.listed`. */
  | { type: 'device.look' };

type LossFact = {
  readonly loss: DeviceLoss;
  readonly endSample: number;
  /** Monotonic. */
  readonly atMs: number;
};

export type CaptureFact =
  /** Somebody asked for a source; another may follow once it has ended. */
  | { type: 'source.requested'; request: SourceRequest }
  /** The gap lies between what was heard last and this; null for a source that is new. */
  | { type: 'source.ready'; source: OpenedSource; baseSample: number; gap: CaptureGap | null }
  | { type: 'source.finished'; endSample: number }
  | { type: 'source.broke'; error: ErrorFact; endSample: number }
  | { type: 'source.warned'; error: ErrorFact }
  | { type: 'source.gap'; gap: CaptureGap }
  | { type: 'source.closed'; endSample: number }
  | { type: 'source.stopped'; endSample: number }
  | { type: 'device.refused'; error: ErrorFact; atMs: number }
  /** It gives no samples, though it is there for all that is known. */
  | ({ type: 'device.stalled' } & LossFact)
  /** It is gone, or its process is. */
  | ({ type: 'device.lost' } & LossFact)
  /** The system records another device in its place. */
  | ({ type: 'device.moved' } & LossFact)
  /** Whether the sound server has the device that was asked for; null when it does not answer. */
  | { type: 'device.listed'; isListed: boolean | null }
  | { type: 'signal.silent'; zeroMs: number }
  | { type: 'signal.audible' };

export type CaptureEvent =
  SupervisedEvent | CaptureFact | RuntimeFailed | { type: 'pipeline.ready' };

/** Told to readiness: null when what was asked for is heard. */
export interface CaptureTrouble {
  type: 'capture.trouble';
  trouble: string | null;
}

export interface CaptureOptions {
  /** The backends that this machine can use, in the order in which they are tried. */
  readonly backends: readonly BackendName[];
  readonly hasSubstitute: boolean;
}

export interface CaptureContext {
  readonly options: CaptureOptions;
  /** The source that was asked for, or null until one is. */
  readonly request: SourceRequest | null;
  readonly source: OpenedSource | null;
  readonly error: ErrorFact | null;
  readonly loss: DeviceLoss | null;
  readonly endSample: number;
  readonly openings: number;
  readonly losses: number;
  readonly retry: Retry;
  readonly isListed: boolean | null;
  /** The device came while it was being opened. */
  readonly isHinted: boolean;
}
