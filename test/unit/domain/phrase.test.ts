import { expect } from 'chai';
import fc from 'fast-check';
import {
  PHRASE_SIMILARITY,
  capitalised,
  findPhrase,
  stripPhrase,
} from '../../../src/domain/phrase.ts';

const PHRASES = ['hey_jarvis', 'alexa', 'hey_mycroft', 'hey_rhasspy'];

describe('findPhrase', () => {
  // What the recogniser wrote for the recorded phrases, whole and cut out by the voice detector, with other margins.
  const written: readonly [string, string, number][] = [
    ['Hey, Jarvis.', 'hey_jarvis', 1],
    ['Hey Jarvis, turn on the kitchen lights.', 'hey_jarvis', 1],
    ['Hey, jauvis.', 'hey_jarvis', 0.89],
    ['Hey, javis.', 'hey_jarvis', 0.89],
    ['Alexa,', 'alexa', 1],
    ['Alexum!', 'alexa', 0.75],
    ['Hey, Macroft.', 'hey_mycroft', 0.9],
    ['Hey, mcroft.', 'hey_mycroft', 0.9],
    ['Hamakroft.', 'hey_mycroft', 0.75],
    ['Hey raspy', 'hey_rhasspy', 0.85],
    // And what others were seen to write.
    ['Hey Jervis, hi', 'hey_jarvis', 0.94],
    ['A Jarvis, stop', 'hey_jarvis', 0.78],
    ['Hey Rhapsody.', 'hey_rhasspy', 0.73],
    ['Hey my croft', 'hey_mycroft', 1],
    ['Okay, so, hey Jarvis, turn it off', 'hey_jarvis', 1],
  ];
  for (const [text, phrase, similarity] of written) {
    it(`finds ${phrase} in "${text}"`, () => {
      const match = findPhrase(text, PHRASES);
      expect(match?.phrase).to.equal(phrase);
      expect(match?.similarity).to.be.closeTo(similarity, 0.006);
    });
  }

  for (const text of [
    'Hey Travis, how are you doing today?',
    'The hay harvest is early this year.',
    'Alexa-kin is a kind of dictionary.',
    'A lexicon is a kind of dictionary',
    'Have you seen my craft project?',
    'Hey Elvis, sing.',
    'Remind me to call my mother at five in the evening.',
    '',
    '...',
  ]) {
    it(`finds nothing in "${text}"`, () => {
      expect(findPhrase(text, PHRASES)).to.equal(null);
    });
  }

  it('takes the likeliest of the phrases, and says where it stands', () => {
    const text = 'Well, hey Jarvis, stop.';
    expect(findPhrase(text, ['hey_service', 'hey_jarvis'])).to.deep.equal({
      phrase: 'hey_jarvis',
      start: 6,
      end: 18,
      similarity: 1,
    });
    expect(findPhrase(text, [])).to.equal(null);
  });

  it('looks near the beginning only', () => {
    expect(findPhrase('one two three four five six seven eight nine hey jarvis', PHRASES)).to.equal(
      null,
    );
  });

  it('tells letters of every script apart', () => {
    expect(findPhrase('𐐀𐐁𐐂', ['𐐃𐐄𐐅'])).to.equal(null);
    expect(findPhrase('𐐀𐐁𐐂, ja', ['𐐀𐐁𐐂'])?.similarity).to.equal(1);
    expect(findPhrase('Слушай, компьютер, стоп', ['слушай компьютер'])?.similarity).to.equal(1);
  });

  it('stays within the text, whatever the text is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string(), (text, phrase) => {
        const match = findPhrase(text, [phrase, ...PHRASES]);
        if (match === null) return;
        expect(match.start).to.be.within(0, match.end);
        expect(match.end).to.be.at.most(text.length);
        expect(match.similarity).to.be.within(PHRASE_SIMILARITY, 1);
      }),
    );
  });
});

describe('stripPhrase', () => {
  const cases: readonly [string, string, string][] = [
    ['Hey Jarvis, turn on the kitchen lights.', 'hey_jarvis', 'Turn on the kitchen lights.'],
    ['Hey, Jarvis.', 'hey_jarvis', ''],
    ['Alexa! Stop.', 'alexa', 'Stop.'],
    ['Okay, hey jervis -- play "Blue"', 'hey_jarvis', 'Play "Blue"'],
  ];
  for (const [text, phrase, rest] of cases) {
    it(`leaves "${rest}" of "${text}"`, () => {
      const stripped = stripPhrase(text, phrase);
      expect(stripped.found).to.equal(true);
      expect(capitalised(stripped.text)).to.equal(rest);
    });
  }

  it('leaves a text alone that has no phrase', () => {
    expect(stripPhrase('turn it off.', 'alexa')).to.deep.equal({
      text: 'turn it off.',
      found: false,
    });
  });
});
