/** Where a wake phrase stands in a text. */
export interface PhraseMatch {
  /** As it was asked for. */
  readonly phrase: string;
  /** Range of characters, its end exclusive and behind any punctuation that belongs to it. */
  readonly start: number;
  readonly end: number;
  /** 0 to 1; 1 is the phrase to the letter. */
  readonly similarity: number;
}

/**
 * A run of words this alike is the phrase; measured on real transcripts: every phrase scores 0.75 or more, the nearest
 * sound-alike 0.70 ("hay harvest"). A recogniser that writes the phrase where something else was said is believed.
 */
export const PHRASE_SIMILARITY = 0.725;
/** Words that may stand before the phrase. */
const MAX_LEADING_WORDS = 8;
/** The recogniser may split a phrase or join it. */
const EXTRA_WORDS = 2;

interface Word {
  readonly letters: string;
  readonly start: number;
  readonly end: number;
}

/** The likeliest of the phrases in a text that was recognised, or null. An underscore in a phrase is a space. */
export function findPhrase(text: string, phrases: readonly string[]): PhraseMatch | null {
  const words = wordsOf(text);
  let best: PhraseMatch | null = null;
  for (const phrase of phrases) {
    const target = lettersOf(phrase);
    const targetWords = phrase.split(/[\s_]+/).length;
    const isBetter = (similarity: number): boolean =>
      similarity >= PHRASE_SIMILARITY && similarity > (best?.similarity ?? 0);
    for (let first = 0; first < Math.min(words.length, MAX_LEADING_WORDS + 1); first += 1) {
      let letters = '';
      for (
        let last = first;
        last < words.length && last < first + targetWords + EXTRA_WORDS;
        last += 1
      ) {
        const [from, to] = [words[first], words[last]];
        if (from === undefined || to === undefined) break;
        letters += to.letters;
        const similarity = similarityOf(letters, target);
        if (isBetter(similarity)) {
          best = { phrase, start: from.start, end: afterPunctuation(text, to.end), similarity };
        }
      }
    }
  }
  return best;
}

/** What follows the phrase; the whole text where the phrase is not in it. */
export function stripPhrase(text: string, phrase: string): { text: string; found: boolean } {
  const match = findPhrase(text, [phrase]);
  if (match === null) return { text, found: false };
  return { text: text.slice(match.end).trim(), found: true };
}

/** Begins like a sentence. */
export function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** What a hyphen joins is one word: "Alexa-kin" does not call Alexa. */
function wordsOf(text: string): Word[] {
  return [...text.matchAll(/[\p{L}\p{N}'-]+/gu)].map((match) => ({
    letters: lettersOf(match[0]),
    start: match.index,
    end: match.index + match[0].length,
  }));
}

function lettersOf(text: string): string {
  return text.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');
}

function afterPunctuation(text: string, from: number): number {
  let end = from;
  while (end < text.length && /[^\p{L}\p{N}]/u.test(text.charAt(end))) end += 1;
  return end;
}

/** One minus the edit distance, as a share of the longer text. */
function similarityOf(a: string, b: string): number {
  const [from, to] = [soundsOf(a), soundsOf(b)];
  const longest = Math.max(from.length, to.length);
  return longest === 0 ? 0 : 1 - editDistance(from, to) / longest;
}

/** One letter for each of the sounds that the recogniser spells in two ways. */
function soundsOf(letters: string): string[] {
  return Array.from(letters.replace(/[cq]/g, 'k').replace(/z/g, 's'));
}

/** The recogniser takes one vowel for another more readily than a consonant. */
function replacementCost(a: string, b: string): number {
  if (a === b) return 0;
  return 'aeiou'.includes(a) && 'aeiou'.includes(b) ? 0.5 : 1;
}

/** It also drops an h, or hears one. */
function gapCost(letter: string): number {
  return letter === 'h' ? 0.5 : 1;
}

function editDistance(a: readonly string[], b: readonly string[]): number {
  let previous = [0];
  for (const letter of b) previous.push((previous.at(-1) ?? 0) + gapCost(letter));
  for (const letterOfA of a) {
    const current = [(previous[0] ?? 0) + gapCost(letterOfA)];
    b.forEach((letterOfB, column) => {
      current.push(
        Math.min(
          (previous[column + 1] ?? 0) + gapCost(letterOfA),
          (current[column] ?? 0) + gapCost(letterOfB),
          (previous[column] ?? 0) + replacementCost(letterOfA, letterOfB),
        ),
      );
    });
    previous = current;
  }
  return previous[b.length] ?? 0;
}
