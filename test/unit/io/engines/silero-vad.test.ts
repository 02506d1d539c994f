import { expect } from 'chai';
import { between, clip, rejection, startEngine } from './running-engine.ts';
import type { WatchedEngine } from './running-engine.ts';

const HOP = 512;
const DEADLINE = { deadlineMs: 20_000 };

describe('silero-vad', () => {
  let vad: WatchedEngine<'vad'>;
  before(async () => {
    vad = await startEngine('vad', {});
  });
  after(() => vad.process.stop(1_000));

  async function probabilities(hops: Int16Array, reset = true): Promise<number[]> {
    const answer = await vad.process.request({ hops, reset }, DEADLINE);
    return answer.probabilities;
  }

  it('says which model it is, by the digest of its weights', async () => {
    const { identity } = await vad.told('ready');
    expect(identity).to.include({ name: 'silero-vad', provider: 'cpu' });
    expect(identity.digest).to.match(/^[0-9a-f]{64}$/);
  });

  it('tells speech from the silence around it', async () => {
    const heard = await probabilities(between(clip('cmd0_af_heart.wav'), HOP, 31 * HOP));
    expect(Math.max(...heard.slice(0, 28))).to.be.below(0.2);
    expect(Math.max(...heard.slice(-12))).to.be.below(0.2);
    expect(heard.filter((probability) => probability > 0.9).length).to.be.above(25);
  });

  it('answers the same in one request as in many, and after a reset as at first', async () => {
    const samples = between(clip('hey_jarvis_af_heart.wav'), HOP, 4 * HOP);
    const whole = await probabilities(samples);
    const parts: number[] = [];
    for (let from = 0; from < samples.length; from += 7 * HOP) {
      parts.push(...(await probabilities(samples.slice(from, from + 7 * HOP), from === 0)));
    }
    expect(parts).to.deep.equal(whole);
    expect(await probabilities(samples)).to.deep.equal(whole);
  });

  it('refuses what is no whole hops, and still serves', async () => {
    for (const payload of [
      { hops: new Int16Array(HOP - 1), reset: false },
      { hops: new Int16Array(0), reset: false },
      { hops: new Float32Array(HOP), reset: false },
      { hops: new Int16Array(HOP) },
      'garbage',
      null,
    ]) {
      const error = await rejection(vad.process.request(payload as never, DEADLINE));
      expect(error.code).to.equal('ENGINE_REQUEST');
      expect(error.message).to.match(/^the request's (hops|reset) must be /);
    }
    expect(await probabilities(new Int16Array(HOP))).to.have.length(1);
  });
});
