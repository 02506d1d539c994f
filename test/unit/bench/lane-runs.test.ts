import { expect } from 'chai';
import { runLanes } from '../../../src/bench/lane-runs.ts';
import type { LaneSpec } from '../../../src/bench/lanes.ts';

const ONE_START: LaneSpec = { kind: 'start', workers: 2, fanOut: 2 };

describe('lanes of a benchmark', () => {
  it('repeat in fresh processes each round, and tell how much is done', async () => {
    const shares: number[] = [];
    const [first = [], second = []] = await runLanes([ONE_START, ONE_START], {
      rounds: 2,
      repetitions: 2,
      onProgress: (share) => {
        shares.push(share);
      },
    });
    for (const lane of [first, second]) {
      expect(lane.map(({ round, index }) => [round, index])).to.deep.equal([
        [0, 0],
        [0, 1],
        [1, 0],
        [1, 1],
      ]);
      for (const { values } of lane) expect(values).to.have.length(2);
    }
    expect(shares).to.deep.equal([0.25, 0.5, 0.75, 1]);
  });

  it('fail, and say why, when what is measured does', async () => {
    const broken: LaneSpec = {
      kind: 'ring',
      variant: 'bare',
      kinds: 'one',
      members: 0,
      repetitionMs: 1,
      warmUpMs: 1,
    };
    let problem = '';
    try {
      await runLanes([broken], { rounds: 1, repetitions: 1, onProgress: () => undefined });
    } catch (thrown) {
      problem = (thrown as Error).message;
    }
    expect(problem).to.contain('(ring) ended').and.to.contain('a ring has members');
  });
});
