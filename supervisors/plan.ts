import type { Entry } from './decision.ts';
import type { SupervisorRequest } from './requests.ts';
import type { SlotReport } from './slot.ts';

/** What a supervisor has still to look at, in order of arrival: OTP's mailbox. */
export type Work =
  | { readonly kind: 'fell'; readonly report: Extract<SlotReport, { type: 'slot.fell' }> }
  /** An attempt to start a child again has failed. */
  | {
      readonly kind: 'again';
      readonly id: string;
      readonly attempts: number;
      readonly reason: string;
    }
  /** A child's backoff is over. */
  | { readonly kind: 'due'; readonly id: string }
  | { readonly kind: 'request'; readonly requestId: number; readonly body: SupervisorRequest };

/** One operation of a supervisor: first it stops, then it starts. */
export interface Plan {
  readonly cause:
    | { readonly kind: 'boot' | 'restart' | 'end' }
    | {
        readonly kind: 'request';
        readonly requestId: number;
        readonly op: string;
        readonly id: string;
      };
  /** Waves: those of one are stopped at the same time. */
  readonly stop: readonly (readonly string[])[];
  readonly start: readonly string[];
  /** What is started waits for this child's backoff. */
  readonly backoff: { readonly id: string; readonly delayMs: number } | null;
}

/** All that run or wait, last started first; those of a dynamic supervisor at once. */
export function stopAll(
  entries: readonly Entry[],
  isDynamic: boolean,
): readonly (readonly string[])[] {
  const ids = entries.map(({ spec }) => spec.id).reverse();
  if (isDynamic) return ids.length === 0 ? [] : [ids];
  return ids.map((id) => [id]);
}

/** The plan once a child of its first wave is down. */
export function withoutStop(plan: Plan, id: string): Plan {
  const [wave = [], ...later] = plan.stop;
  const rest = wave.filter((one) => one !== id);
  return { ...plan, stop: rest.length === 0 ? later : [rest, ...later] };
}

/** A child that is stopped takes what is still to be said of its end with it. */
export function withoutChild(pending: readonly Work[], id: string): readonly Work[] {
  return pending.filter((work) => {
    if (work.kind === 'fell') return work.report.id !== id;
    return work.kind === 'request' || work.id !== id;
  });
}
