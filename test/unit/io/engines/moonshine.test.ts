import { expect } from 'chai';
import { Endpointer, LEADING_PAD_MS, TRAILING_PAD_MS } from '../../../../src/audio/endpointing.ts';
import type { EndpointSignal } from '../../../../src/audio/endpointing.ts';
import { findPhrase } from '../../../../src/domain/phrase.ts';
import { msToSamples } from '../../../../src/domain/pcm.ts';
import type { EngineResults } from '../../../../src/io/engines/engine-protocol.ts';
import { wordErrors } from '../../../support/word-errors.ts';
import { between, clip, recordings, rejection, startEngine } from './running-engine.ts';
import type { WatchedEngine } from './running-engine.ts';

const HOP = 512;
const DEADLINE = { deadlineMs: 30_000 };
const PHRASES = ['hey_jarvis', 'alexa', 'hey_mycroft', 'hey_rhasspy'];

describe('moonshine', function () {
  this.timeout(180_000);
  let recogniser: WatchedEngine<'recogniser'>;
  before(async () => {
    recogniser = await startEngine('recogniser', {});
  });
  after(() => recogniser.process.stop(1_000));

  function recognise(samples: Int16Array): Promise<EngineResults['recogniser']> {
    return recogniser.process.request({ samples }, DEADLINE);
  }

  it('writes what was said, and how sure it is of its tokens', async () => {
    const answer = await recognise(clip('cmd4_bf_emma.wav'));
    expect(answer.text).to.equal('How long will it take to drive to the airport?');
    expect(answer.tokens).to.be.within(10, 20);
    expect(answer.confidence).to.be.within(0.8, 1);
    expect(Math.min(answer.encodeMs, answer.decodeMs)).to.be.above(0);
    expect(await recognise(clip('cmd4_bf_emma.wav'))).to.deep.include({
      text: answer.text,
      confidence: answer.confidence,
    });
  });

  it('hears nothing in silence, noise, and what is too short to be a word', async () => {
    let seed = 1;
    function noise(): number {
      seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
      return (seed / 2 ** 30 - 1) * 300;
    }
    const nothings: readonly [string, Int16Array][] = [
      ['one sample', new Int16Array(1)],
      ['50 ms', clip('alexa_af_heart.wav').slice(9_600, 10_400)],
      ['100 ms of silence', new Int16Array(1_600)],
      ['half a second of silence', new Int16Array(8_000)],
      ['five seconds of silence', new Int16Array(80_000)],
      ['noise', Int16Array.from({ length: 32_000 }, noise)],
    ];
    for (const [name, samples] of nothings) {
      expect(await recognise(samples), name).to.include({ text: '', tokens: 0, confidence: 0 });
    }
    for (let length = 1_500; length <= 4_000; length += 250) {
      const { text } = await recognise(clip('cmd0_af_heart.wav').slice(5_500, 5_500 + length));
      expect(text.length, String(length)).to.be.below(20);
    }
  });

  it('refuses what is no samples, or too many, and still serves', async () => {
    for (const samples of [new Float32Array(16_000), new Int16Array(0), new Int16Array(960_001)]) {
      const error = await rejection(recogniser.process.request({ samples } as never, DEADLINE));
      expect(error.code).to.equal('ENGINE_REQUEST');
    }
    expect((await recognise(clip('cmd0_af_heart.wav'))).text).to.match(/kitchen/);
  });

  describe('behind the voice detector and the endpointer', () => {
    const texts = new Map<string, string>();

    before(async () => {
      const vad = await startEngine('vad', {});
      const files = [...recordings().map(({ file }) => file), 'jfk.wav'];
      for (const file of files) {
        const samples = between(clip(file), HOP, 32 * HOP);
        const signals: EndpointSignal[] = [];
        const endpointer = new Endpointer();
        for (let from = 0; from < samples.length; from += 16 * HOP) {
          const hops = samples.slice(from, from + 16 * HOP);
          const answer = await vad.process.request({ hops, reset: from === 0 }, DEADLINE);
          answer.probabilities.forEach((probability, hop) => {
            signals.push(...endpointer.push(probability, from + hop * HOP));
          });
        }
        signals.push(...endpointer.finish('end_of_source'));
        const said: string[] = [];
        for (const signal of signals) {
          if (signal.type !== 'speech.ended') continue;
          const first = Math.max(0, signal.startSample - msToSamples(LEADING_PAD_MS));
          const last = signal.endSample + msToSamples(TRAILING_PAD_MS);
          said.push((await recognise(samples.slice(first, last))).text);
        }
        texts.set(file, said.join(' '));
      }
      await vad.process.stop(1_000);
    });

    function errorRate(said: readonly { file: string; text: string }[]): number {
      const counts = said.map(({ file, text }) => wordErrors(text, texts.get(file) ?? ''));
      return (
        counts.reduce((sum, { errors }) => sum + errors, 0) /
        counts.reduce((sum, { words }) => sum + words, 0)
      );
    }

    it('writes the commands with less than four words in a hundred wrong', () => {
      const commands = recordings().flatMap(({ file, kind, text }) =>
        kind === 'cmd' && text !== null ? [{ file, text }] : [],
      );
      expect(commands).to.have.length(15);
      expect(errorRate(commands)).to.be.below(0.04);
    });

    it('writes a speech of 1961 that pauses within its sentences, two words of twenty-two wrong', () => {
      const text =
        'and so my fellow americans ask not what your country can do for you ask what you can do for your country';
      expect(errorRate([{ file: 'jfk.wav', text }])).to.be.below(0.1);
    });

    it('writes every wake phrase so that it is found in the text', () => {
      for (const { file, kind } of recordings()) {
        if (!PHRASES.includes(kind)) continue;
        const text = texts.get(file) ?? '';
        expect(findPhrase(text, PHRASES)?.phrase, `${file}: ${text}`).to.equal(kind);
      }
    });

    it('writes none where there is none', () => {
      const taken = recordings().flatMap(({ file, kind }) =>
        !PHRASES.includes(kind) && findPhrase(texts.get(file) ?? '', PHRASES) !== null
          ? [`${file}: ${texts.get(file) ?? ''}`]
          : [],
      );
      expect(taken).to.deep.equal([]);
    });
  });
});
