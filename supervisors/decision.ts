import type { Restart, Strategy } from './child-spec.ts';

/** What a supervisor does about a child that has ended. */
export type Decision =
  | { readonly kind: 'abandon' }
  | { readonly kind: 'escalate' }
  | {
      readonly kind: 'restart';
      /** In order of stopping. Those that are down already acknowledge at once. */
      readonly stop: readonly string[];
      /** In order of starting. */
      readonly start: readonly string[];
    };

export interface Fall {
  /** All children, in order of starting. */
  readonly order: readonly string[];
  readonly strategy: Strategy;
  readonly childId: string;
  readonly restart: Restart;
  readonly abnormal: boolean;
  /** Restarts within the period, this one not counted. */
  readonly recentRestarts: number;
  readonly maxRestarts: number;
  /** Children that an earlier decision still has to start. */
  readonly awaitingStart: readonly string[];
}

/** OTP's rules, as one pure table: restart type, then intensity, then strategy. */
export function decide(fall: Fall): Decision {
  const wanted = fall.restart === 'permanent' || (fall.restart === 'transient' && fall.abnormal);
  if (!wanted) return { kind: 'abandon' };
  if (fall.recentRestarts + 1 > fall.maxRestarts) return { kind: 'escalate' };
  const group = new Set([...fall.awaitingStart, ...restartGroup(fall)]);
  const start = fall.order.filter((id) => group.has(id));
  return { kind: 'restart', start, stop: [...start].reverse() };
}

function restartGroup(fall: Fall): readonly string[] {
  switch (fall.strategy) {
    case 'one_for_one':
      return [fall.childId];
    case 'one_for_all':
      return fall.order;
    case 'rest_for_one':
      return fall.order.slice(fall.order.indexOf(fall.childId));
  }
}
