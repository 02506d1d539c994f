import type { WakeEvent } from '../src/domain/events.ts';
import { msToSamples } from '../src/domain/pcm.ts';

/** An utterance that is kept, and what is known of it. */
export interface Kept {
  readonly utteranceId: string;
  readonly startSample: number;
  /** Null while it is being spoken. */
  readonly endSample: number | null;
  readonly isAddressed: boolean;
}

/** Speech that starts within it is addressed to us. */
export interface Window {
  readonly phrase: string;
  readonly untilSample: number;
  /** What is said may extend it, and never beyond this. */
  readonly hardUntilSample: number;
}

export interface ListeningBounds {
  readonly listeningWindowMs: number;
  readonly wakeTimeoutMs: number;
}

/** What a wake word makes of the utterances that are kept. */
export interface Awakening {
  readonly window: Window;
  /** The one that it was said in. */
  readonly spoken: Kept | null;
  /** Those that began within the window before the detection arrived. */
  readonly followers: readonly Kept[];
}

/** A wake word may be found a little outside of what voice activity took for the speech. */
const WAKE_SLACK_SAMPLES = msToSamples(500);

/** Decides whom a wake word addresses, on the sample clock. */
export function awaken(
  { phrase, atSample }: WakeEvent,
  utterances: readonly Kept[],
  bounds: ListeningBounds,
): Awakening {
  const untilSample = atSample + msToSamples(bounds.wakeTimeoutMs);
  const spoken = utterances.find((kept) => contains(kept, atSample)) ?? null;
  return {
    window: {
      phrase,
      untilSample,
      hardUntilSample: atSample + msToSamples(bounds.listeningWindowMs),
    },
    spoken,
    followers: utterances.filter(
      (kept) =>
        !kept.isAddressed &&
        kept !== spoken &&
        kept.startSample > atSample &&
        kept.startSample <= untilSample,
    ),
  };
}

/** An utterance that was addressed to us keeps the window open for what may follow it. */
export function extended(
  window: Window | null,
  ended: Kept | undefined,
  endSample: number,
  bounds: ListeningBounds,
): Window | null {
  if (window === null || ended?.isAddressed !== true) return window;
  const wanted = endSample + msToSamples(bounds.wakeTimeoutMs);
  return {
    ...window,
    untilSample: Math.min(window.hardUntilSample, Math.max(window.untilSample, wanted)),
  };
}

function contains(kept: Kept, sample: number): boolean {
  const endSample = kept.endSample ?? Infinity;
  return (
    sample >= kept.startSample - WAKE_SLACK_SAMPLES && sample <= endSample + WAKE_SLACK_SAMPLES
  );
}
