import { expect } from 'chai';
import { between, clip, recordings, rejection, startEngine } from './running-engine.ts';
import type { WatchedEngine } from './running-engine.ts';

const CHUNK = 1280;
const PHRASES = ['hey_jarvis', 'alexa', 'hey_mycroft', 'hey_rhasspy'];
const DEADLINE = { deadlineMs: 20_000 };

describe('openwakeword', () => {
  let wakeword: WatchedEngine<'wakeword'>;
  before(async () => {
    wakeword = await startEngine('wakeword', { phrases: PHRASES });
  });
  after(() => wakeword.process.stop(1_000));

  async function scores(chunks: Int16Array, reset = true): Promise<Record<string, number>[]> {
    const answer = await wakeword.process.request({ chunks, reset }, DEADLINE);
    return answer.scores;
  }

  function highest(heard: readonly Record<string, number>[], phrase: string): number {
    return Math.max(...heard.map((score) => score[phrase] ?? 0));
  }

  it('hears every recorded phrase, and takes none for another', async () => {
    const phrases = recordings().filter(({ kind }) => PHRASES.includes(kind));
    expect(phrases).to.have.length(19);
    for (const { file, kind } of phrases) {
      const heard = await scores(between(clip(file), CHUNK, 12 * CHUNK));
      expect(highest(heard, kind), file).to.be.above(0.5);
      for (const other of PHRASES.filter((phrase) => phrase !== kind)) {
        expect(highest(heard, other), `${file} as ${other}`).to.be.below(0.5);
      }
    }
  });

  it('hears none in commands and sound-alikes, but "Alexa" in "a lexicon" and "my craft" once', async () => {
    const others = recordings().filter(({ kind }) => !PHRASES.includes(kind));
    expect(others).to.have.length(21);
    const taken: string[] = [];
    for (const { file } of others) {
      const heard = await scores(between(clip(file), CHUNK, 12 * CHUNK));
      taken.push(
        ...PHRASES.filter((phrase) => highest(heard, phrase) > 0.5).map((as) => `${file} as ${as}`),
      );
    }
    expect(taken).to.deep.equal([
      'neg2_am_michael.wav as alexa',
      'neg4_af_heart.wav as hey_mycroft',
    ]);
  });

  it('forgets a phrase with a reset, wherever it comes', async () => {
    const samples = between(clip('hey_jarvis_af_heart.wav'), CHUNK, 12 * CHUNK);
    const silence = new Int16Array(30 * CHUNK);
    const chunks = samples.length / CHUNK;
    for (let cut = 14; cut < chunks; cut += 1) {
      await scores(samples.slice(0, cut * CHUNK));
      const after = await scores(silence);
      for (const phrase of PHRASES)
        expect(highest(after, phrase), `reset at ${cut}`).to.be.below(0.1);
    }
    expect(highest(await scores(samples), 'hey_jarvis')).to.be.above(0.5);
  });

  it('answers the same in one request as in many', async () => {
    const samples = between(clip('alexa_bf_emma.wav'), CHUNK, 12 * CHUNK);
    const whole = await scores(samples);
    const parts: Record<string, number>[] = [];
    for (let from = 0; from < samples.length; from += 3 * CHUNK) {
      parts.push(...(await scores(samples.slice(from, from + 3 * CHUNK), from === 0)));
    }
    expect(parts).to.deep.equal(whole);
  });

  it('refuses what is no whole chunks, and still serves', async () => {
    const payload = { chunks: new Int16Array(CHUNK + 1), reset: false };
    const error = await rejection(wakeword.process.request(payload, DEADLINE));
    expect(error.code).to.equal('ENGINE_REQUEST');
    expect(await scores(new Int16Array(CHUNK))).to.deep.equal([
      { hey_jarvis: 0, alexa: 0, hey_mycroft: 0, hey_rhasspy: 0 },
    ]);
  });

  it('loads only the phrases that it is asked for, and none that it does not know', async () => {
    const one = await startEngine('wakeword', { phrases: ['alexa'] });
    const answer = await one.process.request(
      { chunks: new Int16Array(CHUNK), reset: true },
      DEADLINE,
    );
    await one.process.stop(1_000);
    expect(answer.scores).to.deep.equal([{ alexa: 0 }]);

    const unknown = await rejection(startEngine('wakeword', { phrases: ['open_sesame'] }));
    expect(unknown.code).to.equal('ENGINE_NOT_FOUND');
    expect(unknown.message).to.include('open_sesame');
    const none = await rejection(startEngine('wakeword', { phrases: [] }));
    expect(none.code).to.equal('ENGINE_LOAD');
  });
});
