import { expect } from 'chai';
import { voiceActivityStage } from '../../../actors/stages/voice-activity.ts';
import { wakeWordStage } from '../../../actors/stages/wake-word.ts';
import { HOP_SAMPLES } from '../../../src/audio/endpointing.ts';
import { IDENTITY, SOURCE } from '../machines/samples.ts';
import { attach, partsOf, runStage, stageParts } from './running-stage.ts';
import type { StageParts } from './running-stage.ts';
import { ScriptedEngine, settled } from './scripted-engine.ts';

const SPOKEN = HOP_SAMPLES * 40;

/** A sample that is not zero is speech. */
function vad() {
  return new ScriptedEngine(
    ({ hops }: { hops: Int16Array; reset: boolean }) => ({
      probabilities: Array.from({ length: hops.length / HOP_SAMPLES }, (_, index) =>
        hops[index * HOP_SAMPLES] === 0 ? 0 : 1,
      ),
    }),
    { isPrompt: true },
  );
}

/** Everything scores high. */
function wakeWord() {
  return new ScriptedEngine(
    ({ chunks }: { chunks: Int16Array; reset: boolean }) => ({
      scores: Array.from({ length: chunks.length / 1_280 }, () => ({ hey_jarvis: 0.99 })),
    }),
    { isPrompt: true },
  );
}

/** Writes frames of 20 ms, and lets the engine answer each. */
async function hear(parts: StageParts, samples: number, value: number): Promise<void> {
  for (let left = samples; left > 0; left -= 320) {
    parts.path.write(new Int16Array(Math.min(320, left)).fill(value));
    await settled();
  }
}

function listening() {
  const parts = stageParts();
  const engine = vad();
  const lose = attach(parts, 'vad', engine);
  const stage = runStage(voiceActivityStage(partsOf(parts)), parts);
  parts.path.open();
  stage.send({ type: 'source.opened', source: SOURCE, baseSample: 0 } as never);
  return {
    ...stage,
    parts,
    engine,
    lose: () => {
      lose();
      stage.send({ type: 'engine.lost', engine: 'vad', reason: 'killed' } as never);
    },
    recover: async () => {
      attach(parts, 'vad', engine);
      stage.send({ type: 'engine.ready', engine: 'vad', identity: IDENTITY } as never);
      await settled();
    },
    interrupt: () => {
      stage.send({ type: 'source.interrupted', endSample: parts.path.ring.end } as never);
    },
    resume: () => {
      const baseSample = parts.path.ring.end;
      stage.send({ type: 'source.resumed', source: SOURCE, baseSample } as never);
    },
    speech: () => stage.told.filter(({ type }) => type.startsWith('speech.')),
  };
}

describe('voiceActivityStage, when its source is interrupted', () => {
  it('ends at once what was being said, with what was heard of it, and tells of no end of the source', async () => {
    const { parts, told, speech, interrupt, resume } = listening();
    await hear(parts, SPOKEN + 100, 1);
    interrupt();
    await settled();
    const [, ended] = speech();
    expect(ended).to.include({
      type: 'speech.ended',
      reason: 'gap',
      startSample: 0,
      endSample: SPOKEN + 100,
      atSample: SPOKEN + 100,
    });
    for (let second = 0; second < 10; second += 1) parts.path.skip(16_000);
    resume();
    const base = parts.path.ring.end;
    await hear(parts, SPOKEN, 1);
    expect(speech().slice(2)).to.deep.equal([
      {
        type: 'speech.started',
        utteranceId: `here-1-${String(base)}`,
        startSample: base,
        atSample: base + HOP_SAMPLES,
        to: 'transcription',
      },
    ]);
    expect(told.filter(({ type }) => !type.startsWith('speech.'))).to.deep.equal([]);
  });

  it('asks of the engine that it begins afresh with what was resumed', async () => {
    const { parts, engine, interrupt, resume } = listening();
    await hear(parts, 1_024, 1);
    interrupt();
    resume();
    await hear(parts, 1_024, 1);
    expect(engine.asked.map(({ reset }) => reset)).to.deep.equal([true, false, true, false]);
  });

  it('ends it when the engine is back, if that was away, and then goes on with what was resumed', async () => {
    const { parts, speech, interrupt, resume, lose, recover } = listening();
    await hear(parts, HOP_SAMPLES * 20, 1);
    lose();
    await hear(parts, HOP_SAMPLES * 20 + 100, 1);
    interrupt();
    parts.path.skip(4_000);
    resume();
    const base = parts.path.ring.end;
    await hear(parts, SPOKEN, 1);
    expect(speech()).to.have.length(1);
    await recover();
    const [, ended, next] = speech();
    expect(ended).to.include({ type: 'speech.ended', reason: 'gap', endSample: SPOKEN + 100 });
    expect(next).to.include({ type: 'speech.started', startSample: base });
  });

  it('ends it with what was heard once the ring cannot hold the rest for the engine any more', async () => {
    const { parts, speech, published, interrupt, lose, recover } = listening();
    await hear(parts, HOP_SAMPLES * 20, 1);
    lose();
    await hear(parts, 1_000, 1);
    interrupt();
    for (let second = 0; second < 8; second += 1) parts.path.skip(16_000);
    expect(speech()[1]).to.include({
      type: 'speech.ended',
      reason: 'gap',
      endSample: HOP_SAMPLES * 20,
    });
    await recover();
    const [gap, ...others] = published('audio_gap');
    expect(others).to.deep.equal([]);
    expect(gap).to.include({
      first_sample: HOP_SAMPLES * 20,
      samples: 1_000,
      cause: 'overrun',
      stage: 'voice-activity',
    });
  });

  it('drains at once', async () => {
    const { parts, send, speech, hasEnded, interrupt } = listening();
    await hear(parts, SPOKEN, 1);
    interrupt();
    await settled();
    parts.path.skip(16_000);
    send({ type: 'sup.shutdown', withinMs: 200 } as never);
    expect(hasEnded()).to.equal(true);
    expect(speech().map(({ type, reason }) => [type, reason])).to.deep.equal([
      ['speech.started', undefined],
      ['speech.ended', 'gap'],
    ]);
  });

  it('drains at once without its engine, and says what nobody looked at', async () => {
    const { parts, send, speech, hasEnded, lose, published } = listening();
    await hear(parts, SPOKEN, 1);
    await hear(parts, 700, 1);
    send({ type: 'sup.ping' });
    lose();
    await hear(parts, 600, 1);
    send({ type: 'sup.shutdown', withinMs: 200 } as never);
    expect(hasEnded()).to.equal(true);
    expect(speech().at(-1)).to.include({ type: 'speech.ended', reason: 'shutdown' });
    expect(published('audio_gap')).to.have.length(1);
    expect(published('audio_gap')[0]).to.include({ cause: 'shutdown', samples: 788 });
  });
});

describe('wakeWordStage, when its source is interrupted', () => {
  function armed(engineName: 'openwakeword' | 'phrase' = 'openwakeword') {
    const parts = stageParts();
    parts.config.wakeword.engine = engineName;
    const engine = wakeWord();
    attach(parts, 'wakeword', engine);
    const stage = runStage(wakeWordStage(partsOf(parts)), parts);
    parts.path.open();
    stage.send({ type: 'source.opened', source: SOURCE, baseSample: 0 } as never);
    return { ...stage, parts, engine };
  }

  it('looks at all that came before, so that it is decided, and forgets what it heard', async () => {
    const { parts, engine, told, send } = armed();
    await hear(parts, 1_500, 1);
    expect(parts.wakeProgress.position).to.equal(1_280);
    send({ type: 'source.interrupted', endSample: 1_500 } as never);
    await settled();
    expect(parts.wakeProgress.position).to.equal(1_500);
    parts.path.skip(16_000);
    expect(parts.wakeProgress.position).to.equal(17_500);
    send({ type: 'source.resumed', source: SOURCE, baseSample: 17_500 } as never);
    await hear(parts, 1_280, 1);
    // The second detection comes although the first was high and its cooldown is not over.
    expect(told.map(({ type, atSample }) => [type, atSample])).to.deep.equal([
      ['wake.detected', 1_280],
      ['wake.detected', 18_780],
    ]);
    expect(engine.asked.map(({ reset }) => reset)).to.deep.equal([true, false, true]);
  });

  it('has nothing to do where the phrase is looked for in the text', () => {
    const { parts, told, send } = armed('phrase');
    send({ type: 'source.interrupted', endSample: 0 } as never);
    send({ type: 'source.resumed', source: SOURCE, baseSample: 0 } as never);
    expect(told).to.deep.equal([]);
    expect(parts.wakeProgress.position).to.equal(Infinity);
  });
});
