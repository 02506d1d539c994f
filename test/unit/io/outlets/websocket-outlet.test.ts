import { once } from 'node:events';
import { request } from 'node:http';
import { connect, createServer, type Socket } from 'node:net';
import { expect } from 'chai';
import { WebSocket } from 'ws';
import { RtapError } from '../../../../src/domain/errors.ts';
import type { StreamLedger } from '../../../../src/io/outlets/ledger.ts';
import {
  WebSocketOutlet,
  type WebSocketOutletOptions,
} from '../../../../src/io/outlets/websocket-outlet.ts';
import { loadSchemas } from '../../../support/schemas.ts';
import { eventBody, ledgerOf, transcriptBody } from './message-bodies.ts';
import { eventually, FramePeer, HandBeat } from './outlet-peers.ts';

const HEALTH = { state: 'listening', healthy: true, reasons: [] };

describe('WebSocketOutlet', () => {
  const closers: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
  });

  async function openOutlet(options: Partial<WebSocketOutletOptions> = {}) {
    const ledger = options.ledger ?? ledgerOf();
    const outlet = new WebSocketOutlet({ health: () => HEALTH, port: 0, ...options, ledger });
    const { url, port } = await outlet.open();
    closers.push(() => outlet.close(200));
    const publishEvent = (metadata: Record<string, unknown> = {}) => {
      outlet.publish(ledger.stamp('events', eventBody(metadata)));
    };
    const publishFinal = (text: string) => {
      outlet.publish(ledger.stamp('transcripts', transcriptBody(text)));
    };
    return { outlet, ledger, url, port, publishEvent, publishFinal };
  }

  function peer(url: string, options: { origin?: string } = {}): FramePeer {
    const made = new FramePeer(url, options);
    closers.push(() => {
      made.socket.terminate();
    });
    return made;
  }

  it('begins with a status, then sends both streams as they were stamped', async () => {
    const { ledger, url, publishEvent, publishFinal } = await openOutlet();
    publishEvent({ early: true });
    const consumer = peer(url);
    expect(await consumer.status()).to.deep.equal({
      schema_version: 1,
      instance: 'main',
      epoch: 3,
      session_id: 'session-1',
      ...HEALTH,
      positions: { events: 1, transcripts: 0 },
    });
    for (let index = 0; index < 50; index += 1) {
      publishEvent({ index });
      publishFinal(`words ${index}`);
    }
    await consumer.until(() => consumer.messages.length >= 100);
    for (const stream of ['events', 'transcripts'] as const) {
      const received = consumer.messages.filter((message) => message.stream === stream);
      expect(received).to.deep.equal(ledger.since(stream, stream === 'events' ? 1 : 0));
    }
  });

  it('sends only frames that the AsyncAPI document allows', async () => {
    const beat = new HandBeat();
    const { url, outlet, publishEvent, publishFinal } = await openOutlet({ timers: beat });
    const consumer = peer(`${url}?epoch=2&events=4&transcripts=7`);
    await consumer.status();
    consumer.socket.send('garbage');
    await consumer.until(() => consumer.errors.some((error) => error.code === 'BAD_FRAME'));
    publishEvent();
    publishFinal('words');
    outlet.announce();
    beat.beat();
    await consumer.frame((frame) => frame.message_type === 'heartbeat');
    const schemas = loadSchemas();
    const names = {
      transcript: 'TranscriptFrame',
      event: 'EventFrame',
      status: 'StatusFrame',
      error: 'ErrorFrame',
      heartbeat: 'HeartbeatFrame',
    };
    for (const frame of consumer.frames) {
      expect(schemas.problems(names[frame.message_type], frame)).to.deep.equal([]);
    }
    const types = new Set(consumer.frames.map((frame) => frame.message_type));
    expect([...types].sort()).to.deep.equal(Object.keys(names).sort());
  });

  it('beats with the positions up to which everything was sent', async () => {
    const beat = new HandBeat();
    const { url, publishEvent, publishFinal } = await openOutlet({ timers: beat });
    const consumer = peer(url);
    await consumer.status();
    publishEvent();
    publishFinal('one');
    publishFinal('two');
    beat.beat();
    const { payload } = await consumer.frame((frame) => frame.message_type === 'heartbeat');
    const positions = { events: 1, transcripts: 2 };
    expect(payload).to.deep.equal({ instance: 'main', epoch: 3, positions });
    expect(consumer.messages).to.have.length(3);
  });

  describe('resuming', () => {
    function filled(options: { historyCount?: number } = {}): StreamLedger {
      const ledger = ledgerOf(options);
      for (let index = 1; index <= 10; index += 1) {
        ledger.stamp('events', eventBody({ index }));
        ledger.stamp('transcripts', transcriptBody(`words ${index}`));
      }
      return ledger;
    }

    function numbers(consumer: FramePeer, stream: 'events' | 'transcripts'): number[] {
      return consumer.messages
        .filter((message) => message.stream === stream)
        .map((message) => message.sequence_number);
    }

    it('replays what came after the position', async () => {
      const { url, publishFinal } = await openOutlet({ ledger: filled() });
      const consumer = peer(`${url}?epoch=3&events=8&transcripts=7`);
      await consumer.until(() => consumer.messages.length >= 5);
      publishFinal('new');
      await consumer.until(() => consumer.messages.length >= 6);
      expect(numbers(consumer, 'events')).to.deep.equal([9, 10]);
      expect(numbers(consumer, 'transcripts')).to.deep.equal([8, 9, 10, 11]);
      expect(consumer.errors).to.deep.equal([]);
    });

    it('says what it can no longer give, and gives the rest', async () => {
      const lost: unknown[] = [];
      const { url } = await openOutlet({
        ledger: filled({ historyCount: 4 }),
        onLost: (stream, count) => lost.push([stream, count]),
      });
      const consumer = peer(`${url}?epoch=3&events=2&transcripts=9`);
      await consumer.until(() => consumer.messages.length >= 5);
      expect(numbers(consumer, 'events')).to.deep.equal([7, 8, 9, 10]);
      expect(numbers(consumer, 'transcripts')).to.deep.equal([10]);
      expect(consumer.errors).to.have.length(1);
      expect(consumer.errors[0]).to.include({
        code: 'MESSAGES_LOST',
        stream: 'events',
        epoch: 3,
        first: 3,
        last: 6,
      });
      expect(lost).to.deep.equal([['events', 4]]);
    });

    it('gives a client of an older epoch all of this one, and says what it cannot know', async () => {
      const { url } = await openOutlet({ ledger: filled() });
      const consumer = peer(`${url}?epoch=2&events=5&transcripts=40`);
      await consumer.until(() => consumer.messages.length >= 20);
      expect(numbers(consumer, 'events')).to.have.length(10);
      expect(
        consumer.errors.map(({ code, stream, epoch, first, last }) => [
          code,
          stream,
          epoch,
          first,
          last,
        ]),
      ).to.deep.equal([
        ['EPOCH_CHANGED', 'events', 2, 6, null],
        ['EPOCH_CHANGED', 'transcripts', 2, 41, null],
      ]);
    });

    const senseless = [
      'epoch=3&events=11',
      'epoch=9&events=0',
      'epoch=3&events=-1',
      'epoch=x',
      'events=4',
      'epoch=3&events=99999999999999999999',
    ];
    for (const query of senseless) {
      it(`answers ?${query} with one error and goes on with what is new`, async () => {
        const { url, publishEvent } = await openOutlet({ ledger: filled() });
        const consumer = peer(`${url}?${query}`);
        await consumer.frame((frame) => frame.message_type === 'error');
        publishEvent({ fresh: true });
        await consumer.until(() => consumer.messages.length >= 1);
        expect(consumer.errors.map((error) => error.code)).to.deep.equal(['BAD_RESUME']);
        expect(numbers(consumer, 'events')).to.deep.equal([11]);
      });
    }
  });

  describe('a client that does not read', () => {
    /** A WebSocket client on a bare socket that stops reading after the handshake. */
    async function deafClient(port: number): Promise<Socket> {
      const socket = connect(port, '127.0.0.1');
      closers.push(() => socket.destroy());
      socket.on('error', () => undefined);
      socket.write(
        'GET /stream HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
          'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
      );
      await once(socket, 'data');
      socket.pause();
      return socket;
    }

    const MAX_BUFFERED = 64 * 1024;

    async function flood(
      setup: Awaited<ReturnType<typeof openOutlet>>,
      megabytes: number,
    ): Promise<number> {
      let highest = 0;
      for (let sent = 0; sent < megabytes; sent += 1) {
        for (let part = 0; part < 64; part += 1)
          setup.publishEvent({ filling: 'x'.repeat(16_000) });
        highest = Math.max(highest, setup.outlet.stats().buffered_bytes);
        await new Promise<void>((resolve) => setImmediate(resolve));
      }
      return highest;
    }

    it('costs no more than its bound, and does not slow the others', async () => {
      const setup = await openOutlet({ maxBufferedBytes: MAX_BUFFERED });
      const reader = peer(setup.url);
      await reader.status();
      await deafClient(setup.port);
      await eventually(() => setup.outlet.stats().clients === 2);
      const highest = await flood(setup, 24);
      expect(setup.outlet.stats().buffered_bytes).to.be.greaterThan(0);
      expect(highest).to.be.at.most(2 * MAX_BUFFERED);
      await reader.until(() => reader.messages.length + missing(reader) >= 24 * 64);
      expect(reader.messages.at(-1)?.sequence_number).to.equal(24 * 64);
    });

    it('is told what it lost when it reads again', async () => {
      const setup = await openOutlet({
        ledger: ledgerOf({ historyCount: 8 }),
        maxBufferedBytes: MAX_BUFFERED,
      });
      const slow = peer(setup.url);
      await slow.status();
      slow.socket.pause();
      await flood(setup, 24);
      slow.socket.resume();
      await slow.until(() => slow.messages.at(-1)?.sequence_number === 24 * 64);
      const lost = missing(slow);
      expect(lost).to.be.greaterThan(0);
      expect(slow.messages.length + lost).to.equal(24 * 64);
      expect(setup.outlet.stats().lost).to.equal(lost);
      // What came and what was told as lost make up the sequence without a hole.
      let expected = 1;
      for (const { message_type: type, payload } of slow.frames) {
        if (type === 'event') {
          expect((payload as { sequence_number: number }).sequence_number).to.equal(expected);
          expected += 1;
        } else if (type === 'error') {
          const range = payload as { first: number; last: number };
          expect(range.first).to.equal(expected);
          expected = range.last + 1;
        }
      }
    });

    it('is sent away after an interval in which it took nothing', async () => {
      const beat = new HandBeat();
      const setup = await openOutlet({ maxBufferedBytes: MAX_BUFFERED, timers: beat });
      await deafClient(setup.port);
      await eventually(() => setup.outlet.stats().clients === 1);
      await flood(setup, 24);
      for (let beats = 0; beats < 4 && setup.outlet.stats().clients > 0; beats += 1) {
        beat.beat();
        await new Promise<void>((resolve) => setImmediate(resolve));
      }
      await eventually(() => setup.outlet.stats().clients === 0);
      expect(setup.outlet.stats()).to.include({ stalled: 1, buffered_bytes: 0 });
    });

    it('is found dead when it answers no ping', async () => {
      const beat = new HandBeat();
      const setup = await openOutlet({ timers: beat });
      await deafClient(setup.port);
      await eventually(() => setup.outlet.stats().clients === 1);
      beat.beat();
      beat.beat();
      await eventually(() => setup.outlet.stats().clients === 0);
      expect(setup.outlet.stats()).to.include({ dead: 1 });
    });

    function missing(consumer: FramePeer): number {
      return consumer.errors.reduce(
        (sum, { first, last }) => sum + (last ?? 0) - (first ?? 0) + 1,
        0,
      );
    }
  });

  describe('garbage', () => {
    const frames: [string, string | Buffer][] = [
      ['text that is no JSON', '{"message_type":'],
      ['JSON that is no object', '[1,2]'],
      ['an object without a type', '{}'],
      ['an unknown type', '{"message_type":"transcript"}'],
      ['a binary frame', Buffer.from([0, 255, 3])],
    ];
    for (const [what, data] of frames) {
      it(`answers ${what} with one error frame`, async () => {
        const { url, publishEvent } = await openOutlet();
        const consumer = peer(url);
        await consumer.status();
        consumer.socket.send(data);
        await consumer.frame((frame) => frame.message_type === 'error');
        publishEvent();
        await consumer.until(() => consumer.messages.length === 1);
        expect(consumer.errors.map((error) => error.code)).to.deep.equal(['BAD_FRAME']);
      });
    }

    it('closes with 1008 after too much of it', async () => {
      const { url } = await openOutlet({ maxOffences: 3 });
      const consumer = peer(url);
      await consumer.status();
      for (let index = 0; index < 3; index += 1) consumer.socket.send('nonsense');
      expect(await consumer.closed).to.equal(1008);
      expect(consumer.errors).to.have.length(3);
    });

    it('closes with 1009 after a frame that is too large, and others notice nothing', async () => {
      const { url, publishEvent } = await openOutlet();
      const other = peer(url);
      await other.status();
      const consumer = peer(url);
      await consumer.status();
      consumer.socket.send('x'.repeat(64 * 1024 + 1));
      expect(await consumer.closed).to.equal(1009);
      publishEvent();
      await other.until(() => other.messages.length === 1);
      expect(other.errors).to.deep.equal([]);
    });

    it('survives bytes that are no HTTP and frames that are no WebSocket', async () => {
      const { port, url, publishEvent } = await openOutlet();
      const raw = connect(port, '127.0.0.1');
      raw.write('\0\x01nonsense\r\n\r\n');
      const [answer] = (await once(raw, 'data')) as [Buffer];
      expect(answer.toString()).to.match(/^HTTP\/1.1 400 /);
      raw.destroy();
      const consumer = peer(url);
      await consumer.status();
      const { _socket: socket } = consumer.socket as unknown as { _socket: Socket };
      socket.write(Buffer.from([0xff, 0xff, 0xff, 0xff]));
      expect(await consumer.closed).to.equal(1002);
      const after = peer(url);
      await after.status();
      publishEvent();
      await after.until(() => after.messages.length === 1);
      expect(after.messages[0]?.sequence_number).to.equal(1);
    });

    it('answers a heartbeat with a heartbeat', async () => {
      const { url } = await openOutlet();
      const consumer = peer(url);
      await consumer.status();
      consumer.socket.send('{"message_type":"heartbeat"}');
      const frame = await consumer.frame((found) => found.message_type === 'heartbeat');
      expect(frame.payload).to.include({ instance: 'main', epoch: 3 });
    });
  });

  describe('admission', () => {
    async function refusalOf(url: string, options: { origin?: string; host?: string } = {}) {
      const { host, ...rest } = options;
      const socket = new WebSocket(url, { ...rest, ...(host && { headers: { host } }) });
      const outcome = await new Promise<number | 'open'>((resolve) => {
        socket.on('unexpected-response', (_request, response) => {
          response.resume();
          resolve(response.statusCode ?? 0);
          socket.terminate();
        });
        socket.on('open', () => {
          resolve('open');
        });
        socket.on('error', () => undefined);
      });
      socket.terminate();
      return outcome;
    }

    it('refuses with 503 each of 200 clients beyond the limit, and keeps those it has', async () => {
      const refused: string[] = [];
      const setup = await openOutlet({
        maxClients: 4,
        onRefused: (reason) => refused.push(reason),
      });
      const admitted = [1, 2, 3, 4].map(() => peer(setup.url));
      await Promise.all(admitted.map((consumer) => consumer.status()));
      const outcomes = await Promise.all(Array.from({ length: 200 }, () => refusalOf(setup.url)));
      expect(new Set(outcomes)).to.deep.equal(new Set([503]));
      expect(refused).to.have.length(200);
      setup.publishEvent();
      for (const consumer of admitted) {
        await consumer.until(() => consumer.messages.length === 1);
        expect(consumer.messages).to.have.length(1);
      }
      admitted[0]?.socket.close();
      await eventually(() => setup.outlet.stats().clients === 3);
      expect(await refusalOf(setup.url)).to.equal('open');
    });

    it('lets in pages from loopback, from itself and from where it was told to', async () => {
      const { url, port } = await openOutlet({ allowedOrigins: ['https://desk.example'] });
      expect(await refusalOf(url, { origin: 'http://localhost:3000' })).to.equal('open');
      expect(await refusalOf(url, { origin: 'http://[::1]' })).to.equal('open');
      expect(await refusalOf(url, { origin: `http://127.0.0.1:${port}` })).to.equal('open');
      expect(await refusalOf(url, { origin: 'https://desk.example' })).to.equal('open');
    });

    it('refuses pages from elsewhere, also under a name made to point here', async () => {
      const { url, port } = await openOutlet();
      expect(await refusalOf(url, { origin: 'https://evil.example' })).to.equal(403);
      expect(await refusalOf(url, { origin: 'null' })).to.equal(403);
      expect(await refusalOf(url, { origin: 'http://127.0.0.1.evil.example' })).to.equal(403);
      const host = `evil.example:${port}`;
      expect(await refusalOf(url, { origin: `http://${host}`, host })).to.equal(403);
    });

    it('has no WebSocket at other paths', async () => {
      const { url } = await openOutlet();
      expect(await refusalOf(url.replace('/stream', '/other'))).to.equal(404);
    });
  });

  it('answers /, /health and /stats as JSON, and nothing else', async () => {
    const health = { state: 'warming', healthy: false, reasons: ['the recogniser is loading'] };
    const { port, publishEvent } = await openOutlet({
      health: () => health,
      stats: () => ({ utterances: 2 }),
    });
    publishEvent();
    const base = `http://127.0.0.1:${port}`;
    const root = await fetch(`${base}/`);
    expect(await root.json()).to.include({ service: 'rtap', instance: 'main', epoch: 3 });
    const ill = await fetch(`${base}/health`);
    expect(ill.status).to.equal(503);
    expect(await ill.json()).to.deep.equal({ status: 'unhealthy', ...health });
    Object.assign(health, HEALTH);
    expect((await fetch(`${base}/health`)).status).to.equal(200);
    expect(await (await fetch(`${base}/stats`)).json()).to.deep.include({
      positions: { events: 1, transcripts: 0 },
      utterances: 2,
    });
    expect((await fetch(`${base}/nothing`)).status).to.equal(404);
    expect((await fetch(`${base}/health`, { method: 'POST' })).status).to.equal(405);
    expect((await fetch(`${base}/stream`)).status).to.equal(426);
    const rebound = request({ port, path: '/stats', headers: { host: 'evil.example' } }).end();
    const [response] = (await once(rebound, 'response')) as [
      { statusCode: number; resume(): void },
    ];
    response.resume();
    expect(response.statusCode).to.equal(403);
  });

  it('gives clients what they lack at close, and says goodbye', async () => {
    const { outlet, url, publishFinal } = await openOutlet();
    const consumer = peer(url);
    await consumer.status();
    for (let index = 0; index < 300; index += 1) publishFinal(`words ${index}`);
    expect(await outlet.close(2_000)).to.deep.equal({ unsent: 0 });
    expect(await consumer.closed).to.equal(1001);
    expect(consumer.messages).to.have.length(300);
  });

  it('names a port in use', async () => {
    const squatter = createServer().listen(0, '127.0.0.1');
    await once(squatter, 'listening');
    closers.push(() => squatter.close());
    const { port } = squatter.address() as { port: number };
    const outlet = new WebSocketOutlet({ ledger: ledgerOf(), health: () => HEALTH, port });
    const failure = await outlet.open().catch((thrown: unknown) => thrown);
    expect(failure).to.be.instanceOf(RtapError).with.property('code', 'PORT_IN_USE');
    expect((failure as RtapError).message).to.contain(`127.0.0.1:${port}`);
  });
});
