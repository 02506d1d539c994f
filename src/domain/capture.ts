/** What input devices are opened through. */
export const BACKENDS = ['parec', 'portaudio'] as const;
export type BackendName = (typeof BACKENDS)[number];

/** Why a device that was heard is heard no more; each is told in the event. */
export const LOSS_CAUSES = [
  /** No samples for too long, and nothing else is known. */
  'stalled',
  'suspended',
  /** The sound server does not answer. */
  'server_frozen',
  /** The sound server is gone. */
  'server_lost',
  'removed',
  /** The system moved the stream to another device. */
  'moved',
  /** The device's driver or library said that it failed. */
  'device_failed',
  'process_killed',
  'process_exited',
  /** The capture stage itself ended, and its successor opened the device anew. */
  'capture_restarted',
  /** Another device stood in, and gave way to the one that was asked for. */
  'given_back',
] as const;
export type LossCause = (typeof LOSS_CAUSES)[number];

/** Why samples are missing while the device goes on. */
export type SlipCause =
  /** They waited too long for this process, and were thrown away. */
  | 'backlog'
  /** The device, or what stands before it, lost them: the samples fell behind the clock. */
  | 'xrun';

export type GapCause = LossCause | SlipCause;

/** Positions that were never captured, and how much time they are worth. */
export interface CaptureGap {
  readonly firstSample: number;
  readonly lastSample: number;
  readonly durationMs: number;
  readonly cause: GapCause;
}

/** How the loss of a device came about. */
export interface DeviceLoss {
  readonly device: string;
  readonly backend: BackendName;
  readonly cause: LossCause;
  /** One sentence for a person. */
  readonly message: string;
  /** Where the stream went, when it was moved. */
  readonly movedTo: string | null;
  /** From the last samples until the loss was noticed. */
  readonly frameAgeMs: number;
  /** The last words of whoever drove the device; empty when there were none. */
  readonly complaint: string;
}
