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

/** The first report that fits, of those on standard error and those to come. */
async function report(
  daemon: DaemonProcess,
  msg: string,
  fits: (report: Report) => boolean = () => true,
): Promise<Report> {
  for (;;) {
    const found = reportsOf(daemon).find((one) => one.msg === msg && fits(one));
    if (found !== undefined) return found;
    if (daemon.child.stderr === null) throw new Error('the daemon has no standard error');
    await Promise.race([once(daemon.child.stderr, 'data'), endedEarly(daemon)]);
  }
}

function reportsOf(daemon: DaemonProcess): Report[] {
  return daemon.stderr
    .split('\n')
    .slice(0, -1)
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Report);
}

async function endedEarly(daemon: DaemonProcess): Promise<never> {
  const { code, signal } = await daemon.exited;
  throw new Error(`the daemon ended (${String(code ?? signal)}): ${daemon.stderr}`);
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
  it('sees a blocked event loop while it is blocked, and that it is over; the daemon goes on', async () => {
    await start([], INSPECTED);
    await block(daemon, 1500);
    // A busy machine may hold the loop up by itself for a moment; this block is the long one.
    const recovered = await report(daemon, 'loop.recovered', ({ durationMs }) => durationMs > 1000);
    const reports = reportsOf(daemon);
    const blocked =
      reports[reports.findIndex((one) => one.durationMs === recovered.durationMs) - 1];
    expect(blocked).to.include({ msg: 'loop.blocked', level: 'error', pid: daemon.pid });
    // Told while it lasted; the unit tests hold the moment to 500 ms, on virtual time.
    expect(blocked?.durationMs).to.be.within(350, 1400);
    // The block is in nobody's hands, and what came last is one of the tree's.
    expect(blocked?.['actor']).to.equal(null);
    expect(blocked?.['lastActor']).to.match(/^[a-z-]+/);
    expect(blocked?.['lastEvent']).to.be.a('string');
    expect(await daemon.message('loop.blocked')).to.include({ level: 'warn', actor: null });
    expect(await daemon.stop()).to.deep.equal({ code: 0, signal: null });
  });

  it('ends the daemon and its processes when the loop is blocked past the bound', async () => {
    await start(['resilience.watchdog_ms=1000'], INSPECTED);
    const children = childrenOf(daemon.pid);
    expect(children.filter(isRunning).length).to.be.greaterThan(2);
    await block(daemon, 600_000);
    expect(await daemon.exited).to.deep.equal({ code: null, signal: 'SIGKILL' });
    expect((await report(daemon, 'loop.expired')).durationMs).to.be.at.least(1000);
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
