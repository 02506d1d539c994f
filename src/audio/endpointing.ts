import type { EndReason } from '../domain/events.ts';
import { msToSamples, samplesToMs } from '../domain/pcm.ts';

/** Samples that one speech probability stands for. */
export const HOP_SAMPLES = 512;

/** Audio in front of the first hop of speech that the recogniser needs for the onset. */
export const LEADING_PAD_MS = 240;
/** Audio behind the last hop of speech that the recogniser needs for the ending; never more than the pause. */
export const TRAILING_PAD_MS = 192;

/** An utterance that has to be cut is cut at its quietest hop within this long before the limit. */
const CUT_WINDOW_MS = 3_000;

export interface EndpointerOptions {
  /** A hop of at least this probability is speech. */
  readonly speechThreshold?: number;
  /** A hop below this is silence; one between the two goes on with what was before it. */
  readonly silenceThreshold?: number;
  /** An utterance with less speech than this is discarded: a click, a knock. */
  readonly minSpeechMs?: number;
  /** Silence after which speech has paused. */
  readonly pauseMs?: number;
  /** Silence after which the utterance has ended. */
  readonly hangoverMs?: number;
  /** An utterance is cut before it grows longer; the next one begins where it is cut. */
  readonly maxUtteranceMs?: number;
}

/** Positions are sample counts; `atSample` is the end of the hop that decided. Samples of padding are not in them. */
export type EndpointSignal =
  | { type: 'speech.started'; startSample: number; atSample: number }
  | { type: 'speech.paused'; lastSpeechSample: number; atSample: number }
  | { type: 'speech.resumed'; atSample: number }
  | {
      type: 'speech.ended';
      startSample: number;
      endSample: number;
      atSample: number;
      reason: EndReason;
      silenceMs: number;
    }
  | { type: 'speech.discarded'; startSample: number; endSample: number; speechMs: number };

interface Hop {
  readonly firstSample: number;
  readonly probability: number;
  readonly isSpeech: boolean;
}

interface Utterance {
  startSample: number;
  speechSamples: number;
  /** The end of the last hop of speech. */
  lastSpeechSample: number;
  isPaused: boolean;
  /** The latest hops, for a cut. */
  recent: Hop[];
}

/**
 * Owns the decision where an utterance begins and ends, from one speech probability a hop, in order. It depends on
 * nothing but its input: the same probabilities give the same signals. A jump in the positions ends what is open as a
 * gap does. Throws `RangeError` for options that contradict each other.
 */
export class Endpointer {
  readonly #speechThreshold: number;
  readonly #silenceThreshold: number;
  readonly #minSpeechSamples: number;
  readonly #pauseSamples: number;
  readonly #hangoverSamples: number;
  readonly #maxUtteranceSamples: number;
  readonly #cutWindowHops: number;
  #utterance: Utterance | null = null;
  #nextSample: number | null = null;

  constructor(options: EndpointerOptions = {}) {
    this.#speechThreshold = options.speechThreshold ?? 0.5;
    this.#silenceThreshold = Math.min(options.silenceThreshold ?? 0.35, this.#speechThreshold);
    this.#minSpeechSamples = msToSamples(options.minSpeechMs ?? 96);
    this.#pauseSamples = msToSamples(options.pauseMs ?? 192);
    this.#hangoverSamples = msToSamples(options.hangoverMs ?? 384);
    this.#maxUtteranceSamples = msToSamples(options.maxUtteranceMs ?? 28_000);
    const cutWindowSamples = Math.min(msToSamples(CUT_WINDOW_MS), this.#maxUtteranceSamples / 2);
    this.#cutWindowHops = Math.max(1, Math.floor(cutWindowSamples / HOP_SAMPLES));
    if (!(this.#pauseSamples <= this.#hangoverSamples)) {
      throw new RangeError('speech pauses before it ends: the pause is longer than the hangover');
    }
    if (!(this.#maxUtteranceSamples >= 2 * HOP_SAMPLES)) {
      throw new RangeError('an utterance is at least two hops long');
    }
  }

  /** Takes the probability of the hop at `firstSample`; one that is no number counts as silence. */
  push(probability: number, firstSample: number): EndpointSignal[] {
    const hasJumped = this.#nextSample !== null && firstSample !== this.#nextSample;
    const signals = hasJumped ? this.finish('gap') : [];
    const atSample = firstSample + HOP_SAMPLES;
    this.#nextSample = atSample;

    if (this.#utterance === null) {
      if (!(probability >= this.#speechThreshold)) return signals;
      this.#utterance = {
        startSample: firstSample,
        speechSamples: 0,
        lastSpeechSample: firstSample,
        isPaused: false,
        recent: [],
      };
      signals.push({ type: 'speech.started', startSample: firstSample, atSample });
    }
    const utterance = this.#utterance;
    const isSpeech = this.#isSpeech(utterance, probability, firstSample);
    utterance.recent.push({ firstSample, probability, isSpeech });
    if (utterance.recent.length > this.#cutWindowHops) utterance.recent.shift();

    if (isSpeech) {
      utterance.speechSamples += HOP_SAMPLES;
      utterance.lastSpeechSample = atSample;
      if (utterance.isPaused) signals.push({ type: 'speech.resumed', atSample });
      utterance.isPaused = false;
    } else {
      signals.push(...this.#hush(utterance, atSample));
    }
    if (this.#mustCut(atSample)) signals.push(...this.#cut(utterance, atSample));
    return signals;
  }

  /**
   * Ends what is open: nothing follows, or not what would have followed. The audio ended at `endSample`, where it may
   * have been within the last hop.
   */
  finish(
    reason: Exclude<EndReason, 'hangover' | 'max_length'>,
    endSample = Infinity,
  ): EndpointSignal[] {
    const nextSample = this.#nextSample;
    this.#nextSample = null;
    if (this.#utterance === null || nextSample === null) return [];
    const atSample = Math.min(nextSample, endSample);
    const lastSample = Math.min(this.#utterance.lastSpeechSample, endSample);
    return [this.#end(this.#utterance, lastSample, atSample, reason)];
  }

  #isSpeech(utterance: Utterance, probability: number, firstSample: number): boolean {
    if (probability >= this.#speechThreshold) return true;
    const wasSpeech = utterance.lastSpeechSample === firstSample;
    return wasSpeech && probability >= this.#silenceThreshold;
  }

  #hush(utterance: Utterance, atSample: number): EndpointSignal[] {
    const signals: EndpointSignal[] = [];
    const { lastSpeechSample } = utterance;
    const silentSamples = atSample - lastSpeechSample;
    if (!utterance.isPaused && silentSamples >= this.#pauseSamples) {
      utterance.isPaused = true;
      signals.push({ type: 'speech.paused', lastSpeechSample, atSample });
    }
    if (silentSamples >= this.#hangoverSamples) {
      signals.push(this.#end(utterance, lastSpeechSample, atSample, 'hangover'));
    }
    return signals;
  }

  #end(
    utterance: Utterance,
    endSample: number,
    atSample: number,
    reason: EndReason,
  ): EndpointSignal {
    this.#utterance = null;
    const { startSample, speechSamples, lastSpeechSample } = utterance;
    if (speechSamples < this.#minSpeechSamples) {
      const speechMs = samplesToMs(speechSamples);
      return { type: 'speech.discarded', startSample, endSample, speechMs };
    }
    const silenceMs = samplesToMs(Math.max(0, atSample - lastSpeechSample));
    return { type: 'speech.ended', startSample, endSample, atSample, reason, silenceMs };
  }

  #mustCut(atSample: number): boolean {
    return (
      this.#utterance !== null &&
      atSample + HOP_SAMPLES - this.#utterance.startSample > this.#maxUtteranceSamples
    );
  }

  /** What comes before the quietest hop ends here; that hop and what follows it are the beginning of the next one. */
  #cut(utterance: Utterance, atSample: number): EndpointSignal[] {
    const { recent, lastSpeechSample, isPaused } = utterance;
    const quietest = recent.reduce((least, hop) =>
      hop.probability <= least.probability ? hop : least,
    );
    const cutSample = Math.min(quietest.firstSample, lastSpeechSample);
    const kept = recent.filter(({ firstSample }) => firstSample >= cutSample);
    const speechHops = kept.filter(({ isSpeech }) => isSpeech).length;
    utterance.speechSamples -= speechHops * HOP_SAMPLES;
    const signals = [this.#end(utterance, cutSample, atSample, 'max_length')];
    if (speechHops === 0) return signals;

    this.#utterance = {
      startSample: cutSample,
      speechSamples: speechHops * HOP_SAMPLES,
      lastSpeechSample,
      isPaused,
      recent: kept,
    };
    signals.push({ type: 'speech.started', startSample: cutSample, atSample });
    if (isPaused) signals.push({ type: 'speech.paused', lastSpeechSample, atSample });
    return signals;
  }
}
