import { expect } from 'chai';
import { activeNodes, allNodes, explore, runTo } from '../../support/explore.ts';
import type { Configuration, Explored } from '../../support/explore.ts';
import { machineFiles, nameOf } from '../../support/statechart/machine-files.ts';
import { EXPLORATIONS } from './explorations.ts';
import type { Exploration } from './exploring.ts';

interface Study extends Explored {
  readonly exploration: Exploration;
}

describe('every machine', () => {
  it('is explored', async () => {
    const names = (await machineFiles()).map(nameOf);
    expect(Object.keys(EXPLORATIONS)).to.have.members(names);
  });
});

for (const [name, explorations] of Object.entries(EXPLORATIONS)) {
  describe(`${name}, in every configuration that its events lead to`, () => {
    let studies: readonly Study[] = [];
    const [first] = explorations;
    if (first === undefined) throw new Error(`${name} is not explored at all`);

    before(function () {
      this.timeout(300_000);
      studies = explorations.map((exploration) => ({ exploration, ...explore(exploration) }));
    });

    it('is sent every event that it names', () => {
      const received = studies.flatMap((study) => [...study.received]);
      const missing = [first.machine.root, ...allNodes(first.machine)]
        .flatMap((node) => [...node.transitions.keys()])
        .filter((descriptor) => !received.some((type) => matches(type, descriptor)));
      expect([...new Set(missing)]).to.deep.equal([]);
    });

    it('reaches every state', () => {
      const missing = allNodes(first.machine)
        .map(({ id }) => id)
        .filter((id) => !studies.some(({ visited }) => visited.has(id)));
      expect(missing).to.deep.equal([]);
    });

    it('rests in no state but those that are meant for it', () => {
      const leaves = allNodes(first.machine).filter(({ type }) => type === 'atomic');
      const resting = leaves
        .map(({ id }) => id)
        .filter((id) => studies.some((study) => isRest(study, id)))
        .filter((id) => !studies.some((study) => isLeft(study, id)));
      const rests = explorations.flatMap((one) => Object.keys(one.rests));
      expect(resting).to.have.members([...new Set(rests)]);
    });

    it('can end from everywhere', () => {
      expect(studies.flatMap(withoutEnd)).to.deep.equal([]);
    });

    it('ends by timers alone, within its bound, once it is told to stop', () => {
      const failures = studies.flatMap(({ exploration, configurations }) =>
        [...configurations.values()]
          .filter(({ snapshot }) => snapshot.status === 'active')
          .filter(({ path }) => {
            const run = runTo(exploration, path);
            run.send(exploration.shutdown);
            run.clock.advance(exploration.boundMs);
            return !exploration.hasEnded(run.snapshot);
          })
          .map(({ key }) => key),
      );
      expect(failures).to.deep.equal([]);
    });
  });
}

function matches(type: string, descriptor: string): boolean {
  if (descriptor.endsWith('.*')) return type.startsWith(descriptor.slice(0, -1));
  return type === descriptor;
}

const isIn = ({ snapshot }: Configuration, id: string): boolean =>
  activeNodes(snapshot).some((node) => node.id === id);

const isRest = ({ configurations }: Explored, id: string): boolean =>
  [...configurations.values()].some((one) => one.snapshot.status === 'active' && isIn(one, id));

/** Something other than a shutdown or a failure of the runtime leads out of the state. */
function isLeft({ configurations, exploration }: Study, id: string): boolean {
  const endings = [exploration.shutdown.type, 'runtime.failed'];
  return [...configurations.values()]
    .filter((from) => isIn(from, id))
    .some(({ edges }) =>
      edges.some(({ event, to }) => {
        const next = configurations.get(to);
        if (next === undefined || endings.includes(event.type)) return false;
        return next.snapshot.status === 'error' || !isIn(next, id);
      }),
    );
}

/** Configurations from which no events and no timers lead to the final state. */
function withoutEnd({ configurations, exploration }: Study): string[] {
  const ends = new Set<string>();
  let size = -1;
  while (size !== ends.size) {
    size = ends.size;
    for (const { key, snapshot, edges } of configurations.values()) {
      if (exploration.hasEnded(snapshot) || edges.some(({ to }) => ends.has(to))) ends.add(key);
    }
  }
  return [...configurations.values()]
    .filter(({ key, snapshot }) => snapshot.status === 'active' && !ends.has(key))
    .map(({ key }) => key);
}
