import { expect } from 'chai';
import { EngineLink } from '../../../actors/engine-link.ts';
import { Decoder } from '../../../actors/stages/decoder.ts';
import { AudioPath } from '../../../src/audio/audio-path.ts';
import { IDENTITY } from '../machines/samples.ts';
import { ScriptedEngine } from './scripted-engine.ts';

/** A decoder over a ring of 1,000 samples, with 50 samples before and behind the speech. */
function decoding() {
  const path = new AudioPath(1_000);
  path.open();
  const link = new EngineLink('recogniser');
  const engine = new ScriptedEngine(
    () => ({ text: 'Stop.', confidence: 1, audioSamples: 0, decodeMs: 1 }),
    { isPrompt: true },
  );
  link.attach(engine as never, IDENTITY);
  const failed: string[] = [];
  const decoder = new Decoder({
    path,
    link,
    now: () => 0,
    leadingSamples: 50,
    trailingSamples: 50,
    partialSamples: null,
    maxUtteranceSamples: 2_000,
    maxWaitingFinals: 4,
    comfortableFinals: 4,
    tell: (fact) => {
      if (fact.type === 'decode.failed') failed.push(fact.reason);
    },
    onFailed: (thrown) => {
      throw thrown;
    },
  });
  return {
    path,
    decoder,
    failed,
    write: (count: number) => {
      const first = path.ring.end;
      path.write(Int16Array.from({ length: count }, (_, index) => first + index));
    },
    final: (endSample: number) => {
      decoder.decode({ utteranceId: 'u', kind: 'final', endSample, isCut: false });
    },
    /** The range that was asked for last; its samples say where they are from. */
    decoded: () => {
      const { samples } = engine.asked.at(-1) as { samples: Int16Array };
      for (const [index, sample] of samples.entries()) {
        expect(sample).to.equal((samples[0] ?? 0) + index);
      }
      return [samples[0], (samples.at(-1) ?? 0) + 1];
    },
  };
}

describe('Decoder', () => {
  it('takes an utterance with what comes before and behind it', () => {
    const { decoder, write, final, decoded } = decoding();
    write(300);
    decoder.keep('u', 200);
    write(300);
    final(500);
    expect(decoded()).to.deep.equal([150, 550]);
  });

  it('takes the audio on this side of a gap, although it is found only after the gap', () => {
    const { path, decoder, write, final, decoded } = decoding();
    write(300);
    path.skip(100);
    decoder.open(400);
    write(300);
    decoder.keep('u', 200);
    write(10);
    final(290);
    expect(decoded()).to.deep.equal([150, 300]);
  });

  it('takes nothing of the source before, nor of the one after, also without a gap', () => {
    const { decoder, write, final, decoded } = decoding();
    write(300);
    decoder.open(300);
    write(200);
    decoder.keep('u', 310);
    decoder.open(500);
    write(200);
    final(490);
    expect(decoded()).to.deep.equal([300, 500]);
  });

  it('takes what the ring still holds, however much is gone', () => {
    const { decoder, failed, write, final, decoded } = decoding();
    write(1_800);
    decoder.keep('u', 200);
    final(1_500);
    expect(decoded()).to.deep.equal([800, 1_550]);
    decoder.drop('u');
    decoder.keep('u', 10);
    final(700);
    expect(failed).to.deep.equal(['its audio is gone']);
  });
});
