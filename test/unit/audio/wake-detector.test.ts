import { expect } from 'chai';
import { WakeDetector } from '../../../src/audio/wake-detector.ts';

const CHUNK = 1280;

/** Pushes the scores of one phrase, a chunk each, and gives the chunks that were detections. */
function detections(scores: readonly number[], cooldownMs = 0): number[] {
  const detector = new WakeDetector({ threshold: 0.5, cooldownMs });
  return scores.flatMap((score, index) =>
    detector.push({ hey: score }, (index + 1) * CHUNK) === null ? [] : [index],
  );
}

describe('WakeDetector', () => {
  const CASES = [
    { name: 'a score at the threshold counts', scores: [0.49, 0.5], expected: [1] },
    {
      name: 'one phrase that scores high for long counts once',
      scores: [0, 0.9, 0.9, 0.9],
      expected: [1],
    },
    { name: 'it counts again once it has fallen', scores: [0.9, 0.1, 0.9], expected: [0, 2] },
    {
      name: 'not within the cooldown',
      scores: [0.9, 0.1, 0.9, 0.1, 0.9],
      cooldownMs: 300,
      expected: [0, 4],
    },
  ];
  for (const { name, scores, cooldownMs, expected } of CASES) {
    it(name, () => {
      expect(detections(scores, cooldownMs)).to.deep.equal(expected);
    });
  }

  it('takes the highest of several phrases at once', () => {
    const detector = new WakeDetector({ threshold: 0.5, cooldownMs: 100 });
    expect(detector.push({ a: 0.6, b: 0.8, c: 0.2 }, CHUNK)).to.deep.equal({
      phrase: 'b',
      score: 0.8,
      atSample: CHUNK,
    });
  });

  it('forgets the cooldown after a gap', () => {
    const detector = new WakeDetector({ threshold: 0.5, cooldownMs: 10_000 });
    detector.push({ a: 0.9 }, CHUNK);
    detector.reset();
    expect(detector.push({ a: 0.9 }, 2 * CHUNK)).to.not.equal(null);
  });
});
