import { expect } from 'chai';
import { VirtualCard } from '../../src/bench/virtual-card.ts';
import { listDevices } from '../../src/io/sources/device-list.ts';
import { DaemonProcess, LIVENESS_MS, Sandbox, clip } from '../support/daemon.ts';
import { PlainWebSocket, isEvent, isFinal } from '../support/subscribers.ts';
import { prepareVirtualCard } from '../support/virtual-card.ts';

// clip --paplay--> sound server --ALSA--> PortAudio's process --> daemon --WS--> client
describe('the daemon with a microphone', function () {
  this.timeout(2 * LIVENESS_MS);
  const sandbox = new Sandbox();
  let card: VirtualCard;
  let daemon: DaemonProcess;
  let webSocket: PlainWebSocket;

  before(async function () {
    this.timeout(300_000);
    const { problem } = await listDevices();
    const lacking = problem ?? prepareVirtualCard();
    if (lacking !== undefined) {
      process.stderr.write(`      not run on this machine, which lacks: ${lacking}\n`);
      this.skip();
    }
    card = await VirtualCard.start();
    daemon = new DaemonProcess(sandbox, { source: 'auto', env: card.environment });
    webSocket = new PlainWebSocket((await daemon.addresses('websocket'))['stream'] ?? '');
    await webSocket.until((message) => isEvent(message, 'source_opened'));
  });

  after(async () => {
    // Not there when the card could not be had.
    (webSocket as PlainWebSocket | undefined)?.close();
    (daemon as DaemonProcess | undefined)?.signal('SIGKILL');
    await (card as VirtualCard | undefined)?.stop();
    sandbox.remove();
  });

  it('opens it by itself, and plays no recording', () => {
    const opened = webSocket.messages.find((message) => isEvent(message, 'source_opened'));
    expect(opened).to.have.nested.property('metadata.kind', 'device');
  });

  it('hears a command after the wake phrase', async () => {
    await card.play(clip('jarviscmd_am_michael'));
    const final = await webSocket.until(isFinal);
    expect(isFinal(final) && final.transcript).to.equal('Turn on the kitchen lights.');
    expect(isFinal(final) && final.audio_source).to.equal('device');
  });

  it('says when it is unplugged, and hears again once it is back', async () => {
    await card.unplug();
    await webSocket.until((message) => isEvent(message, 'device_lost'));
    const before = webSocket.messages.length;
    await card.plug();
    await webSocket.until(
      (message) =>
        isEvent(message, 'source_opened') && webSocket.messages.indexOf(message) >= before,
    );
    await card.play(clip('jarviscmd_bm_george'));
    const next = await webSocket.until(
      (message) => isFinal(message) && webSocket.messages.indexOf(message) >= before,
    );
    expect(isFinal(next) && next.transcript).to.equal('Turn on the kitchen lights.');
  });

  it('stops within its bound while the sound server is frozen', async () => {
    await card.freeze();
    await webSocket.until(
      (message) =>
        isEvent(message, 'device_lost') &&
        message.metadata['end_sample'] !== 0 &&
        webSocket.messages.filter((one) => isEvent(one, 'device_lost')).indexOf(message) >= 1,
    );
    const askedAtMs = performance.now();
    const { code } = await daemon.stop();
    await card.thaw();
    expect(code).to.equal(0);
    expect(performance.now() - askedAtMs).to.be.lessThan(5_000);
  });
});
