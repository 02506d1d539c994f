import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect } from 'chai';
import { Watched } from './watched.ts';
import type { WatchedOptions } from './watched.ts';

/** A pipe in which there is no room, and which nobody reads. */
function fullPipe(): { readonly fd: number; close(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'rtap-pipe-'));
  const path = join(folder, 'full');
  execFileSync('mkfifo', [path]);
  const filler = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  // One that blocks, unlike the one that fills it.
  const fd = openSync(path, 'w');
  for (const bytes of [65_536, 1]) {
    try {
      for (;;) writeSync(filler, Buffer.alloc(bytes));
    } catch {
      // There is no room for so many.
    }
  }
  return {
    fd,
    close: () => {
      closeSync(fd);
      closeSync(filler);
      rmSync(folder, { recursive: true });
    },
  };
}

describe('the watchdog of a process', () => {
  let watched: Watched;
  afterEach(() => {
    watched.kill();
  });
  async function start(options: WatchedOptions): Promise<void> {
    watched = await Watched.start(options);
  }

  it('sees a blocked event loop while it lasts, says who ran and what came last, and when it is over', async () => {
    await start({ limitMs: 0 });
    watched.tell({ type: 'rest' });
    watched.tell({ type: 'spin', forMs: 1500 });
    const blocked = await watched.said('loop.blocked');
    expect(blocked).to.include({
      level: 'error',
      pid: watched.child.pid,
      actor: 'worker#1',
      event: 'spin',
      lastActor: 'worker#1',
      lastEvent: 'rest',
    });
    // While it lasts; the tables of the observer hold the moment to 500 ms.
    expect(blocked.durationMs).to.be.within(350, 1400);
    // It comes from the thread that was blocked, so it had not come yet.
    expect(watched.stdout.all).to.deep.equal([{ type: 'watched' }, { type: 'done' }]);

    const recovered = await watched.said('loop.recovered');
    expect(recovered.durationMs).to.be.within(1000, 5000);
    expect(await watched.stdout.find(({ type }) => type === 'block')).to.deep.equal({
      type: 'block',
      durationMs: recovered.durationMs,
      actor: 'worker#1',
      event: 'spin',
    });
  });

  it('kills the process when the loop is blocked past the limit', async () => {
    await start({ limitMs: 700 });
    watched.tell({ type: 'spin', forMs: 60_000 });
    expect(await watched.exited).to.deep.equal({ code: null, signal: 'SIGKILL' });
    const expired = await watched.said('loop.expired');
    expect(expired).to.include({ level: 'fatal', limitMs: 700, actor: 'worker#1', event: 'spin' });
    expect(expired.durationMs).to.be.at.least(700);
  });

  it('kills the process when native code blocks it', async () => {
    await start({ limitMs: 500 });
    watched.tell({ type: 'native' });
    expect(await watched.exited).to.deep.equal({ code: null, signal: 'SIGKILL' });
    expect(await watched.said('loop.expired')).to.include({ event: 'native' });
  });

  for (const order of [{ type: 'spin', forMs: 60_000 }, { type: 'native' }]) {
    it(`kills the process of a blocked loop (${order.type}) where nobody reads what it says`, async () => {
      const full = fullPipe();
      try {
        await start({ limitMs: 500, stderrFd: full.fd });
        watched.tell(order);
        expect(await watched.exited).to.deep.equal({ code: null, signal: 'SIGKILL' });
      } finally {
        full.close();
      }
    });
  }

  it('takes a process that was stopped and continued for no blocked loop', async () => {
    await start({ limitMs: 500 });
    for (let turn = 0; turn < 6; turn += 1) {
      watched.child.kill('SIGSTOP');
      // The time that it misses is what this is about.
      await setTimeout(600);
      watched.child.kill('SIGCONT');
      watched.tell({ type: 'rest' });
      await watched.stdout.count('done', turn + 1);
    }
    watched.tell({ type: 'spin', forMs: 450 });
    await watched.said('loop.recovered');
    // The block that it was told afterwards, and no other.
    expect(watched.stderr?.all.map(({ msg }) => msg)).to.deep.equal([
      'loop.blocked',
      'loop.recovered',
    ]);
  });

  it('says nothing of a loop that turns, and keeps no process alive', async () => {
    await start({ limitMs: 500 });
    for (let turn = 1; turn <= 12; turn += 1) {
      watched.tell({ type: 'spin', forMs: 100 });
      await watched.stdout.count('done', turn);
    }
    watched.child.stdin?.end();
    expect(await watched.exited).to.deep.equal({ code: 0, signal: null });
    await watched.stderr?.ended;
    expect(watched.stderr?.all).to.deep.equal([]);
  });
});
