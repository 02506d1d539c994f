import { expect } from 'chai';
import { DaemonProcess, LIVENESS_MS, Sandbox, clip, rtap } from '../support/daemon.ts';
import { PlainWebSocket, holes, isEvent, isFinal } from '../support/subscribers.ts';

describe('an engine that is killed', function () {
  this.timeout(LIVENESS_MS);
  const sandbox = new Sandbox();
  after(() => {
    sandbox.remove();
  });

  async function run(
    kill: (daemon: DaemonProcess, webSocket: PlainWebSocket) => Promise<void>,
    set: readonly string[] = ['pipeline.activation=always'],
    source = clip('cmd5_am_michael'),
  ): Promise<PlainWebSocket> {
    const daemon = new DaemonProcess(sandbox, { source: `file:${source}`, set });
    const webSocket = new PlainWebSocket((await daemon.addresses('websocket'))['stream'] ?? '');
    await webSocket.until((message) => isEvent(message, 'source_opened'));
    await kill(daemon, webSocket);
    await webSocket.until((message) => isEvent(message, 'source_ended'));
    await daemon.line((line) => line.msg === 'readiness.changed' && line['state'] === 'degraded');
    const status = await rtap(sandbox, ['status', '--json']);
    expect(status.code, status.stderr).to.equal(0);
    expect(await daemon.stop()).to.deep.equal({ code: 0, signal: null });
    expect(holes(webSocket.messages, 'transcripts')).to.deep.equal([]);
    return webSocket;
  }

  it('in mid-utterance costs no more than partials: the recogniser', async () => {
    const webSocket = await run(async (daemon, client) => {
      await client.until((message) => 'kind' in message && message.kind === 'partial');
      process.kill(await daemon.enginePid('recogniser'), 'SIGKILL');
    });
    const finals = webSocket.messages.filter(isFinal).map(({ transcript }) => transcript);
    expect(finals).to.deep.equal(['Remind me to call my mother at five in the evening.']);
    const reasons = webSocket.messages
      .filter((message) => isEvent(message, 'engine_lost'))
      .map(({ metadata }) => metadata['reason']);
    expect(reasons).to.deep.equal(['killed by SIGKILL']);
  });

  it('in mid-utterance costs nothing: voice activity, whose hops the ring still holds', async () => {
    const webSocket = await run(async (daemon, client) => {
      await client.until((message) => 'kind' in message && message.kind === 'partial');
      process.kill(await daemon.enginePid('vad'), 'SIGKILL');
    });
    const finals = webSocket.messages.filter(isFinal).map(({ transcript }) => transcript);
    expect(finals).to.deep.equal(['Remind me to call my mother at five in the evening.']);
  });

  it('before the phrase costs nothing: the wake word, which hears the phrase in the ring', async () => {
    const webSocket = await run(
      async (daemon) => {
        process.kill(await daemon.enginePid('wakeword'), 'SIGKILL');
      },
      [],
      clip('jarviscmd_am_michael'),
    );
    const finals = webSocket.messages.filter(isFinal).map(({ transcript }) => transcript);
    expect(finals).to.deep.equal(['Turn on the kitchen lights.']);
  });

  it('costs the language of a text and not the text: the language', async () => {
    const webSocket = await run(async (daemon) => {
      process.kill(await daemon.enginePid('language'), 'SIGKILL');
    });
    const finals = webSocket.messages.filter(isFinal);
    expect(finals.map(({ transcript }) => transcript)).to.deep.equal([
      'Remind me to call my mother at five in the evening.',
    ]);
  });
});
