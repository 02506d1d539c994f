const NUMBERS: Readonly<Record<string, string>> = {
  '0': 'zero',
  '1': 'one',
  '2': 'two',
  '3': 'three',
  '4': 'four',
  '5': 'five',
  '6': 'six',
  '7': 'seven',
  '8': 'eight',
  '9': 'nine',
  '10': 'ten',
};

/** Words as they are spoken: lower case, no punctuation, small numbers in letters. */
function wordsOf(text: string): string[] {
  return text
    .toLowerCase()
    .replace(/to-(morrow|day|night)/g, 'to$1')
    .replace(/[-–—]/g, ' ')
    .replace(/[^a-z0-9' ]/g, '')
    .split(/\s+/)
    .filter((word) => word !== '')
    .map((word) => NUMBERS[word] ?? word);
}

/** Substitutions, insertions and deletions that make one text of the other, by words. */
export function wordErrors(
  reference: string,
  hypothesis: string,
): { errors: number; words: number } {
  const expected = wordsOf(reference);
  const actual = wordsOf(hypothesis);
  let previous = Array.from({ length: actual.length + 1 }, (_, index) => index);
  for (const [row, word] of expected.entries()) {
    const current = [row + 1];
    for (const [column, other] of actual.entries()) {
      current.push(
        Math.min(
          (previous[column + 1] ?? 0) + 1,
          (current[column] ?? 0) + 1,
          (previous[column] ?? 0) + (word === other ? 0 : 1),
        ),
      );
    }
    previous = current;
  }
  return { errors: previous[actual.length] ?? 0, words: expected.length };
}
