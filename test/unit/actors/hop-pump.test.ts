import { expect } from 'chai';
import { HopPump } from '../../../actors/stages/hop-pump.ts';
import { AudioPath } from '../../../src/audio/audio-path.ts';
import { Progress } from '../../../src/audio/progress.ts';
import { ScriptedEngine, settled } from './scripted-engine.ts';

const HOP = 10;

interface Asked {
  readonly block: Int16Array;
  readonly isReset: boolean;
}

/** A pump between a ring of 100 samples and an engine that the test drives, and all that it said, in order. */
function pumping({ maxHops = 1 } = {}) {
  const path = new AudioPath(100);
  path.open();
  const progress = new Progress();
  const engine = new ScriptedEngine<Asked, number>(({ block }) => block.length / HOP);
  const told: string[] = [];
  const pump = new HopPump<number>({
    path,
    progress,
    name: 'pump',
    hopSamples: HOP,
    maxHops,
    isEngineReady: () => engine.isReady,
    ask: (block, isReset) => engine.request({ block, isReset }),
    take: (hops, firstSample) => {
      const { block, isReset } = engine.asked.at(-1) ?? { block: new Int16Array(), isReset: false };
      expect(block[0], 'what was asked begins where it is said to').to.equal(firstSample);
      told.push(`${isReset ? 'reset ' : ''}${String(firstSample)}+${String(hops)}`);
    },
    onBreak: (endSample) => void told.push(`break ${String(endSample)}`),
    onDropped: ({ firstSample, lastSample, droppedSamples }) =>
      void told.push(
        `dropped ${String(droppedSamples)} of ${String(firstSample)} to ${String(lastSample)}`,
      ),
    onFailed: (thrown) => {
      throw thrown;
    },
  });
  return {
    path,
    progress,
    engine,
    pump,
    told,
    /** Samples that say their own position. */
    write: (count: number) => {
      const first = path.ring.end;
      path.write(Int16Array.from({ length: count }, (_, index) => first + index));
    },
    flush: (endSample = path.ring.end) => {
      pump.flush(endSample, () => void told.push(`flushed ${String(endSample)}`));
    },
    open: (baseSample = path.ring.end) => {
      pump.open(baseSample, () => void told.push(`opened ${String(baseSample)}`));
    },
    expectBalance: () => {
      const { captured, refused } = path.counters;
      for (const { processed, dropped, unread } of path.ring.accounts()) {
        expect(refused + processed + dropped + unread).to.equal(captured);
      }
    },
  };
}

describe('HopPump', () => {
  it('carries hops in order, and pads the last one of a flush', async () => {
    const { engine, told, write, flush } = pumping();
    write(25);
    flush();
    await engine.answerAll();
    expect(told).to.deep.equal(['reset 0+1', '10+1', '20+1', 'flushed 25']);
    expect([...(engine.asked.at(-1)?.block ?? [])]).to.deep.equal([
      ...[20, 21, 22, 23, 24],
      ...[0, 0, 0, 0, 0],
    ]);
  });

  it('finishes what was interrupted before it takes what was resumed, whatever waits for the engine', async () => {
    const { path, engine, told, write, flush, open } = pumping({ maxHops: 2 });
    write(25);
    flush();
    path.skip(30);
    open();
    write(15);
    flush();
    expect(told).to.deep.equal([]);
    await engine.answerAll();
    expect(told).to.deep.equal([
      'reset 0+2',
      '20+1',
      'flushed 25',
      'break 25',
      'opened 55',
      'reset 55+1',
      '65+1',
      'flushed 70',
    ]);
  });

  it('keeps sources apart that follow each other without a gap', async () => {
    const { engine, told, write, flush, open } = pumping({ maxHops: 4 });
    write(12);
    flush();
    open();
    write(30);
    await engine.answerAll();
    expect(told).to.deep.equal(['reset 0+1', '10+1', 'flushed 12', 'opened 12', 'reset 12+3']);
  });

  it('finishes when the engine is back what was interrupted while it was away', async () => {
    const { path, engine, pump, told, write, flush, open } = pumping();
    write(10);
    await engine.lose();
    write(15);
    flush();
    path.skip(20);
    open();
    write(10);
    expect(told).to.deep.equal([]);
    engine.isReady = true;
    pump.pump();
    await engine.answerAll();
    expect(told).to.deep.equal([
      'reset 0+1',
      '10+1',
      '20+1',
      'flushed 25',
      'break 25',
      'opened 45',
      'reset 45+1',
    ]);
  });

  it('goes on without what the ring could not hold for an engine that was away', async () => {
    const { path, engine, pump, told, write, flush, open, expectBalance } = pumping();
    write(20);
    await engine.answerAll();
    await engine.lose();
    write(30);
    flush();
    path.skip(90);
    expect(told).to.deep.equal(['reset 0+1', '10+1', 'break 20']);
    path.skip(20);
    open();
    write(10);
    expect(told.slice(3)).to.deep.equal(['dropped 30 of 20 to 159', 'flushed 50', 'opened 160']);
    engine.isReady = true;
    pump.pump();
    await engine.answerAll();
    expect(told.at(-1)).to.equal('reset 160+1');
    expectBalance();
  });

  it('breaks off where samples are missing, without a word of a loss', async () => {
    const { path, engine, told, write } = pumping();
    write(15);
    path.skip(40);
    write(20);
    await engine.answerAll();
    expect(told).to.deep.equal(['reset 0+1', '10+1', 'break 15', 'reset 55+1', '65+1']);
  });

  it('tells how many were dropped, also among missing ones', async () => {
    const { path, engine, told, write, expectBalance } = pumping({ maxHops: 10 });
    write(10);
    path.skip(10);
    write(50);
    path.skip(5);
    write(90);
    // The first request is still on its way; of what follows the last 100 positions are held, 5 of them missing.
    await engine.answerAll();
    expect(told.slice(0, 3)).to.deep.equal(['reset 0+1', 'break 10', 'dropped 45 of 10 to 64']);
    expect(told.slice(3)).to.deep.equal(['reset 65+1', 'break 70', 'reset 75+9']);
    expectBalance();
  });

  it('takes the passing of time without samples in its stride: progress, one break, no words', async () => {
    const { path, progress, engine, told, write, flush } = pumping();
    write(20);
    flush();
    await engine.answerAll();
    let hasPassed = false;
    progress.when('window', 1_000, () => {
      hasPassed = true;
    });
    await engine.lose();
    for (let second = 0; second < 20; second += 1) {
      path.skip(60);
      expect(progress.position).to.equal(path.ring.end);
    }
    expect(hasPassed).to.equal(true);
    expect(told).to.deep.equal(['reset 0+1', '10+1', 'flushed 20', 'break 20']);
  });

  it('does not let time pass over what the engine has yet to hear', async () => {
    const { path, progress, engine, pump, write } = pumping();
    await engine.lose();
    write(20);
    path.skip(70);
    expect(progress.position).to.equal(0);
    engine.isReady = true;
    pump.pump();
    await engine.answerAll();
    expect(progress.position).to.equal(90);
  });

  it('gives back what the engine did not survive, and drops of it what is gone', async () => {
    const { engine, pump, told, write, expectBalance } = pumping({ maxHops: 4 });
    write(40);
    write(80);
    expectBalance();
    await engine.lose();
    expectBalance();
    engine.isReady = true;
    pump.pump();
    await engine.answerAll();
    expect(told.slice(0, 3)).to.deep.equal(['break 0', 'dropped 20 of 0 to 19', 'reset 20+4']);
    expectBalance();
  });

  it('ends a drain at once during an interruption', async () => {
    const { path, engine, told, write, flush } = pumping();
    write(20);
    flush();
    await engine.answerAll();
    path.skip(35);
    flush();
    expect(told.slice(-2)).to.deep.equal(['break 20', 'flushed 55']);
  });

  it('gives up what is left, and says how much, also what an engine was asked', async () => {
    const { engine, pump, told, write, flush, expectBalance } = pumping();
    write(10);
    await engine.answerAll();
    write(35);
    flush();
    pump.giveUp();
    expect(told).to.deep.equal(['reset 0+1', 'break 10', 'dropped 35 of 10 to 44']);
    await engine.answerAll();
    pump.close();
    expect(told).to.have.length(3);
    expectBalance();
  });

  it('drops what is unread when it is closed, and answers nobody any more', async () => {
    const { path, engine, pump, told, write } = pumping();
    write(25);
    pump.close();
    await engine.answerAll();
    write(5);
    await settled();
    expect(told).to.deep.equal([]);
    expect(path.ring.accounts()).to.deep.equal([
      { name: 'pump', processed: 10, dropped: 20, unread: 0 },
    ]);
  });
});
