import { expect } from 'chai';
import sinon from 'sinon';
import { AudioPath } from '../../../src/audio/audio-path.ts';

describe('AudioPath', () => {
  it('counts as refused what comes while it is closed, and the clock runs on', () => {
    const path = new AudioPath(100);
    path.write(new Int16Array(20));
    path.open();
    path.write(new Int16Array(30));
    path.close();
    path.write(new Int16Array(5));
    expect(path.counters).to.deep.equal({ captured: 55, refused: 25, missing: 0 });
    expect(path.ring.end).to.equal(55);
  });

  it('moves the clock over a gap without counting samples that never came', () => {
    const path = new AudioPath(100);
    path.open();
    path.write(new Int16Array(10));
    path.skip(7);
    expect(path.ring.end).to.equal(17);
    expect(path.counters).to.deep.equal({ captured: 10, refused: 0, missing: 7 });
  });

  it('tells each listener of each write until it leaves', () => {
    const path = new AudioPath(100);
    path.open();
    const [first, second] = [sinon.spy(), sinon.spy()];
    const leave = path.onWrite(first);
    path.onWrite(second);
    path.write(new Int16Array(1));
    leave();
    path.write(new Int16Array(1));
    expect(first.callCount).to.equal(1);
    expect(second.callCount).to.equal(2);
  });

  it('keeps what a reader lost until somebody takes it, and says that there is something', () => {
    const path = new AudioPath(100);
    path.open();
    path.ring.reader('slow');
    path.write(new Int16Array(130));
    const heard = sinon.spy();
    const leave = path.onLoss(heard);
    path.write(new Int16Array(10));
    leave();
    path.skip(50);
    sinon.assert.calledOnceWithExactly(heard, 'slow');
    expect(path.losses.readers).to.deep.equal(['slow']);
    expect(path.losses.take('slow')).to.deep.equal({
      reader: 'slow',
      firstSample: 0,
      lastSample: 89,
      samples: 90,
    });
    expect([path.losses.take('slow'), path.losses.readers]).to.deep.equal([null, []]);
  });

  it('tells when a sample was captured, from the anchor on', () => {
    const path = new AudioPath(100);
    path.open();
    path.write(new Int16Array(16));
    path.anchor(1_000);
    expect(path.secondsAt(16)).to.equal(1_000);
    expect(path.secondsAt(16 + 8_000)).to.equal(1_000.5);
  });

  it('gives room at once while nobody is behind, and later once the last has caught up', async () => {
    const path = new AudioPath(100);
    let isBehind = true;
    expect(path.room()).to.equal(undefined);
    const remove = path.addPressure(() => isBehind);
    const granted = sinon.spy();
    const waiting = path.room()?.then(granted);
    path.relieve();
    await Promise.resolve();
    expect(granted.called).to.equal(false);
    isBehind = false;
    path.relieve();
    await waiting;
    expect(granted.calledOnce).to.equal(true);
    isBehind = true;
    const second = path.room();
    remove();
    await second;
    expect(path.room()).to.equal(undefined);
  });
});
