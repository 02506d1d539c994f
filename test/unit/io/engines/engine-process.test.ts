import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import type { FromEngine } from '../../../../src/io/engines/engine-protocol.ts';
import { nodeModule } from '../../../../src/io/processes/node-module.ts';
import { isDeathPassedOn } from '../../../../src/io/processes/parent-death.ts';
import { clip, rejection, startEngine, watchEngine } from './running-engine.ts';

const PROCESS_MODULE = new URL('../../../../src/io/engines/engine-process.ts', import.meta.url);
const HOP = 512;

/** Work for some hundred milliseconds. */
function longRequest(): { samples: Int16Array } {
  return { samples: clip('jfk.wav') };
}

function pidOf(process: { pid: number | null }): number {
  if (process.pid === null) throw new Error('it has not been spawned');
  return process.pid;
}

/** True when no such process runs; what is left of it, until somebody reads its exit code, does not count. */
function isGone(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).startsWith('Z');
  } catch {
    return true;
  }
}

async function goneWithin(pid: number, limitMs: number): Promise<boolean> {
  const until = performance.now() + limitMs;
  while (!isGone(pid) && performance.now() < until) await delay(10);
  return isGone(pid);
}

describe('EngineProcess', () => {
  it('tells its life in order, and ends with code 0 when it is stopped', async () => {
    const vad = await startEngine('vad', {});
    expect(await vad.told('spawned')).to.deep.equal({ type: 'spawned', pid: vad.process.pid });
    await vad.process.stop(5_000);
    expect(await vad.told('exited')).to.deep.include({ code: 0, signal: null });
    expect(vad.events.map(({ type }) => type)).to.deep.equal(['spawned', 'ready', 'exited']);
    await vad.process.stop(5_000);
    vad.process.kill();
  });

  it('takes no request before it is ready, nor after its end, and starts once', async () => {
    const vad = watchEngine('vad', {});
    const hops = { hops: new Int16Array(HOP), reset: true };
    const early = await rejection(vad.process.request(hops, { deadlineMs: 5_000 }));
    vad.process.start();
    expect(() => {
      vad.process.start();
    }).to.throw(/once/);
    await vad.told('ready');
    await vad.process.stop(5_000);
    const late = await rejection(vad.process.request(hops, { deadlineMs: 5_000 }));
    expect([early.code, late.code]).to.deep.equal(['ENGINE_DOWN', 'ENGINE_DOWN']);
  });

  it('need not have been started to be stopped', async () => {
    const vad = watchEngine('vad', {});
    await vad.process.stop(0);
    expect(vad.events).to.deep.equal([]);
  });

  it('does not wait for a model that is still loading when it is stopped', async () => {
    const recogniser = watchEngine('recogniser', {});
    recogniser.process.start();
    await recogniser.told('spawned');
    await recogniser.process.stop(10_000);
    await recogniser.told('exited');
    expect(recogniser.events.map(({ type }) => type)).to.deep.equal(['spawned', 'exited']);
  });

  it('answers what it was asked before it stops, and takes no more', async () => {
    const recogniser = await startEngine('recogniser', {});
    const answer = recogniser.process.request(longRequest(), { deadlineMs: 30_000 });
    const next = recogniser.process.request(
      { samples: clip('cmd0_af_heart.wav') },
      { deadlineMs: 30_000 },
    );
    const stopped = recogniser.process.stop(30_000);
    const late = await rejection(recogniser.process.request(longRequest(), { deadlineMs: 30_000 }));
    expect(late.code).to.equal('ENGINE_DOWN');
    await stopped;
    expect((await next).text).to.equal('Turn on the kitchen lights.');
    expect((await answer).text).to.match(/country/i);
    expect(await recogniser.told('exited')).to.include({ code: 0, signal: null });
  });

  it('goes on when a signal comes that is meant for its parent', async () => {
    const recogniser = await startEngine('recogniser', {});
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.kill(pidOf(recogniser.process), signal);
    }
    const { text } = await recogniser.process.request(
      { samples: clip('cmd5_bm_george.wav') },
      { deadlineMs: 30_000 },
    );
    expect(text).to.match(/^remind me/i);
    await recogniser.process.stop(5_000);
  });

  it('loses a request when its process is killed, and says so at once', async () => {
    const recogniser = await startEngine('recogniser', {});
    const request = rejection(recogniser.process.request(longRequest(), { deadlineMs: 30_000 }));
    const killedAtMs = performance.now();
    process.kill(pidOf(recogniser.process), 'SIGKILL');
    const error = await request;
    expect(performance.now() - killedAtMs).to.be.below(1_000);
    expect(error.code).to.equal('ENGINE_LOST');
    expect(error.message).to.include('SIGKILL');
    expect(await recogniser.told('exited')).to.include({ code: null, signal: 'SIGKILL' });
  });

  it('kills a process that is deaf when a deadline has passed', async () => {
    const vad = await startEngine('vad', {});
    process.kill(pidOf(vad.process), 'SIGSTOP');
    const hops = { hops: new Int16Array(HOP), reset: true };
    const [first, second] = await Promise.all([
      rejection(vad.process.request(hops, { deadlineMs: 200 })),
      rejection(vad.process.request(hops, { deadlineMs: 30_000 })),
    ]);
    expect([first.code, second.code]).to.deep.equal(['ENGINE_DEADLINE', 'ENGINE_LOST']);
    expect(await vad.told('exited')).to.include({ signal: 'SIGKILL' });
  });

  it('kills a process that does not stop within its grace', async () => {
    const vad = await startEngine('vad', {});
    process.kill(pidOf(vad.process), 'SIGSTOP');
    await vad.process.stop(100);
    expect(await vad.told('exited')).to.include({ signal: 'SIGKILL' });
  });

  it('refuses more requests than it can have outstanding', async () => {
    const vad = await startEngine('vad', {});
    const hops = { hops: new Int16Array(HOP), reset: false };
    const all = await Promise.allSettled(
      Array.from({ length: 80 }, () => vad.process.request(hops, { deadlineMs: 30_000 })),
    );
    await vad.process.stop(5_000);
    const refused = all.flatMap((one) =>
      one.status === 'rejected' ? [(one.reason as { code: string }).code] : [],
    );
    expect(refused).to.deep.equal(new Array(16).fill('ENGINE_REQUEST'));
  });

  it('leaves a Ctrl-C of the terminal to its parent', async () => {
    const vad = await startEngine('vad', {});
    process.kill(pidOf(vad.process), 'SIGINT');
    const hops = { hops: new Int16Array(HOP), reset: true };
    const answer = await vad.process.request(hops, { deadlineMs: 30_000 });
    await vad.process.stop(5_000);
    expect(answer.probabilities).to.have.length(1);
    expect(await vad.told('exited')).to.include({ code: 0 });
  });

  it('reports why it could not be loaded, and then that it has ended', async () => {
    const recogniser = watchEngine('recogniser', { modelDirectory: '/no/such/folder' });
    recogniser.process.start();
    expect(await recogniser.told('exited')).to.include({ code: 1, signal: null });
    const { error } = await recogniser.told('failed');
    expect(error.code).to.equal('ENGINE_NOT_FOUND');
    expect(recogniser.events.map(({ type }) => type)).to.deep.equal([
      'spawned',
      'failed',
      'exited',
    ]);
  });

  for (const isFrozen of isDeathPassedOn() ? [false, true] : [false]) {
    it(`is gone after its parent was killed${isFrozen ? ', even frozen' : ''}`, async () => {
      const script = `
        const { EngineProcess } = await import(${JSON.stringify(PROCESS_MODULE.href)});
        const engine = new EngineProcess({
          engine: 'vad',
          options: {},
          onEvent: ({ type }) => { if (type === 'ready') console.log(engine.pid); },
        });
        engine.start();`;
      const parent = spawn(
        process.execPath,
        ['--import', 'tsx', '--input-type=module', '--eval', script],
        { stdio: ['ignore', 'pipe', 'inherit'] },
      );
      const [line] = (await once(createInterface(parent.stdout), 'line')) as [string];
      const pid = Number(line);
      expect(isGone(pid)).to.equal(false);
      if (isFrozen) process.kill(pid, 'SIGSTOP');
      parent.kill('SIGKILL');
      await once(parent, 'exit');
      expect(await goneWithin(pid, 10_000)).to.equal(true);
    });
  }
});

describe('the engine host', () => {
  async function answerOf(host: ChildProcess, message: unknown): Promise<FromEngine> {
    const answer = once(host, 'message') as Promise<[FromEngine]>;
    host.send(message as object);
    return (await answer)[0];
  }

  it('ignores messages that are none, refuses what comes too early, and serves', async () => {
    const { command, args } = nodeModule('engine-host', PROCESS_MODULE.href, ['vad']);
    const host = spawn(command, [...args], {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    const early = await answerOf(host, { type: 'request', id: 1, payload: {} });
    expect(early).to.include({ type: 'failed', id: 1, code: 'ENGINE_DOWN' });

    for (const garbage of ['garbage', 7, {}, { type: 'load', engine: 'x' }, { type: 'request' }]) {
      host.send(garbage);
    }
    const ready = await answerOf(host, { type: 'load', engine: 'vad', options: {} });
    expect(ready.type).to.equal('ready');

    const payload = { hops: new Int16Array(HOP), reset: true };
    const result = await answerOf(host, { type: 'request', id: 2, payload });
    expect(result).to.include({ type: 'result', id: 2 });

    const exit = once(host, 'exit');
    host.disconnect();
    expect(await exit).to.deep.equal([0, null]);
  });
});
