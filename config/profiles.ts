import type { RtapConfig } from './schema.ts';

/** Any part of a section tree, down to its values. */
type Part<T> = T extends readonly unknown[]
  ? T
  : T extends object
    ? { readonly [K in keyof T]?: Part<T[K]> }
    : T;

/** A named set of differences from the defaults. */
export interface Profile {
  /** In production a source is a device, and never falls back to anything that is none. */
  readonly production: boolean;
  /** What v1's profile of this name set and this version does not. */
  readonly notice: string | null;
  readonly values: Part<RtapConfig>;
}

/** The profiles, chosen by `--environment`, then `RTAP_ENVIRONMENT`, then `default`. */
export const PROFILES: Readonly<Record<string, Profile>> = {
  default: { production: false, notice: null, values: {} },
  main_pc: { production: true, notice: null, values: {} },
  pc2: {
    production: true,
    notice:
      'The profile pc2 of v1 also set float32, a beam of 3, a circuit breaker of 5 failures in 20 s and 4 calls at a time; here the recogniser is int8 and greedy, and the rest is not supported in this version.',
    values: { resilience: { bulkhead: { max_queue_size: 16 } } },
  },
};
