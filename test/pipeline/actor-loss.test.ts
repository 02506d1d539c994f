import { expect } from 'chai';
import type { ChildSpec } from '../../supervisors/child-spec.ts';
import { treeOf } from '../../supervisors/tree.ts';
import { ENGINE_NAMES } from '../../src/domain/events.ts';
import { LIVENESS_MS, rtap } from '../support/daemon.ts';
import { Listener } from '../support/listener.ts';
import type { Status } from '../support/listener.ts';

const TREE = treeOf({
  shutdownMs: 5_000,
  engines: ENGINE_NAMES,
  hasServers: true,
  hasAudioOutlet: true,
});

/** The ids of a supervisor's workers, or of all of the tree's. */
function workersOf(spec: ChildSpec): string[] {
  return spec.type === 'supervisor' ? spec.children.flatMap(workersOf) : [spec.id];
}

function supervisorNamed(id: string): ChildSpec {
  const found = TREE.children.find((child) => child.id === id);
  if (found === undefined) throw new Error(`the tree has no ${id}`);
  return found;
}

describe('the loss of one actor', function () {
  this.timeout(LIVENESS_MS);
  let listener: Listener;

  /** Each of these, one after the other, in one daemon that must not be restarted for it. */
  function survives(group: string, ids: readonly string[]): void {
    describe(group, () => {
      let before_: Status;
      before(async () => {
        listener = new Listener({ RTAP_OUTPUT_AUDIO: 'true' });
        await listener.daemon.ready();
        await listener.publishes();
        before_ = await listener.status();
      });
      after(async () => {
        const { pid, epoch } = await listener.status();
        expect({ pid, epoch }).to.deep.equal({ pid: before_.pid, epoch: before_.epoch });
        await listener.end();
      });

      for (const id of ids) {
        it(`${id}: crashed, it comes back, and the pipeline publishes`, async () => {
          const { incarnation } = await listener.child(id);
          const { code, stderr } = await rtap(listener.sandbox, ['sys', 'kill', id]);
          expect(code, stderr).to.equal(0);
          await listener.restarted(id, incarnation + 1);
          await listener.publishes();
          expect((await listener.child(id)).slot).to.equal('up');
        });
      }
    });
  }

  survives('servers and what watches them', [
    ...workersOf(supervisorNamed('servers')),
    'servers',
    'readiness',
  ]);
  survives('stages', [...workersOf(supervisorNamed('pipeline')), 'pipeline']);
  survives('engines', [...workersOf(supervisorNamed('engines')), 'engines']);

  it('is tried with every actor that the tree names', () => {
    const tried = ['servers', 'pipeline', 'engines'].flatMap((id) =>
      workersOf(supervisorNamed(id)),
    );
    expect([...tried, 'readiness'].sort()).to.deep.equal(workersOf(TREE).sort());
    const supervisors = TREE.children.filter(({ type }) => type === 'supervisor');
    expect(supervisors.map(({ id }) => id)).to.have.members(['servers', 'pipeline', 'engines']);
  });

  describe('processes', () => {
    before(async () => {
      listener = new Listener();
      await listener.daemon.ready();
    });
    after(async () => {
      await listener.end();
    });

    for (const id of workersOf(supervisorNamed('engines'))) {
      it(`${id}: its process killed, it comes back, and the pipeline publishes`, async () => {
        const { incarnation } = await listener.child(id);
        const { stdout } = await rtap(listener.sandbox, ['sys', 'state', id]);
        const { pid } = (JSON.parse(stdout) as { context: { pid: number } }).context;
        process.kill(pid, 'SIGKILL');
        await listener.restarted(id, incarnation + 1);
        await listener.publishes();
      });
    }
  });
});
