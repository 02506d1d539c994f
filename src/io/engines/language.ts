import { RtapError } from '../../domain/errors.ts';
import type { Engine, EngineOptions, EngineResults } from './engine-protocol.ts';
import { textIn } from './payload.ts';
import { WEIGHTS, combinedDigest, readWeights } from './weights.ts';
import type { LoadedWeights } from './weights.ts';

interface Detection {
  readonly language: string;
  isReliable(): boolean;
  getScores(): Record<string, number>;
}

interface Detector {
  detect(text: string): Detection;
}

type Analyse = (text: string) => number;

/** VADER's own bounds between the three. */
const NEUTRAL_BELOW = 0.05;
const MAX_TEXT = 8_192;

/**
 * Names the language of a text (`eld`) and its sentiment (VADER, a lexicon of English words). It knows nothing of the
 * audio: a recogniser that writes English makes every text English.
 */
export async function loadLanguage(
  options: EngineOptions['language'],
): Promise<Engine<'language'>> {
  const files = filesOf(options);
  const detector = options.detect ? await loadDetector() : null;
  const analyse = options.sentiment ? await loadAnalyser() : null;

  function run(text: string): EngineResults['language'] {
    const found = detector?.detect(text);
    const language = found === undefined ? 'und' : languageOf(found);
    const score = found?.getScores()[language] ?? 0;
    const compound = analyse?.(text);
    return {
      language,
      confidence: Math.min(1, Math.max(0, score)),
      sentiment: compound === undefined ? null : sentimentOf(compound),
      sentimentConfidence: compound === undefined ? null : confidenceOf(compound),
    };
  }

  return {
    identity: {
      name: [options.detect ? 'eld' : '', options.sentiment ? 'vader' : '']
        .filter(Boolean)
        .join('+'),
      model: 'lexicon',
      digest: combinedDigest(files),
      provider: 'cpu',
    },
    warmUp: () => {
      const answer = run('This is wonderful, I really love this place and I am very happy today.');
      const isRight =
        (!options.detect || answer.language === 'en') &&
        (!options.sentiment || answer.sentiment === 'positive');
      if (isRight) return Promise.resolve();
      return Promise.reject(
        new RtapError(
          'ENGINE_WRONG_ANSWER',
          `language: a happy English sentence was taken for ${answer.language}, ${String(answer.sentiment)}`,
        ),
      );
    },
    run: (payload) => {
      const text = textIn(payload, 'text');
      if (text.length <= MAX_TEXT) return Promise.resolve(run(text));
      return Promise.reject(
        new RtapError('ENGINE_REQUEST', `a text of ${String(text.length)} characters is too long`),
      );
    },
  };
}

/** The tables of what is switched on, checked before they are imported. */
function filesOf({ detect, sentiment }: EngineOptions['language']): LoadedWeights[] {
  return WEIGHTS.filter(({ engine, packageName }) => {
    return engine === 'language' && (packageName === 'eld' ? detect : sentiment);
  }).map((weight) => readWeights(weight));
}

async function loadDetector(): Promise<Detector> {
  // The package's own types say `any` of it.
  const { eld } = (await import('eld/small')) as unknown as { eld: Detector };
  return eld;
}

async function loadAnalyser(): Promise<Analyse> {
  const { default: vader } = await import('vader-sentiment');
  return (text) => vader.SentimentIntensityAnalyzer.polarity_scores(text).compound;
}

/** A word or two are never reliable; then English is believed, as the recogniser's own language, and nothing else. */
function languageOf(found: Detection): string {
  if (found.language === 'en' || (found.language !== '' && found.isReliable()))
    return found.language;
  return 'und';
}

function sentimentOf(compound: number): 'positive' | 'neutral' | 'negative' {
  if (compound >= NEUTRAL_BELOW) return 'positive';
  return compound <= -NEUTRAL_BELOW ? 'negative' : 'neutral';
}

/** How far the text leans; for a neutral one, how little. */
function confidenceOf(compound: number): number {
  const strength = Math.abs(compound);
  return strength < NEUTRAL_BELOW ? 1 - strength : strength;
}
