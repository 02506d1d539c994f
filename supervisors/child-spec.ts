/** The vocabulary of a supervision tree: OTP's words, as JSON data. What is left out has OTP's default. */

export type Restart = 'permanent' | 'transient' | 'temporary';
export type Strategy = 'one_for_one' | 'one_for_all' | 'rest_for_one' | 'simple_one_for_one';
export type AutoShutdown = 'never' | 'any_significant' | 'all_significant';

/** Delay before a restart: `base * factor^(attempt-1)`, capped, shortened by up to `jitter` of itself. */
export interface Backoff {
  readonly baseMs: number;
  readonly factor: number;
  readonly capMs: number;
  /** 0 to 1. */
  readonly jitter: number;
}

export interface Heartbeat {
  /** Pause between an answered ping and the next one. */
  readonly everyMs: number;
  /** An answer that takes longer is a hung child. */
  readonly missMs: number;
}

/** Finds a hung child within 500 ms. */
export const HEARTBEAT: Heartbeat = { everyMs: 300, missMs: 150 };

/** At most `restarts` restarts within any `periodMs`; one more is an escalation. */
export interface Intensity {
  readonly restarts: number;
  readonly periodMs: number;
}

/** How long a child may take to stop after `sup.shutdown`; `brutal_kill` does not ask it at all. */
export type ShutdownBound = number | 'infinity' | 'brutal_kill';

/**
 * How long a child may take to say `sup.ready`. `immediate` is for logic that knows nothing of supervisors: it is up
 * as soon as it runs.
 */
export type StartBound = number | 'infinity' | 'immediate';

interface ChildSpecBase {
  /** Unique in the whole tree, in kebab-case; the running actor is found under it. */
  readonly id: string;
  /** The name of its logic among the actors that are given to the tree; its id when left out. */
  readonly logic?: string;
  /** JSON, for each of its incarnations. */
  readonly input?: unknown;
  /** `permanent` when left out. */
  readonly restart?: Restart;
  /** 5,000 for a worker and `infinity` for a supervisor when left out. */
  readonly shutdownMs?: ShutdownBound;
  /** `immediate` for a worker and `infinity` for a supervisor when left out. */
  readonly startMs?: StartBound;
  /** Its end may end its supervisor, by `autoShutdown`. False when left out. */
  readonly significant?: boolean;
  /** Off when null or left out. */
  readonly heartbeat?: Heartbeat | null;
  /** Restarts at once, as OTP does, when null or left out. */
  readonly backoff?: Backoff | null;
  /** Up for this long, and its attempts are forgiven. 30,000 when left out. */
  readonly stableMs?: number;
  /** How many events are kept for it while it is down; what is beyond becomes dead letters. 0 when left out. */
  readonly stash?: number;
  /** One sentence: why it stands here, and why with these bounds. */
  readonly why?: string;
}

export interface WorkerSpec extends ChildSpecBase {
  readonly type?: 'worker';
}

export interface SupervisorSpec extends ChildSpecBase {
  readonly type: 'supervisor';
  /** `one_for_one` when left out. */
  readonly strategy?: Strategy;
  /** One restart in 5 s when left out. */
  readonly intensity?: Intensity;
  /** `never` when left out. */
  readonly autoShutdown?: AutoShutdown;
  /**
   * Started left to right, stopped in reverse. A `simple_one_for_one` has exactly one, the template of the children
   * that are started at run time.
   */
  readonly children: readonly ChildSpec[];
}

export type ChildSpec = WorkerSpec | SupervisorSpec;

export type Worker = Required<WorkerSpec>;
export interface Supervisor extends Required<Omit<SupervisorSpec, 'children'>> {
  readonly children: readonly Child[];
}
/** A specification with nothing left out. */
export type Child = Worker | Supervisor;

export function resolveChild(spec: ChildSpec): Child {
  const common = {
    id: spec.id,
    logic: spec.logic ?? spec.id,
    input: spec.input ?? null,
    restart: spec.restart ?? 'permanent',
    significant: spec.significant ?? false,
    heartbeat: spec.heartbeat ?? null,
    backoff: spec.backoff ?? null,
    stableMs: spec.stableMs ?? 30_000,
    stash: spec.stash ?? 0,
    why: spec.why ?? '',
  } as const;
  if (spec.type === 'supervisor') {
    return {
      ...common,
      type: 'supervisor',
      shutdownMs: spec.shutdownMs ?? 'infinity',
      startMs: spec.startMs ?? 'infinity',
      strategy: spec.strategy ?? 'one_for_one',
      intensity: spec.intensity ?? { restarts: 1, periodMs: 5_000 },
      autoShutdown: spec.autoShutdown ?? 'never',
      children: spec.children.map(resolveChild),
    };
  }
  return {
    ...common,
    type: 'worker',
    shutdownMs: spec.shutdownMs ?? 5_000,
    startMs: spec.startMs ?? 'immediate',
  };
}

export function resolveTree(spec: SupervisorSpec): Supervisor {
  return resolveChild(spec) as Supervisor;
}
