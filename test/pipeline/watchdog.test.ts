import { once } from 'node:events';
import { expect } from 'chai';
import {
  DaemonProcess,
  LIVENESS_MS,
  Sandbox,
  childrenOf,
  gone,
  isRunning,
} from '../support/daemon.ts';
import { INSPECTED, evaluateInside } from '../support/node-inspector.ts';
import { NotifySocket, prepareNotify } from '../unit/io/watchdog/notify-socket.ts';

interface Report {
  readonly msg: string;
  readonly durationMs: number;
  readonly [field: string]: unknown;
}

/** What the daemon writes to standard error that fits, as soon as it has. */
async function written(daemon: DaemonProcess, pattern: RegExp): Promise<string> {
  for (;;) {
    const [, found] = pattern.exec(daemon.stderr) ?? [];
    if (found !== undefined) return found;
    if (daemon.child.stderr === null) throw new Error('the daemon has no standard error');
    await Promise.race([once(daemon.child.stderr, 'data'), endedEarly(daemon)]);
  }
}

async function endedEarly(daemon: DaemonProcess): Promise<never> {
  const { code, signal } = await daemon.exited;
  throw new Error(`the daemon ended (${String(code ?? signal)}): ${daemon.stderr}`);
}

async function report(daemon: DaemonProcess, msg: string): Promise<Report> {
  return JSON.parse(await written(daemon, new RegExp(`^({.*"msg":"${msg}"})$`, 'm'))) as Report;
}

/** Blocks the event loop of a daemon. */
async function block(daemon: DaemonProcess, forMs: number): Promise<void> {
  const end = `const endMs = performance.now() + ${String(forMs)};`;
  await evaluateInside(daemon, `${end} while (performance.now() < endMs);`);
}

describe('the watchdog of the daemon', function () {
  this.timeout(LIVENESS_MS);
  const sandbox = new Sandbox();
  let daemon: DaemonProcess;
  afterEach(async () => {
    daemon.signal('SIGKILL');
    await daemon.exited;
  });
  after(() => {
    sandbox.remove();
  });
  async function start(set: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
    daemon = new DaemonProcess(sandbox, { source: 'silence', set, env });
    await daemon.ready();
  }
  it('sees a blocked event loop within 500 ms, and that it is over; the daemon goes on', async () => {
    await start([], INSPECTED);
    await block(daemon, 1500);
    const blocked = await report(daemon, 'loop.blocked');
    expect(blocked).to.include({ level: 'error', pid: daemon.pid });
    expect(blocked.durationMs).to.be.within(350, 500);
    // The block is in nobody's hands, and what came last is one of the tree's.
    expect(blocked['actor']).to.equal(null);
    expect(blocked['lastActor']).to.match(/^[a-z-]+/);
    expect(blocked['lastEvent']).to.be.a('string');
    expect((await report(daemon, 'loop.recovered')).durationMs).to.be.within(1000, 5000);
    expect(await daemon.message('loop.blocked')).to.include({ level: 'warn', actor: null });
    expect(await daemon.stop()).to.deep.equal({ code: 0, signal: null });
  });

  it('ends the daemon and its processes when the loop is blocked past the bound', async () => {
    await start(['resilience.watchdog_ms=1000'], INSPECTED);
    const children = childrenOf(daemon.pid);
    expect(children.filter(isRunning).length).to.be.greaterThan(2);
    await block(daemon, 600_000);
    expect(await daemon.exited).to.deep.equal({ code: 3, signal: null });
    expect((await report(daemon, 'loop.expired')).durationMs).to.be.within(1000, 1500);
    await gone(children);
  });

  it('does not end it where the bound is 0', async () => {
    await start(['resilience.watchdog_ms=0'], INSPECTED);
    await block(daemon, 2000);
    await report(daemon, 'loop.recovered');
    expect(daemon.stderr).not.to.include('loop.expired');
    expect(await daemon.stop()).to.deep.equal({ code: 0, signal: null });
  });

  it('tells systemd that it is ready, that it lives, and that it stops', async function () {
    this.timeout(180_000);
    const lacking = prepareNotify();
    if (lacking !== undefined) throw new Error(`this takes ${lacking}`);
    const socket = await NotifySocket.open();
    try {
      await start([], { NOTIFY_SOCKET: socket.path, WATCHDOG_USEC: '400000' });
      await socket.until('READY=1');
      await socket.until('WATCHDOG=1', 3);
      expect(socket.count('STOPPING=1')).to.equal(0);
      // A shutdown that has nothing to drain may be over before the program has started.
      daemon.signal('SIGTERM');
      await socket.until('STOPPING=1');
      expect(await daemon.exited).to.deep.equal({ code: 0, signal: null });
      expect(socket.count('READY=1')).to.equal(1);
    } finally {
      socket.close();
    }
  });
});
