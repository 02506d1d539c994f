import type { BackendName } from '../src/domain/capture.ts';

/** How the openings of a device went since it was last heard. */
export interface Retry {
  /** Place of the backend that is tried, or was opened. */
  readonly backend: number;
  /** Failures of that backend in a row. */
  readonly failures: number;
  /** Failures of all backends since the device was last heard. */
  readonly attempts: number;
  /** When each backend was given up, by its name. */
  readonly givenUpAtMs: Readonly<Partial<Record<BackendName, number>>>;
}

export const FIRST_TRY: Retry = { backend: 0, failures: 0, attempts: 0, givenUpAtMs: {} };

/** Failures in a row after which a backend is left for the next. */
export const GIVE_UP_AFTER = 3;
/** After this it is tried again, when there is something to open. */
const FORGIVE_MS = 60_000;

const BASE_MS = 100;
const CAP_MS = 5_000;
/** While the sound server says that there is no such device: its coming is announced, and this is for what it cannot see. */
const UNLISTED_MS = 30_000;

/** The opening failed once more. */
export function failed(retry: Retry): Retry {
  return { ...retry, failures: retry.failures + 1, attempts: retry.attempts + 1 };
}

/** Whether the backend has failed so often that the next is due; with one backend there is no next. */
export function isGivenUp({ failures }: Retry, backends: readonly BackendName[]): boolean {
  return failures >= GIVE_UP_AFTER && backends.length > 1;
}

/** Leaves the backend for the next, after the last for the first. */
export function next(retry: Retry, backends: readonly BackendName[], atMs: number): Retry {
  const left = backends[retry.backend];
  return {
    ...retry,
    backend: (retry.backend + 1) % backends.length,
    failures: 0,
    givenUpAtMs: left === undefined ? {} : { ...retry.givenUpAtMs, [left]: atMs },
  };
}

/** What is tried after a loss: the first backend that was not given up, or long enough ago. */
export function afterLoss(retry: Retry, backends: readonly BackendName[], atMs: number): Retry {
  const isForgiven = (name: BackendName): boolean =>
    atMs - (retry.givenUpAtMs[name] ?? -Infinity) >= FORGIVE_MS;
  return {
    ...FIRST_TRY,
    backend: Math.max(0, backends.findIndex(isForgiven)),
    givenUpAtMs: retry.givenUpAtMs,
  };
}

/** How long until the next opening; `isListed` is null where nobody knows. */
export function backoffMs({ attempts }: Retry, isListed: boolean | null): number {
  if (attempts === 0) return 0;
  // Once more at once: for what may stand in.
  if (isListed === false && attempts > 1) return UNLISTED_MS;
  return Math.min(CAP_MS, BASE_MS * 2 ** (attempts - 1));
}

/** Whether so many failures are worth an event: the first ones, and then fewer and fewer. */
export function isNewsworthy(attempts: number, wasHeard: boolean): boolean {
  // After a loss, that there is nothing to open is no news yet.
  return Number.isInteger(Math.log2(attempts)) && (attempts > 1 || !wasHeard);
}
