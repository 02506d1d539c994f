import { expect } from 'chai';
import type { EngineResults } from '../../../../src/io/engines/engine-protocol.ts';
import { rejection, startEngine } from './running-engine.ts';
import type { WatchedEngine } from './running-engine.ts';

const DEADLINE = { deadlineMs: 20_000 };

describe('language', () => {
  let language: WatchedEngine<'language'>;
  before(async () => {
    language = await startEngine('language', { detect: true, sentiment: true });
  });
  after(() => language.process.stop(1_000));

  function examine(text: string): Promise<EngineResults['language']> {
    return language.process.request({ text }, DEADLINE);
  }

  const texts: readonly [string, string][] = [
    ['Turn on the kitchen lights.', 'en'],
    ['Stop.', 'en'],
    ['Schalte bitte das Licht in der Küche ein.', 'de'],
    ['Allume la lumière de la cuisine.', 'fr'],
    ['Enciende la luz de la cocina.', 'es'],
    ['Włącz światło w kuchni.', 'pl'],
    ['台所の電気をつけてください。', 'ja'],
    ['', 'und'],
    ['12 34', 'und'],
    ['Hello.', 'und'],
  ];
  for (const [text, code] of texts) {
    it(`takes "${text}" for ${code}`, async () => {
      const answer = await examine(text);
      expect(answer.language).to.equal(code);
      expect(answer.confidence).to.be.within(code === 'und' ? 0 : 0.5, code === 'und' ? 0 : 1);
    });
  }

  const feelings: readonly [string, string][] = [
    ['I really love this place. It makes me very happy.', 'positive'],
    ['This is terrible, I am so angry about the delay.', 'negative'],
    ['Set a timer for ten minutes.', 'neutral'],
    ['', 'neutral'],
    ['constructor toString __proto__', 'neutral'],
  ];
  for (const [text, feeling] of feelings) {
    it(`takes "${text}" for ${feeling}`, async () => {
      const answer = await examine(text);
      expect(answer.sentiment).to.equal(feeling);
      expect(answer.sentimentConfidence).to.be.within(0.05, 1);
    });
  }

  it('refuses what is no text, or too much of it, and still serves', async () => {
    for (const payload of [{ text: 7 }, {}, { text: 'a'.repeat(8_193) }]) {
      const error = await rejection(language.process.request(payload as never, DEADLINE));
      expect(error.code).to.equal('ENGINE_REQUEST');
    }
    expect((await examine('Turn it off.')).language).to.equal('en');
  });

  it('says nothing of what is switched off', async () => {
    const feeling = await startEngine('language', { detect: false, sentiment: true });
    const answer = await feeling.process.request({ text: 'I love it' }, DEADLINE);
    const { identity } = await feeling.told('ready');
    await feeling.process.stop(1_000);
    expect(answer).to.include({ language: 'und', confidence: 0, sentiment: 'positive' });
    expect(identity.name).to.equal('vader');
  });
});
