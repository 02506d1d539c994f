import { expect } from 'chai';
import type { ReaderAccount } from '../../src/audio/sample-ring.ts';
import { DaemonProcess, LIVENESS_MS, Sandbox, clip, rtap } from '../support/daemon.ts';
import { PlainWebSocket, isEvent } from '../support/subscribers.ts';

interface Samples {
  readonly clock: number;
  readonly captured: number;
  readonly refused: number;
  readonly missing: number;
  readonly readers: readonly ReaderAccount[];
}

async function samplesOf(sandbox: Sandbox): Promise<Samples> {
  const { code, stdout, stderr } = await rtap(sandbox, ['status', '--json']);
  expect(code, stderr).to.equal(0);
  return (JSON.parse(stdout) as { samples: Samples }).samples;
}

/** Every captured sample has one fate with each reader, and every position of the clock is accounted for. */
function expectBalance({ clock, captured, refused, missing, readers }: Samples): void {
  expect(captured + missing).to.equal(clock);
  expect(readers.map(({ name }) => name)).to.have.members(['voice-activity', 'wakeword']);
  for (const { name, processed, dropped, unread } of readers) {
    expect(refused + processed + dropped + unread, name).to.equal(captured);
  }
}

// file, in real time ─► daemon ◄─ rtap status --json, again and again
describe('the samples of a running daemon', function () {
  this.timeout(LIVENESS_MS);
  const sandbox = new Sandbox();
  after(() => {
    sandbox.remove();
  });

  it('add up whenever one asks, also after a stage and an engine were lost', async () => {
    const daemon = new DaemonProcess(sandbox, { source: `file:${clip('cmd5_am_michael')}?loop` });
    const webSocket = new PlainWebSocket((await daemon.addresses('websocket'))['stream'] ?? '');
    await webSocket.until((message) => isEvent(message, 'source_opened'));
    const seen: Samples[] = [];
    const look = async (): Promise<void> => {
      const samples = await samplesOf(sandbox);
      expectBalance(samples);
      seen.push(samples);
    };
    for (let time = 0; time < 3; time += 1) await look();
    const killed = await rtap(sandbox, ['sys', 'kill', 'voice-activity']);
    expect(killed.code, killed.stderr).to.equal(0);
    await look();
    process.kill(await daemon.enginePid('wakeword'), 'SIGKILL');
    for (let time = 0; time < 3; time += 1) await look();

    const captured = seen.map((samples) => samples.captured);
    expect(captured).to.deep.equal([...captured].sort((a, b) => a - b));
    expect(captured.at(-1)).to.be.greaterThan(captured[0] ?? 0);
    for (const { processed, name } of seen.at(-1)?.readers ?? []) {
      expect(processed, name).to.be.greaterThan(0);
    }
    expect(await daemon.stop()).to.deep.equal({ code: 0, signal: null });
  });
});
