import { expect } from 'chai';
import fc from 'fast-check';
import { RtapError } from '../../../../src/domain/errors.ts';
import { encodeMessage } from '../../../../src/io/outlets/message-encoding.ts';
import { eventBody, ledgerOf, transcriptBody } from './message-bodies.ts';

describe('StreamLedger', () => {
  it('numbers each stream from 1 without a hole, whatever the order', () => {
    const order = fc.array(fc.boolean(), { maxLength: 200 });
    fc.assert(
      fc.property(order, (isEvent) => {
        const ledger = ledgerOf();
        const stamped = isEvent.map((event) =>
          event
            ? ledger.stamp('events', eventBody())
            : ledger.stamp('transcripts', transcriptBody('hello')),
        );
        for (const stream of ['events', 'transcripts'] as const) {
          const numbers = stamped
            .filter((message) => message.stream === stream)
            .map((message) => message.sequence_number);
          expect(numbers).to.deep.equal(numbers.map((_, index) => index + 1));
          expect(ledger.positions()[stream]).to.equal(numbers.length);
        }
      }),
    );
  });

  it('fills in the envelope and leaves the body as it was', () => {
    const ledger = ledgerOf({ now: () => 1_780_000_000.5 });
    const body = eventBody({ score: 0.9 });
    expect(ledger.stamp('events', body)).to.deep.equal({
      event_type: 'wake_word_detected',
      level: 'info',
      metadata: { score: 0.9 },
      source: 'rtap',
      schema_version: 1,
      instance: 'main',
      epoch: 3,
      stream: 'events',
      sequence_number: 1,
      session_id: 'session-1',
      timestamp: 1_780_000_000.5,
    });
    expect(body).to.deep.equal(eventBody({ score: 0.9 }));
  });

  it('gives back what came after a position, and says when it cannot', () => {
    const ledger = ledgerOf({ historyCount: 3 });
    for (let index = 0; index < 5; index += 1) ledger.stamp('events', eventBody({ index }));
    const numbersSince = (sequence: number) => {
      const found = ledger.since('events', sequence);
      return typeof found === 'string' ? found : found.map((message) => message.sequence_number);
    };
    expect(numbersSince(5)).to.deep.equal([]);
    expect(numbersSince(3)).to.deep.equal([4, 5]);
    expect(numbersSince(2)).to.deep.equal([3, 4, 5]);
    expect(numbersSince(1)).to.equal('too_old');
    expect(numbersSince(6)).to.equal('too_new');
    expect(ledger.oldest('events')).to.equal(3);
    expect(ledger.since('transcripts', 0)).to.deep.equal([]);
  });

  it('holds no more bytes than it may, but always the newest message', () => {
    const ledger = ledgerOf({ historyBytes: 2_000 });
    for (let index = 0; index < 50; index += 1) {
      ledger.stamp('events', eventBody({ filling: 'x'.repeat(500) }));
    }
    const held = ledger.since('events', ledger.oldest('events') - 1);
    if (typeof held === 'string') throw new Error(held);
    const bytes = held.reduce((sum, message) => sum + encodeMessage(message).length, 0);
    expect(bytes).to.be.within(1, 2_000);
    const big = ledger.stamp('events', eventBody({ filling: 'x'.repeat(5_000) }));
    expect(ledger.since('events', big.sequence_number - 1)).to.deep.equal([big]);
    expect(ledger.oldest('events')).to.equal(big.sequence_number);
  });

  it('spends no number on what JSON cannot hold', () => {
    const ledger = ledgerOf();
    const cycle: Record<string, unknown> = {};
    cycle['self'] = cycle;
    expect(() => ledger.stamp('events', eventBody(cycle)))
      .to.throw(RtapError)
      .with.property('code', 'PROTOCOL');
    expect(ledger.stamp('events', eventBody()).sequence_number).to.equal(1);
  });
});
