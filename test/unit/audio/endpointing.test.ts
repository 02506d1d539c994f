import { expect } from 'chai';
import fc from 'fast-check';
import { Endpointer, HOP_SAMPLES } from '../../../src/audio/endpointing.ts';
import type { EndpointSignal, EndpointerOptions } from '../../../src/audio/endpointing.ts';

/** Probabilities, each held for a number of hops. */
type Pattern = readonly (readonly [probability: number, hops: number])[];

function probabilitiesOf(pattern: Pattern): number[] {
  return pattern.flatMap(([probability, hops]) => new Array<number>(hops).fill(probability));
}

function follow(
  probabilities: readonly number[],
  options: EndpointerOptions = {},
): EndpointSignal[] {
  const endpointer = new Endpointer({ pauseMs: 96, ...options });
  return [
    ...probabilities.flatMap((probability, hop) => endpointer.push(probability, hop * HOP_SAMPLES)),
    ...endpointer.finish('end_of_source'),
  ];
}

/** Positions in hops, so that the tables can be read. */
function told(pattern: Pattern, options?: EndpointerOptions): string[] {
  const at = (sample: number): string => String(sample / HOP_SAMPLES);
  return follow(probabilitiesOf(pattern), options).map((signal) => {
    switch (signal.type) {
      case 'speech.started':
        return `started ${at(signal.startSample)} @${at(signal.atSample)}`;
      case 'speech.paused':
        return `paused ${at(signal.lastSpeechSample)} @${at(signal.atSample)}`;
      case 'speech.resumed':
        return `resumed @${at(signal.atSample)}`;
      case 'speech.ended':
        return `ended ${at(signal.startSample)}-${at(signal.endSample)} @${at(signal.atSample)} ${signal.reason} ${signal.silenceMs}`;
      case 'speech.discarded':
        return `discarded ${at(signal.startSample)}-${at(signal.endSample)} ${signal.speechMs}`;
    }
  });
}

describe('Endpointer', () => {
  const tables: readonly [string, Pattern, string[]][] = [
    ['says nothing of silence', [[0.1, 100]], []],
    [
      'pauses after 96 ms of silence and ends after 384',
      [
        [0, 4],
        [0.9, 10],
        [0, 20],
      ],
      ['started 4 @5', 'paused 14 @17', 'ended 4-14 @26 hangover 384'],
    ],
    [
      'goes on after a pause that is shorter than the hangover',
      [
        [0.9, 10],
        [0, 8],
        [0.9, 10],
        [0, 12],
      ],
      [
        'started 0 @1',
        'paused 10 @13',
        'resumed @19',
        'paused 28 @31',
        'ended 0-28 @40 hangover 384',
      ],
    ],
    [
      'takes what is doubtful for what was before it',
      [
        [0.4, 5],
        [0.9, 4],
        [0.4, 30],
        [0, 1],
        [0.4, 11],
      ],
      ['started 5 @6', 'paused 39 @42', 'ended 5-39 @51 hangover 384'],
    ],
    [
      'discards a click of 64 ms',
      [
        [0, 4],
        [0.9, 2],
        [0, 12],
      ],
      ['started 4 @5', 'paused 6 @9', 'discarded 4-6 64'],
    ],
    [
      'keeps a word of 96 ms',
      [
        [0.9, 3],
        [0, 12],
      ],
      ['started 0 @1', 'paused 3 @6', 'ended 0-3 @15 hangover 384'],
    ],
    [
      'ends what the source leaves open',
      [
        [0.9, 10],
        [0, 2],
      ],
      ['started 0 @1', 'ended 0-10 @12 end_of_source 64'],
    ],
    [
      'takes what is no number for silence',
      [
        [0.9, 4],
        [NaN, 12],
      ],
      ['started 0 @1', 'paused 4 @7', 'ended 0-4 @16 hangover 384'],
    ],
  ];
  for (const [does, pattern, signals] of tables) {
    it(does, () => {
      expect(told(pattern)).to.deep.equal(signals);
    });
  }

  it('cuts an utterance that grows too long at its quietest hop, and goes on from there', () => {
    const pattern: Pattern = [
      [0.9, 55],
      [0.6, 1],
      [0.9, 30],
      [0, 12],
    ];
    expect(told(pattern, { maxUtteranceMs: 64 * 32 })).to.deep.equal([
      'started 0 @1',
      'ended 0-55 @64 max_length 0',
      'started 55 @64',
      'paused 86 @89',
      'ended 55-86 @98 hangover 384',
    ]);
  });

  it('begins nothing new where a cut falls into silence', () => {
    expect(
      told(
        [
          [0.9, 60],
          [0, 12],
        ],
        { maxUtteranceMs: 64 * 32 },
      ),
    ).to.deep.equal(['started 0 @1', 'paused 60 @63', 'ended 0-60 @64 max_length 128']);
  });

  it('ends what is open where the positions jump', () => {
    const endpointer = new Endpointer({ pauseMs: 96 });
    for (let hop = 0; hop < 10; hop += 1) endpointer.push(0.9, hop * HOP_SAMPLES);
    expect(endpointer.push(0.9, 100 * HOP_SAMPLES)).to.deep.equal([
      {
        type: 'speech.ended',
        startSample: 0,
        endSample: 10 * HOP_SAMPLES,
        atSample: 10 * HOP_SAMPLES,
        reason: 'gap',
        silenceMs: 0,
      },
      { type: 'speech.started', startSample: 100 * HOP_SAMPLES, atSample: 101 * HOP_SAMPLES },
    ]);
  });

  it('ends nothing behind the end of the audio, which may be within the last hop', () => {
    const endpointer = new Endpointer();
    for (let hop = 0; hop < 10; hop += 1) endpointer.push(0.9, hop * HOP_SAMPLES);
    const endSample = 9 * HOP_SAMPLES + 100;
    expect(endpointer.finish('gap', endSample)).to.deep.equal([
      {
        type: 'speech.ended',
        startSample: 0,
        endSample,
        atSample: endSample,
        reason: 'gap',
        silenceMs: 0,
      },
    ]);
  });

  it('is ready for another source after it has finished, and has nothing to finish twice', () => {
    const endpointer = new Endpointer({ pauseMs: 96 });
    endpointer.push(0.9, 0);
    expect(endpointer.finish('shutdown').map(({ type }) => type)).to.deep.equal([
      'speech.discarded',
    ]);
    expect(endpointer.finish('shutdown')).to.deep.equal([]);
    expect(endpointer.push(0.9, 0).map(({ type }) => type)).to.deep.equal(['speech.started']);
  });

  it('refuses options that contradict each other', () => {
    expect(() => new Endpointer({ pauseMs: 500, hangoverMs: 384 })).to.throw(RangeError);
    expect(() => new Endpointer({ maxUtteranceMs: 10 })).to.throw(RangeError);
  });

  it('loses no speech, overlaps nothing and keeps to the limit, whatever it hears', () => {
    const heard = fc.array(
      fc.tuple(fc.constantFrom(0, 0.2, 0.4, 0.6, 0.9), fc.integer({ min: 1, max: 60 })),
      { maxLength: 40 },
    );
    const maxUtteranceMs = 2_016;
    fc.assert(
      fc.property(heard, (pattern) => {
        const probabilities = probabilitiesOf(pattern);
        const signals = follow(probabilities, { maxUtteranceMs });
        const ranges = signals.flatMap((signal) =>
          signal.type === 'speech.ended' || signal.type === 'speech.discarded' ? [signal] : [],
        );
        let free = 0;
        for (const { startSample, endSample } of ranges) {
          expect(startSample).to.be.at.least(free);
          expect(endSample).to.be.at.least(startSample);
          expect(endSample - startSample).to.be.at.most(maxUtteranceMs * 16);
          free = endSample;
        }
        const lost = probabilities.filter(
          (probability, hop) =>
            probability >= 0.5 &&
            !ranges.some(
              ({ startSample, endSample }) =>
                hop * HOP_SAMPLES >= startSample && hop * HOP_SAMPLES < endSample,
            ),
        );
        expect(lost).to.deep.equal([]);
        const begun = signals.filter(({ type }) => type === 'speech.started');
        expect(begun).to.have.length(ranges.length);
        expect(follow(probabilities, { maxUtteranceMs })).to.deep.equal(signals);
      }),
    );
  });
});
