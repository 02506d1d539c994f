import { expect } from 'chai';
import { expectAccounted } from '../support/accounted.ts';
import type { SampleStatus } from '../support/accounted.ts';
import { DaemonProcess, LIVENESS_MS, Sandbox, clip, rtap } from '../support/daemon.ts';
import { PlainWebSocket, isEvent, isFinal } from '../support/subscribers.ts';

const COMMAND = 'Turn on the kitchen lights.';

describe('a ring that overflows, since its engine stands still', function () {
  this.timeout(2 * LIVENESS_MS);
  const sandbox = new Sandbox();
  let daemon: DaemonProcess;
  let webSocket: PlainWebSocket;

  before(async () => {
    daemon = new DaemonProcess(sandbox, {
      source: `file:${clip('jarviscmd_am_michael')}?loop`,
      set: ['audio.ring_buffer_size_ms=1000'],
    });
    webSocket = new PlainWebSocket((await daemon.addresses('websocket'))['stream'] ?? '');
    await webSocket.until(isFinal);
    process.kill(await daemon.enginePid('vad'), 'SIGSTOP');
  });

  after(async () => {
    webSocket.close();
    daemon.signal('SIGKILL');
    await daemon.exited;
    sandbox.remove();
  });

  it('warns when four fifths are unread, before anything is lost', async () => {
    const warning = await webSocket.until((message) => isEvent(message, 'buffer_overflow'));
    expect(warning).to.deep.include({ level: 'warning' });
    expect(warning).to.have.nested.property('metadata.dropped_samples', 0);
    expect(warning).to.have.nested.property('metadata.utilisation').that.is.at.least(0.8);
  });

  it('drops the oldest, counts it to the sample, and tells of it no more than once a second', async () => {
    await webSocket.until((message) => isEvent(message, 'engine_lost'));
    const before = webSocket.messages.length;
    await webSocket.until(
      (message) => isFinal(message) && webSocket.messages.indexOf(message) >= before,
    );
    const { stdout } = await rtap(sandbox, ['status', '--json']);
    const { samples } = JSON.parse(stdout) as { samples: SampleStatus };
    expectAccounted(samples);
    const losses = webSocket.messages.filter(
      (message) => isEvent(message, 'buffer_overflow') && message.level === 'error',
    );
    const told = losses.reduce(
      (sum, message) => sum + (isEvent(message) ? Number(message.metadata['dropped_samples']) : 0),
      0,
    );
    const counted = samples.readers.reduce((sum, { dropped }) => sum + dropped, 0);
    expect(told).to.equal(counted).and.to.be.above(0);
    const times = losses.map(({ timestamp }) => timestamp);
    // Each reader is told of on its own.
    expect(times.length).to.be.at.most(2 * ((times.at(-1) ?? 0) - (times[0] ?? 0) + 2));
  });

  it('marks the gap, and hears the next command whole', async () => {
    const gap = webSocket.messages.find((message) => isEvent(message, 'audio_gap'));
    expect(gap).to.have.nested.property('metadata.cause', 'overrun');
    const before = webSocket.messages.length;
    const final = await webSocket.until(
      (message) =>
        isFinal(message) &&
        message.transcript === COMMAND &&
        webSocket.messages.indexOf(message) >= before,
    );
    expect(final).to.have.property('transcript', COMMAND);
  });
});
