import { expect } from 'chai';
import { createActor } from 'xstate';
import type { Actor, AnyActorLogic } from 'xstate';
import { processActor } from '../../actors/process.ts';
import type { ProcessActorOptions } from '../../actors/process.ts';
import type { WorkerSpec } from '../../supervisors/child-spec.ts';
import type { SupervisionEmitted, SupervisionRecord } from '../../supervisors/records.ts';
import { supervise } from '../../supervisors/supervise.ts';
import { freeze, isGone, isGoneSoon } from '../unit/io/processes/watched-process.ts';

const SLEEPER: ProcessActorOptions = {
  command: 'sh',
  args: ['-c', 'echo ready; exec sleep 1000'],
  readiness: { when: 'line', matching: 'ready' },
};

describe('a program under a supervisor', () => {
  const running = new Set<Actor<AnyActorLogic>>();
  afterEach(() => {
    for (const root of running) root.stop();
    running.clear();
  });

  /** A tree of one program, in real time. */
  function start(options: ProcessActorOptions, spec: Partial<WorkerSpec> = {}) {
    const pids: number[] = [];
    const records: SupervisionRecord[] = [];
    let look = (): void => undefined;
    const program = processActor({
      ...options,
      onEvent: (event) => {
        if (event.type === 'spawned') pids.push(event.pid);
        options.onEvent?.(event);
      },
    });
    const root = createActor(
      supervise(
        {
          id: 'top',
          type: 'supervisor',
          strategy: 'one_for_one',
          intensity: { restarts: 3, periodMs: 5_000 },
          shutdownMs: 5_000,
          children: [{ id: 'program', startMs: 20_000, shutdownMs: 500, ...spec }],
        },
        { actors: { program } },
      ),
    );
    running.add(root);
    root.on('supervision.record', (emitted) => {
      records.push((emitted as unknown as SupervisionEmitted).record);
      look();
    });
    const end = new Promise<unknown>((resolve) => {
      root.subscribe({
        complete: () => {
          resolve('done');
        },
        error: resolve,
      });
    });
    root.start();
    return {
      pids,
      records,
      end,
      /** Resolves when there are so many records. */
      recorded: (count: number) =>
        new Promise<void>((resolve) => {
          look = () => {
            if (records.length >= count) resolve();
          };
          look();
        }),
      stop: () => {
        root.send({ type: 'sup.shutdown', withinMs: 5_000 });
        return end;
      },
    };
  }

  it('comes back when it is killed from outside, and is gone when the supervisor is', async () => {
    const { pids, records, recorded, stop } = start(SLEEPER);
    await recorded(1);
    process.kill(pids[0] ?? 0, 'SIGKILL');
    await recorded(3);
    expect(pids.map(isGone)).to.deep.equal([true, false]);
    expect(await stop()).to.equal('done');
    expect(pids.map(isGone)).to.deep.equal([true, true]);
    expect(records).to.deep.equal([
      { kind: 'started', child: 'program', incarnation: 1 },
      {
        kind: 'fell',
        child: 'program',
        incarnation: 1,
        exit: 'abnormal',
        reason: 'killed by SIGKILL (out of memory, or by hand)',
        isStarting: false,
      },
      { kind: 'started', child: 'program', incarnation: 2 },
      { kind: 'stopped', child: 'program', incarnation: 2, reason: 'stopped' },
    ]);
  });

  it('is gone within its bound when it is frozen', async () => {
    const { pids, records, recorded, stop } = start(SLEEPER);
    await recorded(1);
    await freeze(pids[0] ?? 0);
    expect(await stop()).to.equal('done');
    expect(await isGoneSoon(pids[0] ?? 0)).to.equal(true);
    expect(records.at(-1)).to.include({ kind: 'stopped' });
  });

  it('is killed without being asked where its shutdown is brutal', async () => {
    const script = "trap 'exit 9' TERM; echo ready; while :; do sleep 0.01; done";
    const heard: string[] = [];
    const { pids, recorded, stop } = start(
      {
        ...SLEEPER,
        args: ['-c', script],
        onEvent: ({ type }) => heard.push(type),
      },
      { shutdownMs: 'brutal_kill' },
    );
    await recorded(1);
    expect(await stop()).to.equal('done');
    expect(await isGoneSoon(pids[0] ?? 0)).to.equal(true);
    expect(heard).to.deep.equal(['spawned', 'ready']);
  });

  it('is killed when it is not ready in time', async () => {
    const { pids, records, recorded } = start(
      { ...SLEEPER, args: ['-c', 'exec sleep 1000'] },
      { startMs: 300, restart: 'temporary' },
    );
    await recorded(1);
    expect(records[0]).to.include({ kind: 'fell', isStarting: true });
    expect(await isGoneSoon(pids[0] ?? 0)).to.equal(true);
  });

  it('is not started again after it has ended normally, where it is transient', async () => {
    const { pids, records, recorded, stop } = start(
      { ...SLEEPER, args: ['-c', 'echo ready'] },
      { restart: 'transient' },
    );
    await recorded(2);
    expect(records.at(-1)).to.include({ kind: 'fell', exit: 'normal' });
    await stop();
    expect(pids).to.have.length(1);
  });

  it('is killed when one who listens to it throws, and then comes back', async () => {
    let hasThrown = false;
    const { pids, records, recorded } = start({
      ...SLEEPER,
      args: ['-c', 'echo ready; echo later; exec sleep 1000'],
      lines: true,
      onEvent: (event) => {
        if (event.type !== 'line' || event.text !== 'later' || hasThrown) return;
        hasThrown = true;
        throw new Error('no ear for it');
      },
    });
    await recorded(3);
    expect(records[1]).to.include({ kind: 'fell', reason: 'no ear for it' });
    expect(await isGoneSoon(pids[0] ?? 0)).to.equal(true);
    expect(isGone(pids[1] ?? 0)).to.equal(false);
  });

  it('that cannot be started is given up, and the supervisor says why', async () => {
    const { end, pids } = start({ command: 'no-such-program' });
    expect(await end)
      .to.be.instanceOf(Error)
      .with.property('message')
      .that.includes('could not be started: no such program no-such-program');
    expect(pids).to.deep.equal([]);
  });
});
