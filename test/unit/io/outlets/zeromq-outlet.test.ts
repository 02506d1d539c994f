import { createServer } from 'node:net';
import { once } from 'node:events';
import { expect } from 'chai';
import { Subscriber } from 'zeromq';
import { RtapError } from '../../../../src/domain/errors.ts';
import { topicOf, type Message } from '../../../../src/domain/messages.ts';
import {
  ZeroMqOutlet,
  type DropReport,
  type ZeroMqOutletOptions,
} from '../../../../src/io/outlets/zeromq-outlet.ts';
import { eventBody, ledgerOf, transcriptBody } from './message-bodies.ts';

const EPHEMERAL = { eventsPort: 0, transcriptsPort: 0 };

describe('ZeroMqOutlet', () => {
  const closers: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
  });

  async function openOutlet(options: ZeroMqOutletOptions = {}) {
    const outlet = new ZeroMqOutlet({ ...EPHEMERAL, ...options });
    const endpoints = await outlet.open();
    closers.push(() => outlet.close(500));
    return { outlet, endpoints };
  }

  /** A subscriber whose subscription has reached the publisher. */
  async function subscribe(endpoint: string, probe: () => void): Promise<Subscriber> {
    const socket = new Subscriber({ linger: 0, receiveTimeout: 20, receiveHighWaterMark: 0 });
    closers.push(() => {
      socket.close();
    });
    socket.subscribe('');
    socket.connect(endpoint);
    for (;;) {
      probe();
      try {
        await socket.receive();
        break;
      } catch (thrown) {
        if ((thrown as { code?: string }).code !== 'EAGAIN') throw thrown;
      }
    }
    socket.receiveTimeout = 5_000;
    return socket;
  }

  it('publishes [topic, JSON] of each stream on its own socket, in order', async () => {
    const { outlet, endpoints } = await openOutlet();
    const ledger = ledgerOf();
    const events = await subscribe(endpoints.events, () => {
      outlet.publish(ledger.stamp('events', eventBody({ probe: true })));
    });
    const transcripts = await subscribe(endpoints.transcripts, () => {
      outlet.publish(ledger.stamp('transcripts', transcriptBody('probe', 'partial')));
    });
    const sent: Message[] = [];
    for (let index = 0; index < 200; index += 1) {
      sent.push(ledger.stamp('events', eventBody({ index })));
      sent.push(ledger.stamp('transcripts', transcriptBody(`words ${index}`)));
    }
    for (const message of sent) outlet.publish(message);
    for (const message of sent) {
      const socket = message.stream === 'events' ? events : transcripts;
      let topic = '';
      let received: Message | null = null;
      // Probes that were still under way come first.
      while (received === null || received.sequence_number < message.sequence_number) {
        const parts = await socket.receive();
        expect(parts).to.have.length(2);
        topic = String(parts[0]);
        received = JSON.parse(String(parts[1])) as Message;
      }
      expect(topic).to.equal(topicOf(message));
      expect(received).to.deep.equal(message);
    }
    expect(sent.slice(0, 2).map(topicOf)).to.deep.equal([
      'event.wake_word_detected',
      'transcript.en',
    ]);
  });

  it('gives up the oldest when its queue is full, and says which', async () => {
    const reports: DropReport[] = [];
    const { outlet, endpoints } = await openOutlet({
      maxQueuedMessages: 4,
      onDrop: (report) => reports.push(report),
    });
    const ledger = ledgerOf();
    const socket = await subscribe(endpoints.events, () => {
      outlet.publish(ledger.stamp('events', eventBody()));
    });
    const before = ledger.positions().events;
    for (let index = 0; index < 10; index += 1) {
      outlet.publish(ledger.stamp('events', eventBody({ index })));
    }
    expect(outlet.queued().events).to.equal(4);
    expect(reports.map((report) => report.first - before)).to.deep.equal([1, 2, 3, 4, 5, 6]);
    expect(reports[0]).to.include({ stream: 'events', reason: 'queue_full', count: 1 });
    const numbers: number[] = [];
    while (numbers.length < 4) {
      const [, json] = await socket.receive();
      const { sequence_number: number } = JSON.parse(String(json)) as Message;
      if (number > before) numbers.push(number - before);
    }
    expect(numbers).to.deep.equal([7, 8, 9, 10]);
  });

  it('flushes at close what was published just before', async () => {
    const { outlet, endpoints } = await openOutlet();
    const ledger = ledgerOf();
    const socket = await subscribe(endpoints.transcripts, () => {
      outlet.publish(ledger.stamp('transcripts', transcriptBody('probe', 'partial')));
    });
    for (let index = 0; index < 500; index += 1) {
      outlet.publish(ledger.stamp('transcripts', transcriptBody(`words ${index}`)));
    }
    const last = ledger.positions().transcripts;
    expect(await outlet.close(2_000)).to.deep.equal({ unsent: 0 });
    let number = 0;
    while (number < last) {
      const [, json] = await socket.receive();
      number = (JSON.parse(String(json)) as Message).sequence_number;
    }
    expect(number).to.equal(last);
  });

  it('counts what it is given while it is closed', async () => {
    const reports: DropReport[] = [];
    const { outlet } = await openOutlet({ onDrop: (report) => reports.push(report) });
    const ledger = ledgerOf();
    outlet.publish(ledger.stamp('events', eventBody()));
    expect(await outlet.close(0)).to.deep.equal({ unsent: 1 });
    outlet.publish(ledger.stamp('events', eventBody()));
    expect(reports).to.deep.equal([
      { stream: 'events', reason: 'closed', count: 1, first: 1, last: 1 },
      { stream: 'events', reason: 'closed', count: 1, first: 2, last: 2 },
    ]);
  });

  it('opens again on the same ports, with subscribers still there', async () => {
    const { outlet, endpoints } = await openOutlet();
    const ledger = ledgerOf();
    const socket = await subscribe(endpoints.events, () => {
      outlet.publish(ledger.stamp('events', eventBody()));
    });
    await outlet.close(500);
    const again = await openOutlet({
      eventsPort: Number(new URL(endpoints.events).port),
      transcriptsPort: Number(new URL(endpoints.transcripts).port),
    });
    expect(again.endpoints).to.deep.equal(endpoints);
    socket.receiveTimeout = 20;
    const before = ledger.positions().events;
    let number = 0;
    while (number <= before) {
      again.outlet.publish(ledger.stamp('events', eventBody()));
      const parts = await socket.receive().catch(() => null);
      if (parts !== null) number = (JSON.parse(String(parts[1])) as Message).sequence_number;
    }
    expect(number).to.be.greaterThan(before);
  });

  it('names a port in use, and leaves the other one free', async () => {
    const squatter = createServer().listen(0, '127.0.0.1');
    await once(squatter, 'listening');
    closers.push(() => squatter.close());
    const { port } = squatter.address() as { port: number };
    const outlet = new ZeroMqOutlet({ eventsPort: 0, transcriptsPort: port });
    const failure = await outlet.open().then(
      () => null,
      (thrown: unknown) => thrown,
    );
    expect(failure).to.be.instanceOf(RtapError);
    expect(failure).to.include({ code: 'PORT_IN_USE' });
    expect((failure as RtapError).message).to.contain(`ZeroMQ transcripts`);
    expect((failure as RtapError).message).to.contain(`127.0.0.1:${port}`);
  });

  it('names an address that this machine does not have', async () => {
    const outlet = new ZeroMqOutlet({ ...EPHEMERAL, host: '203.0.113.7' });
    const failure = await outlet.open().catch((thrown: unknown) => thrown);
    expect(failure).to.include({ code: 'PORT_DENIED' });
    expect((failure as RtapError).message).to.contain('203.0.113.7:0');
  });
});
