import { expect } from 'chai';
import { HEARTBEAT, resolveTree } from '../../supervisors/child-spec.ts';
import type { Child } from '../../supervisors/child-spec.ts';
import { treeOf } from '../../supervisors/tree.ts';
import { treeProblems } from '../../supervisors/tree-problems.ts';
import { ENGINE_NAMES } from '../../src/domain/events.ts';

const all = (child: Child): Child[] =>
  child.type === 'supervisor' ? [child, ...child.children.flatMap(all)] : [child];

for (const shutdownMs of [500, 5_000, 60_000]) {
  describe(`RTAP's tree, stopped within ${String(shutdownMs)} ms`, () => {
    const tree = resolveTree(
      treeOf({ shutdownMs, engines: ENGINE_NAMES, hasServers: true, hasAudioOutlet: true }),
    );

    it('can be built', () => {
      const logics = new Set(all(tree).map(({ logic }) => logic));
      expect(treeProblems(tree, logics)).to.deep.equal([]);
      expect(tree.shutdownMs).to.equal(shutdownMs);
    });

    for (const { id, why, heartbeat, startMs, restart } of all(tree)) {
      it(`${id} says why in one sentence, has a heartbeat and a bound to start, and is restarted`, () => {
        expect(why).to.match(/^[A-Z].*\.$/);
        const { everyMs, missMs } = heartbeat ?? { everyMs: Infinity, missMs: Infinity };
        expect(everyMs + missMs).to.be.at.most(HEARTBEAT.everyMs + HEARTBEAT.missMs);
        expect(startMs).to.be.a('number');
        expect(restart).to.equal('permanent');
      });
    }
  });
}
