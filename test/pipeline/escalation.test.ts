import { expect } from 'chai';
import { treeOf } from '../../supervisors/tree.ts';
import { ENGINE_NAMES } from '../../src/domain/events.ts';
import { LIVENESS_MS, gone, rtap } from '../support/daemon.ts';
import { Listener } from '../support/listener.ts';
import { INSPECTED, evaluateInside } from '../support/node-inspector.ts';
import { PlainWebSocket, holes, isEvent, isFinal } from '../support/subscribers.ts';

const TREE = treeOf({
  shutdownMs: 5_000,
  engines: ENGINE_NAMES,
  hasServers: true,
  hasAudioOutlet: false,
});

describe('an escalation to the root', function () {
  this.timeout(LIVENESS_MS);

  /** Whatever escalates: what was said is published, subscribers hear of the end, no process is left, and it is 3. */
  async function endsInOrder(
    listener: Listener,
    escalate: () => Promise<void>,
    reason: RegExp,
  ): Promise<void> {
    await listener.daemon.ready();
    const { addresses } = await listener.status();
    const webSocket = new PlainWebSocket(addresses['websocket']?.['stream'] ?? '');
    await webSocket.until(isFinal);
    await escalate();
    await webSocket.until((message) => isEvent(message, 'pipeline_stopped'));
    expect(await listener.daemon.exited).to.deep.equal({ code: 3, signal: null });
    expect(listener.daemon.stderr).to.match(reason);
    const last = listener.daemon.lines.filter(({ msg }) => msg === 'supervisor gave up');
    expect(last.map((line) => line['supervisor'])).to.deep.equal(['rtap']);
    expect(holes(webSocket.messages, 'events')).to.deep.equal([]);
    const engines = listener.daemon.lines.filter(({ msg }) => msg === 'engine.warming');
    expect(engines).to.have.length(ENGINE_NAMES.length);
    await gone(engines.map((line) => line['pid'] as number));
    webSocket.close();
    listener.sandbox.remove();
  }

  it('of an actor that crashes too often', async () => {
    const listener = new Listener();
    const { restarts } = TREE.intensity ?? { restarts: 0 };
    await endsInOrder(
      listener,
      async () => {
        for (let kill = 0; kill <= restarts; kill += 1) {
          if (kill > 0) await listener.restarted('readiness', kill + 1);
          const { code, stderr } = await rtap(listener.sandbox, ['sys', 'kill', 'readiness']);
          expect(code, stderr).to.equal(0);
        }
      },
      /^rtap: a supervisor gave up: rtap gave up after 3 restarts in 60000 ms; last, readiness: killed$/m,
    );
  });

  it('of an exception that nothing caught', async () => {
    const listener = new Listener(INSPECTED);
    await endsInOrder(
      listener,
      () => evaluateInside(listener.daemon, `throw new Error('out of the blue')`),
      /^rtap: a supervisor gave up: an error that nothing caught: out of the blue$/m,
    );
  });

  it('of a rejection that nobody took', async () => {
    const listener = new Listener(INSPECTED);
    await endsInOrder(
      listener,
      () => evaluateInside(listener.daemon, `Promise.reject(new Error('nobody took it'))`),
      /^rtap: a supervisor gave up: an error that nothing caught: nobody took it$/m,
    );
  });
});
