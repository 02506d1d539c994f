import { expect } from 'chai';
import fc from 'fast-check';
import type { Message } from '../../../src/domain/messages.ts';
import { StreamTracker } from '../../../src/client/stream-tracker.ts';
import { eventBody, ledgerOf, transcriptBody } from '../io/outlets/message-bodies.ts';

function events(epoch: number, count: number): Message[] {
  const ledger = ledgerOf({ epoch });
  return Array.from({ length: count }, () => ledger.stamp('events', eventBody()));
}

function numbered(messages: readonly Message[], ...numbers: number[]): Message[] {
  return messages.filter((message) => numbers.includes(message.sequence_number));
}

describe('StreamTracker', () => {
  it('begins anywhere and finds holes', () => {
    const tracker = new StreamTracker();
    const verdicts = numbered(events(3, 10), 4, 5, 9).map((message) => tracker.accept(message));
    expect(verdicts).to.deep.equal([
      { kind: 'deliver', gap: null, abandoned: [] },
      { kind: 'deliver', gap: null, abandoned: [] },
      {
        kind: 'deliver',
        gap: { stream: 'events', epoch: 3, first: 6, last: 8 },
        abandoned: [],
      },
    ]);
    expect(tracker.position('events')).to.equal(9);
    expect(tracker.position('transcripts')).to.equal(undefined);
  });

  it('finds a hole before the first message once it has joined', () => {
    const tracker = new StreamTracker();
    expect(tracker.join(3, { events: 2, transcripts: 0 })).to.equal('joined');
    const [, , , , fifth] = events(3, 5);
    if (fifth === undefined) throw new Error('no message');
    expect(tracker.accept(fifth)).to.deep.include({
      gap: { stream: 'events', epoch: 3, first: 3, last: 4 },
    });
  });

  it('drops repeats and epochs that are over, in both streams', () => {
    const tracker = new StreamTracker();
    const [first, second] = events(3, 2);
    if (first === undefined || second === undefined) throw new Error('no message');
    const old = ledgerOf({ epoch: 2 }).stamp('transcripts', transcriptBody('old'));
    tracker.accept(second);
    expect(tracker.accept(second).kind).to.equal('duplicate');
    expect(tracker.accept(first).kind).to.equal('duplicate');
    expect(tracker.accept(old).kind).to.equal('older_epoch');
  });

  it('begins a newer epoch at its beginning, and says what it left', () => {
    const tracker = new StreamTracker();
    tracker.join(3, { events: 7, transcripts: 4 });
    const [, , third] = events(4, 3);
    if (third === undefined) throw new Error('no message');
    expect(tracker.accept(third)).to.deep.equal({
      kind: 'deliver',
      gap: { stream: 'events', epoch: 4, first: 1, last: 2 },
      abandoned: [
        { stream: 'events', epoch: 3, first: 8, last: null },
        { stream: 'transcripts', epoch: 3, first: 5, last: null },
      ],
    });
    expect(tracker.position('transcripts')).to.equal(0);
  });

  it('keeps its own position when it joins again', () => {
    const tracker = new StreamTracker();
    tracker.join(3, { events: 2, transcripts: 0 });
    expect(tracker.join(3, { events: 9, transcripts: 9 })).to.equal('continued');
    expect(tracker.position('events')).to.equal(2);
    expect(tracker.join(4, { events: 9, transcripts: 9 })).to.equal('newer');
    expect(tracker.position('events')).to.equal(0);
    expect(tracker.join(3, { events: 9, transcripts: 9 })).to.equal('older');
  });

  it('accounts for every number, whatever is dropped or repeated on the way', () => {
    const sent = events(1, 30);
    const arrivals = fc.array(fc.nat({ max: 29 }), { maxLength: 60 });
    fc.assert(
      fc.property(arrivals, (indices) => {
        const tracker = new StreamTracker();
        tracker.join(1, { events: 0, transcripts: 0 });
        const seen: number[] = [];
        for (const index of indices) {
          const message = sent[index];
          if (message === undefined) continue;
          const verdict = tracker.accept(message);
          if (verdict.kind !== 'deliver') continue;
          const { gap } = verdict;
          for (let number = gap?.first ?? 1; number <= (gap?.last ?? 0); number += 1) {
            seen.push(number);
          }
          seen.push(message.sequence_number);
        }
        const highest = Math.max(0, ...indices.map((index) => index + 1));
        expect(seen).to.deep.equal(Array.from({ length: highest }, (_, index) => index + 1));
      }),
    );
  });
});
