import type { Step } from '../../domain/flight-record.ts';

/** What the watchdog's thread is started with. */
export interface WatchdogSetup {
  readonly record: SharedArrayBuffer;
  /** Silence after which the process is ended; 0 for never. */
  readonly limitMs: number;
}

/** What the main thread tells the watchdog's. */
export type ToWatchdog = { type: 'ready' } | { type: 'stopping' };

/** It has begun to watch, a block is over, or what it cannot do. */
export type FromWatchdog =
  | { type: 'watching' }
  | { type: 'recovered'; durationMs: number; running: Step | null }
  | { type: 'unable'; reason: string };
