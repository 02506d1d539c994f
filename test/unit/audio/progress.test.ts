import { expect } from 'chai';
import sinon from 'sinon';
import { Progress } from '../../../src/audio/progress.ts';

describe('Progress', () => {
  it('calls back once the sample has been passed, and only once', () => {
    const progress = new Progress();
    const callback = sinon.spy();
    progress.when('a', 100, callback);
    progress.advance(99);
    expect(callback.called).to.equal(false);
    progress.advance(100);
    progress.advance(200);
    expect(callback.callCount).to.equal(1);
  });

  it('calls back at once for a sample that has been passed', () => {
    const progress = new Progress();
    progress.advance(50);
    const callback = sinon.spy();
    progress.when('a', 50, callback);
    expect(callback.calledOnce).to.equal(true);
  });

  it('lets a second wait with the same key replace the first, and a cancelled one never come', () => {
    const progress = new Progress();
    const [first, second, third] = [sinon.spy(), sinon.spy(), sinon.spy()];
    progress.when('a', 10, first);
    progress.when('a', 20, second);
    progress.when('b', 10, third);
    progress.cancel('b');
    progress.finish();
    expect([first.called, second.called, third.called]).to.deep.equal([false, true, false]);
  });

  it('never moves back, except for a new start', () => {
    const progress = new Progress();
    progress.advance(50);
    progress.advance(20);
    expect(progress.position).to.equal(50);
    progress.restart(20);
    expect(progress.position).to.equal(20);
  });
});
