import { once, type EventEmitter } from 'node:events';
import type { Server } from 'node:http';
import { expect } from 'chai';
import { Publisher } from 'zeromq';
import { WebSocketServer } from 'ws';
import {
  RtapClient,
  type RtapClientEvents,
  type RtapClientOptions,
} from '../../../src/client/rtap-client.ts';
import type { MissingRange } from '../../../src/client/stream-tracker.ts';
import { websocketTarget, type Target } from '../../../src/client/target.ts';
import type { RtapError } from '../../../src/domain/errors.ts';
import type { Message } from '../../../src/domain/messages.ts';
import { eventBody, ledgerOf } from '../io/outlets/message-bodies.ts';
import { RunningOutlets } from './running-outlets.ts';

/** What one client has said, and a way to wait for it. */
class Heard {
  readonly messages: Message[] = [];
  readonly gaps: MissingRange[] = [];
  readonly lost: MissingRange[] = [];
  readonly errors: RtapError[] = [];
  readonly client: RtapClient;

  #waiters: (() => void)[] = [];

  constructor(target: Target, options: Partial<RtapClientOptions> = {}) {
    this.client = new RtapClient({
      target,
      initialDelayMs: 5,
      maxDelayMs: 40,
      seed: 1,
      ...options,
    });
    this.client.on('message', (message) => {
      this.messages.push(message);
      this.#wake();
    });
    this.client.on('gap', (range) => {
      this.gaps.push(range);
      this.#wake();
    });
    this.client.on('lost', (range) => {
      this.lost.push(range);
      this.#wake();
    });
    this.client.on('error', (error) => {
      this.errors.push(error);
      this.#wake();
    });
  }

  /** Waits for the next event of a name; unlike Node's own, an `error` does not end it. */
  next<K extends keyof RtapClientEvents>(name: K): Promise<RtapClientEvents[K]> {
    return nextOf(this.client, name);
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#waiters.push(resolve));
  }

  #wake(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const wake of waiters) wake();
  }
}

function nextOf<K extends keyof RtapClientEvents>(
  client: RtapClient,
  name: K,
): Promise<RtapClientEvents[K]> {
  const { promise, resolve } = withResolvers<RtapClientEvents[K]>();
  const emitter: EventEmitter = client;
  emitter.once(name, (...values: unknown[]) => {
    resolve(values as RtapClientEvents[K]);
  });
  return promise;
}

function withResolvers<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

describe('RtapClient', () => {
  const closers: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
  });

  async function outlets(
    epoch: number,
    ports?: RunningOutlets['ports'],
    options: { historyCount?: number } = {},
  ): Promise<RunningOutlets> {
    const running = await new RunningOutlets(ledgerOf({ epoch, ...options }), ports).open();
    closers.push(() => running.close());
    return running;
  }

  function listen(target: Target, options: Partial<RtapClientOptions> = {}): Heard {
    const heard = new Heard(target, options);
    closers.push(() => heard.client.close());
    return heard;
  }

  /** Publishes until a ZeroMQ client hears both streams, since a subscription takes a moment. */
  async function warmUp(running: RunningOutlets, heard: Heard): Promise<void> {
    const heardBoth = () => new Set(heard.messages.map((message) => message.stream)).size === 2;
    while (!heardBoth()) {
      running.event({ probe: true });
      running.partial('probe');
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
  }

  it('hears the same messages with the same numbers over both transports', async () => {
    const running = await outlets(3);
    const overWebSocket = listen(websocketTarget(running.url));
    const overZeroMq = listen({ transport: 'zeromq', endpoints: running.endpoints });
    overWebSocket.client.start();
    overZeroMq.client.start();
    await overWebSocket.next('status');
    await warmUp(running, overZeroMq);
    const from = running.ledger.positions();
    for (let index = 0; index < 100; index += 1) {
      running.event({ index });
      running.partial(`half ${index}`);
      running.final(`whole ${index}`);
    }
    const to = running.ledger.positions();
    for (const stream of ['events', 'transcripts'] as const) {
      const expected = running.ledger.since(stream, from[stream]);
      const lastOf = (heard: Heard) =>
        heard.messages.findLast((message) => message.stream === stream)?.sequence_number;
      for (const heard of [overWebSocket, overZeroMq]) {
        await heard.until(() => lastOf(heard) === to[stream]);
        const received = heard.messages.filter(
          (message) => message.stream === stream && message.sequence_number > from[stream],
        );
        expect(received).to.deep.equal(expected);
      }
    }
    for (const heard of [overWebSocket, overZeroMq]) {
      expect(heard.gaps).to.deep.equal([]);
      expect(heard.errors).to.deep.equal([]);
    }
  });

  it('resumes over WebSocket when the outlet comes back, without a hole or a double', async () => {
    const running = await outlets(3);
    const heard = listen(websocketTarget(running.url));
    heard.client.start();
    await heard.next('status');
    running.final('before');
    await heard.until(() => heard.messages.length === 1);
    const down = heard.next('disconnected');
    await running.webSocket.close(500);
    await down;
    for (let index = 0; index < 20; index += 1) running.final(`meanwhile ${index}`);
    const again = new RunningOutlets(running.ledger, { websocket: running.ports.websocket });
    await again.webSocket.open();
    closers.push(() => again.webSocket.close(100));
    await heard.until(() => heard.messages.length === 21);
    expect(heard.messages.map((message) => message.sequence_number)).to.deep.equal(
      Array.from({ length: 21 }, (_, index) => index + 1),
    );
    expect([...heard.gaps, ...heard.lost]).to.deep.equal([]);
    expect(heard.client.counts).to.include({ delivered: 21, duplicates: 0 });
  });

  it('is told what the history no longer holds', async () => {
    const running = await outlets(3, undefined, { historyCount: 5 });
    const heard = listen(websocketTarget(running.url));
    heard.client.start();
    await heard.next('status');
    const down = heard.next('disconnected');
    await running.webSocket.close(500);
    await down;
    for (let index = 0; index < 20; index += 1) running.final(`meanwhile ${index}`);
    const again = new RunningOutlets(running.ledger, { websocket: running.ports.websocket });
    await again.webSocket.open();
    closers.push(() => again.webSocket.close(100));
    await heard.until(() => heard.messages.length === 5);
    expect(heard.lost).to.deep.equal([{ stream: 'transcripts', epoch: 3, first: 1, last: 15 }]);
    expect(heard.gaps).to.deep.equal([]);
    expect(heard.messages.map((message) => message.sequence_number)).to.deep.equal([
      16, 17, 18, 19, 20,
    ]);
  });

  it('goes on in a newer epoch after a restart, and says what it cannot know', async () => {
    const first = await outlets(3);
    const heard = listen(websocketTarget(first.url));
    heard.client.start();
    await heard.next('status');
    first.event();
    first.final('before');
    await heard.until(() => heard.messages.length === 2);
    const down = heard.next('disconnected');
    await first.close();
    await down;
    const second = new RunningOutlets(ledgerOf({ epoch: 4 }), first.ports);
    second.final('said before the client came back');
    await second.open();
    closers.push(() => second.close());
    await heard.until(() => heard.messages.length === 3);
    expect(heard.messages[2]).to.include({ epoch: 4, sequence_number: 1 });
    expect(heard.lost).to.deep.equal([
      { stream: 'events', epoch: 3, first: 2, last: null },
      { stream: 'transcripts', epoch: 3, first: 2, last: null },
    ]);
    expect(heard.gaps).to.deep.equal([]);
  });

  it('drops what a daemon of an older epoch says, and says so', async () => {
    const newer = await outlets(5);
    const heard = listen(websocketTarget(newer.url));
    heard.client.start();
    await heard.next('status');
    await newer.close();
    const older = await outlets(4, newer.ports);
    await heard.until(() => heard.errors.length > 0);
    older.final('from the past');
    const beat = heard.next('status');
    older.webSocket.announce();
    await beat;
    expect(heard.messages).to.deep.equal([]);
    expect(heard.client.counts.olderEpoch).to.equal(1);
    expect(heard.errors.map((error) => error.message).join(' ')).to.match(/epoch 4, older than/);
  });

  it('tells the first and last number of a hole over ZeroMQ', async () => {
    const socket = new Publisher({ linger: 0 });
    await socket.bind('tcp://127.0.0.1:0');
    closers.push(() => {
      socket.close();
    });
    const heard = listen({ transport: 'zeromq', endpoints: [socket.lastEndpoint ?? ''] });
    heard.client.start();
    const ledger = ledgerOf();
    const send = (message: Message) => socket.send(['event.x', JSON.stringify(message)]);
    while (heard.messages.length === 0) {
      await send(ledger.stamp('events', eventBody()));
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    const from = ledger.positions().events;
    const next = Array.from({ length: 6 }, () => ledger.stamp('events', eventBody()));
    const [first, , , fourth] = next;
    if (first === undefined || fourth === undefined) throw new Error('no message');
    await send(first);
    await send(first);
    await socket.send(['event.x', 'no JSON']);
    await socket.send('one part');
    await send(fourth);
    await heard.until(() => heard.messages.at(-1)?.sequence_number === from + 4);
    expect(heard.gaps).to.deep.equal([
      { stream: 'events', epoch: 3, first: from + 2, last: from + 3 },
    ]);
    expect(heard.client.counts).to.include({ duplicates: 1, garbage: 2 });
  });

  it('reconnects over ZeroMQ after a restart, and tells what was missed', async () => {
    const first = await outlets(3);
    const heard = listen({ transport: 'zeromq', endpoints: first.endpoints });
    heard.client.start();
    await warmUp(first, heard);
    const down = heard.next('disconnected');
    await first.close();
    await down;
    const second = await new RunningOutlets(ledgerOf({ epoch: 4 }), first.ports).open();
    closers.push(() => second.close());
    second.final('nobody hears this');
    while (heard.messages.at(-1)?.epoch !== 4) {
      second.event();
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    expect(heard.lost.map(({ epoch, last }) => [epoch, last])).to.deep.equal([
      [3, null],
      [3, null],
    ]);
    while (!heard.gaps.some((gap) => gap.stream === 'transcripts')) {
      second.partial('and this one tells');
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    const gap = heard.gaps.find((found) => found.stream === 'transcripts');
    expect(gap).to.include({ epoch: 4, first: 1 });
  });

  it('waits for a daemon that is not there yet', async () => {
    const reserved = await outlets(3);
    await reserved.close();
    const heard = listen(websocketTarget(reserved.url));
    heard.client.start();
    const [reason, retryInMs] = await heard.next('disconnected');
    expect(reason).to.equal('connection refused');
    expect(retryInMs).to.be.within(2, 5);
    // Asked for before the daemon is there: it may be heard before its own opening is.
    const status = heard.next('status');
    const running = await outlets(3, reserved.ports);
    await status;
    running.final('hello');
    await heard.until(() => heard.messages.length === 1);
    expect(heard.messages[0]).to.include({ transcript: 'hello' });
  });

  it('takes a silent server for gone, and survives one that talks nonsense', async () => {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    await once(server, 'listening');
    closers.push(() => {
      server.close();
    });
    server.on('connection', (socket) => {
      socket.send('nonsense');
      socket.send('{"message_type":"event","timestamp":1,"payload":{"stream":"events"}}');
      socket.send('{"message_type":"status","timestamp":1,"payload":null}');
      socket.send(Buffer.from([1, 2, 3]));
    });
    const { port } = (server as unknown as Server).address() as { port: number };
    const heard = listen(websocketTarget(`ws://127.0.0.1:${port}`), { silenceLimitMs: 100 });
    heard.client.start();
    const [reason] = await heard.next('disconnected');
    expect(reason).to.equal('nothing was heard for 100 ms');
    expect(heard.client.counts).to.include({ garbage: 4, delivered: 0 });
    expect(heard.errors.map((error) => error.code)).to.deep.equal(Array(4).fill('PROTOCOL'));
    for (const socket of server.clients) socket.terminate();
  });

  it('does not need a listener for errors', async () => {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    await once(server, 'listening');
    closers.push(() => {
      server.close();
    });
    server.on('connection', (socket) => {
      socket.send('nonsense');
      socket.close();
    });
    const { port } = (server as unknown as Server).address() as { port: number };
    const client = new RtapClient({ target: websocketTarget(`ws://127.0.0.1:${port}`) });
    closers.push(() => client.close());
    client.start();
    await nextOf(client, 'disconnected');
    expect(client.counts.garbage).to.equal(1);
  });

  it('says nothing more once it is closed', async () => {
    const running = await outlets(3);
    const heard = listen(websocketTarget(running.url));
    heard.client.start();
    await heard.next('status');
    let isDisconnectedSaid = false;
    heard.client.on('disconnected', () => {
      isDisconnectedSaid = true;
    });
    await heard.client.close();
    running.final('too late');
    await running.close();
    expect(heard.messages).to.deep.equal([]);
    expect(isDisconnectedSaid).to.equal(false);
    expect(() => {
      heard.client.start();
    }).to.throw('only once');
  });
});
