import type { Child, Supervisor } from './child-spec.ts';
import type { Exit } from './records.ts';

/** A child as its supervisor keeps it: OTP's `pid`, `undefined` and `restarting`. */
export interface Entry {
  readonly spec: Child;
  readonly status: 'running' | 'down' | 'restarting';
}

/** What a supervisor does about a child that has ended. */
export type Decision =
  /** It stays down; a temporary or dynamic child is forgotten. */
  | { readonly kind: 'abandon' }
  /** It stays down, and the supervisor stops with it. */
  | { readonly kind: 'auto_shutdown' }
  | { readonly kind: 'escalate' }
  | {
      readonly kind: 'restart';
      /** In order of stopping; none that is down. */
      readonly stop: readonly string[];
      /** In order of starting. */
      readonly start: readonly string[];
    };

export interface Fall {
  readonly flags: Pick<Supervisor, 'strategy' | 'autoShutdown' | 'intensity'>;
  /** All children, in order of starting. */
  readonly entries: readonly Entry[];
  readonly childId: string;
  /** How it ended; null when an attempt to start it again has failed, which is tried again whatever its type. */
  readonly exit: Exit | null;
  /** Restarts within the period, this one not counted. */
  readonly recentRestarts: number;
}

/** OTP's rules, as one pure table: restart type, then intensity, then strategy. */
export function decide(fall: Fall): Decision {
  const fallen = fall.entries.find(({ spec }) => spec.id === fall.childId);
  if (fallen === undefined) return { kind: 'abandon' };
  if (fall.exit !== null && !isRestarted(fallen.spec, fall.exit)) {
    return { kind: endsSupervisor(fall, fallen.spec) ? 'auto_shutdown' : 'abandon' };
  }
  if (fall.recentRestarts + 1 > fall.flags.intensity.restarts) return { kind: 'escalate' };
  const group = restartGroup(fall);
  return {
    kind: 'restart',
    stop: group
      .filter(({ spec, status }) => status === 'running' && spec.id !== fall.childId)
      .map(({ spec }) => spec.id)
      .reverse(),
    // A temporary child is stopped with its group, and forgotten.
    start: group.filter(({ spec }) => spec.restart !== 'temporary').map(({ spec }) => spec.id),
  };
}

function isRestarted({ restart }: Child, exit: Exit): boolean {
  return restart === 'permanent' || (restart === 'transient' && exit === 'abnormal');
}

function endsSupervisor({ flags, entries, childId }: Fall, fallen: Child): boolean {
  if (!fallen.significant || flags.autoShutdown === 'never') return false;
  if (flags.autoShutdown === 'any_significant') return true;
  return !entries.some(
    ({ spec, status }) => spec.id !== childId && spec.significant && status !== 'down',
  );
}

function restartGroup({ flags, entries, childId }: Fall): readonly Entry[] {
  switch (flags.strategy) {
    case 'one_for_one':
    case 'simple_one_for_one':
      return entries.filter(({ spec }) => spec.id === childId);
    case 'one_for_all':
      return entries;
    case 'rest_for_one':
      return entries.slice(entries.findIndex(({ spec }) => spec.id === childId));
  }
}
