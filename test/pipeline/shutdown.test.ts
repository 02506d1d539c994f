import { expect } from 'chai';
import type { Message } from '../../src/domain/messages.ts';
import {
  DaemonProcess,
  LIVENESS_MS,
  Sandbox,
  childrenOf,
  clip,
  gone,
  isRunning,
} from '../support/daemon.ts';
import { PlainWebSocket, holes, isEvent, isFinal } from '../support/subscribers.ts';

const BOUND_MS = 5_000;
/** Messages after which it is stopped: before the first word, within and between utterances, near the end. */
const MOMENTS = [0, 1, 2, 3, 5, 8, 12, 18];

async function started(sandbox: Sandbox, source: string): Promise<[DaemonProcess, PlainWebSocket]> {
  const daemon = new DaemonProcess(sandbox, { source, set: ['pipeline.activation=always'] });
  const url = (await daemon.addresses('websocket'))['stream'] ?? '';
  return [daemon, new PlainWebSocket(url)];
}

/** Utterances that began to be processed and of which nothing was heard again. */
function unfinished(messages: readonly Message[]): unknown[] {
  const idsOf = (...types: string[]): unknown[] =>
    messages
      .filter((message) => isEvent(message) && types.includes(message.event_type))
      .map((message) => isEvent(message) && message.metadata['utterance_id']);
  const ended = new Set(idsOf('processing_completed', 'utterance_discarded'));
  return idsOf('processing_started').filter((id) => !ended.has(id));
}

describe('stopping the daemon', function () {
  this.timeout(LIVENESS_MS);
  const sandbox = new Sandbox();
  after(() => {
    sandbox.remove();
  });

  for (const moment of MOMENTS) {
    it(`after ${String(moment)} messages: finishes what is being said, within its bound, leaving no child`, async () => {
      const [daemon, webSocket] = await started(
        sandbox,
        'file:src/assets/recording/first-minute.wav',
      );
      await webSocket.until((message) => isEvent(message, 'source_opened'));
      const children = childrenOf(daemon.pid);
      await webSocket.received(moment);
      const askedAtMs = performance.now();
      expect(await daemon.stop()).to.deep.equal({ code: 0, signal: null });
      expect(performance.now() - askedAtMs).to.be.lessThan(BOUND_MS);
      expect(unfinished(webSocket.messages)).to.deep.equal([]);
      expect(webSocket.messages.at(-1)).to.include({ event_type: 'pipeline_stopped' });
      expect(holes(webSocket.messages, 'events')).to.deep.equal([]);
      expect(holes(webSocket.messages, 'transcripts')).to.deep.equal([]);
      expect(children.filter(isRunning)).to.deep.equal([]);
    });
  }

  it('publishes the utterance that was cut off, and says that the shutdown ended it', async () => {
    const [daemon, webSocket] = await started(sandbox, `file:${clip('cmd5_am_michael')}`);
    await webSocket.until((message) => 'kind' in message && message.kind === 'partial');
    expect(await daemon.stop()).to.deep.equal({ code: 0, signal: null });
    const final = webSocket.messages.find(isFinal);
    expect(final?.decision?.reason).to.equal('shutdown');
    expect(final?.transcript).to.match(/^remind/i);
  });

  it('publishes it too where the signal reaches all its processes, as a service manager sends it', async () => {
    const [daemon, webSocket] = await started(sandbox, `file:${clip('cmd5_am_michael')}`);
    await webSocket.until((message) => 'kind' in message && message.kind === 'partial');
    for (const pid of childrenOf(daemon.pid)) process.kill(pid, 'SIGTERM');
    expect(await daemon.stop()).to.deep.equal({ code: 0, signal: null });
    expect(webSocket.messages.find(isFinal)?.transcript).to.match(/^remind/i);
    expect(webSocket.messages.filter((message) => isEvent(message, 'engine_lost'))).to.deep.equal(
      [],
    );
  });

  it('a second signal ends it at once, with the code of that signal', async () => {
    const [daemon, webSocket] = await started(sandbox, `file:${clip('cmd5_am_michael')}`);
    await webSocket.until((message) => 'kind' in message && message.kind === 'partial');
    const children = childrenOf(daemon.pid);
    // A recogniser that is frozen keeps the shutdown waiting.
    process.kill(await daemon.enginePid('recogniser'), 'SIGSTOP');
    daemon.signal('SIGTERM');
    await daemon.line((line) => line.msg === 'readiness.changed' && line['state'] === 'stopping');
    daemon.signal('SIGINT');
    expect(await daemon.exited).to.deep.equal({ code: 130, signal: null });
    await gone(children);
  });

  it('a frozen engine costs its bound and no more', async () => {
    const [daemon, webSocket] = await started(sandbox, `file:${clip('cmd5_am_michael')}`);
    await webSocket.until((message) => 'kind' in message && message.kind === 'partial');
    const children = childrenOf(daemon.pid);
    process.kill(await daemon.enginePid('recogniser'), 'SIGSTOP');
    const askedAtMs = performance.now();
    const { code } = await daemon.stop();
    expect(code).to.be.oneOf([0, 4]);
    expect(performance.now() - askedAtMs).to.be.lessThan(BOUND_MS + 500);
    expect(children.filter(isRunning)).to.deep.equal([]);
  });

  it('a daemon that is killed takes its children with it', async () => {
    const [daemon, webSocket] = await started(sandbox, 'silence');
    await webSocket.until((message) => isEvent(message, 'source_opened'));
    const children = childrenOf(daemon.pid);
    expect(children.length).to.be.greaterThan(2);
    daemon.signal('SIGKILL');
    expect(await daemon.exited).to.deep.equal({ code: null, signal: 'SIGKILL' });
    await gone(children);
  });
});
