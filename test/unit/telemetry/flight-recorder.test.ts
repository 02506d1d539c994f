import { expect } from 'chai';
import {
  NAME_BYTES,
  NAME_SLOTS,
  beatOf,
  readFlight,
  wordsOf,
} from '../../../src/domain/flight-record.ts';
import { FlightRecorder } from '../../../src/telemetry/flight-recorder.ts';

describe('the flight recorder', () => {
  let recorder: FlightRecorder;
  beforeEach(() => {
    recorder = new FlightRecorder();
  });
  const read = () => readFlight(recorder.record);

  it('shows nobody before anybody has entered', () => {
    expect(read()).to.deep.equal({ running: null, last: null, forgottenNames: 0 });
  });

  it('shows who runs and what it handles, and afterwards who ran last', () => {
    recorder.enter('capture#1', 'device.lost');
    expect(read()).to.deep.include({
      running: { actor: 'capture#1', event: 'device.lost' },
      last: null,
    });
    recorder.leave();
    expect(read()).to.deep.include({
      running: null,
      last: { actor: 'capture#1', event: 'device.lost' },
    });
  });

  it('shows the outer one again when the inner one leaves', () => {
    recorder.enter('slot', 'a');
    recorder.enter('child', 'b');
    recorder.enter('grandchild', 'c');
    recorder.leave();
    expect(read()).to.deep.include({
      running: { actor: 'child', event: 'b' },
      last: { actor: 'grandchild', event: 'c' },
    });
    recorder.leave();
    expect(read()).to.deep.include({
      running: { actor: 'slot', event: 'a' },
      last: { actor: 'child', event: 'b' },
    });
  });

  it('finds back from any depth', () => {
    for (let depth = 0; depth < 1000; depth += 1) recorder.enter(`actor-${String(depth)}`, 'e');
    expect(read().running?.actor).to.equal('actor-63');
    for (let depth = 999; depth > 0; depth -= 1) recorder.leave();
    expect(read().running?.actor).to.equal('actor-0');
    recorder.leave();
    recorder.leave();
    expect(read().running).to.equal(null);
    recorder.enter('next', 'e');
    expect(read().running?.actor).to.equal('next');
  });

  it('a beat counts up, and ends what was never left', () => {
    for (let turn = 0; turn < 100; turn += 1) {
      recorder.enter('forgetful', 'e');
      recorder.beat();
    }
    expect(beatOf(wordsOf(recorder.record))).to.equal(100);
    expect(read().running).to.equal(null);
    recorder.enter('next', 'e');
    expect(read().running?.actor).to.equal('next');
    recorder.leave();
    expect(read().running).to.equal(null);
  });

  it('cuts a long name between two characters', () => {
    const bytes = NAME_BYTES - 1;
    recorder.enter('a'.repeat(bytes), 'ä'.repeat(bytes));
    expect(read().running).to.deep.equal({
      actor: 'a'.repeat(bytes),
      event: 'ä'.repeat(Math.floor(bytes / 2)),
    });
  });

  it('forgets the names that it learnt first when it is full, counts them, and learns them again', () => {
    for (let turn = 0; turn < NAME_SLOTS; turn += 1) {
      recorder.enter(`utterance-${String(turn)}`, 'decode');
      recorder.leave();
    }
    // One slot is nobody's, one is the event's; the event is as old as the first, and was forgotten once.
    expect(read().forgottenNames).to.be.within(1, 3);
    expect(read().last).to.deep.equal({
      actor: `utterance-${String(NAME_SLOTS - 1)}`,
      event: 'decode',
    });
    recorder.enter('utterance-0', 'decode');
    expect(read().running).to.deep.equal({ actor: 'utterance-0', event: 'decode' });
  });

  it('keeps the names of those inside, however many come meanwhile', () => {
    recorder.enter('outer', 'first');
    for (let turn = 0; turn < 2.5 * NAME_SLOTS; turn += 1) {
      recorder.enter(`inner-${String(turn)}`, `event-${String(turn)}`);
      recorder.leave();
    }
    expect(read().running).to.deep.equal({ actor: 'outer', event: 'first' });
  });
});
