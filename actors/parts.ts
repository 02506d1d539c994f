import type { AudioPath } from '../src/audio/audio-path.ts';
import type { Progress } from '../src/audio/progress.ts';
import type { RtapConfig } from '../config/schema.ts';
import type { EngineName, OpenedSource } from '../src/domain/events.ts';
import type { EngineIdentity, Message } from '../src/domain/messages.ts';
import type { AudioLedger } from '../src/io/outlets/audio-ledger.ts';
import type { StreamLedger } from '../src/io/outlets/ledger.ts';
import type { InputStream } from '../src/io/sources/stdin.ts';
import type { Logger } from '../src/telemetry/logger.ts';
import type { Metrics } from '../src/telemetry/metrics.ts';
import type { Clock } from './clock.ts';
import type { EngineLinks } from './engine-link.ts';
import type { Intake } from './intake.ts';
import type { Presence } from './presence.ts';
import type { SourceRequests } from './source-requests.ts';

/** What a person, a log or a test may see of the running daemon. */
export type Report =
  | { type: 'engine.warming'; engine: EngineName; pid: number }
  | { type: 'engine.ready'; engine: EngineName; identity: EngineIdentity; loadMs: number }
  | { type: 'engine.lost'; engine: EngineName; reason: string }
  /** Starting it again will not help: its weights are missing, or are not what they should be. */
  | { type: 'engine.unusable'; engine: EngineName; message: string }
  | { type: 'outlet.opened'; outlet: string; addresses: Readonly<Record<string, string>> }
  /** What is missing includes the trouble with the source, if there is any. */
  | {
      type: 'readiness.changed';
      state: DaemonState;
      missing: readonly string[];
      trouble: string | null;
    }
  | { type: 'source.opened'; source: OpenedSource }
  | { type: 'source.broke'; message: string }
  | { type: 'source.warned'; message: string }
  | { type: 'source.flushed' }
  | { type: 'message'; message: Message };

export type DaemonState = 'starting' | 'ready' | 'degraded' | 'stopping';

/** Something that takes messages as they are stamped. */
export type Outlet = (message: Message) => void;

/** What the daemon says of itself; the readiness stage and the capture stage write it. */
export interface Condition {
  state: DaemonState;
  missing: readonly string[];
  /** Why the source that was asked for is not heard. */
  trouble: string | null;
  source: OpenedSource | null;
  /** Addresses by outlet and by what is served there. */
  addresses: Record<string, Readonly<Record<string, string>>>;
}

/** What the composition root gives the actors, and what outlives each of them. */
export interface Parts {
  readonly config: RtapConfig;
  readonly version: string;
  readonly clock: Clock;
  readonly path: AudioPath;
  readonly intake: Intake;
  readonly voiceProgress: Progress;
  readonly wakeProgress: Progress;
  /** Utterances that are meant to become text and have no outcome yet; they outlive the stage that has them. */
  readonly openUtterances: Set<string>;
  readonly engines: EngineLinks;
  readonly ledger: StreamLedger;
  readonly audioLedger: AudioLedger;
  readonly outlets: Set<Outlet>;
  readonly condition: Condition;
  readonly presence: Presence;
  /** Each sets its gauges, before the metrics are rendered. */
  readonly samplers: Set<() => void>;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly sources: SourceRequests;
  readonly stdin: InputStream;
  report(report: Report): void;
  readonly operator: Operator;
}

/** What an operator may do with the tree, by a child's id; each refuses with a sentence where it cannot be done. */
export interface Operator {
  /** The tree as `rtap status` shows it. */
  describeTree(): unknown;
  suspend(id: string): void;
  resume(id: string): void;
  state(id: string): unknown;
  replace(id: string, wanted: { context?: Record<string, unknown>; value?: unknown }): void;
  kill(id: string): void;
  /** Resolves with OTP's word for the outcome. */
  terminateChild(id: string): Promise<unknown>;
  restartChild(id: string): Promise<unknown>;
  /** Follows a child until the function that it returns is called. */
  trace(id: string, listener: (step: object) => void): () => void;
}
