import { expect } from 'chai';
import type { BackendName } from '../../../src/domain/capture.ts';
import {
  FIRST_TRY,
  GIVE_UP_AFTER,
  afterLoss,
  backoffMs,
  failed,
  isGivenUp,
  isNewsworthy,
  next,
} from '../../../machines/capture-retry.ts';
import type { Retry } from '../../../machines/capture-retry.ts';

const BOTH: readonly BackendName[] = ['parec', 'portaudio'];

function failing(times: number, retry: Retry = FIRST_TRY): Retry {
  return Array.from({ length: times }).reduce<Retry>(failed, retry);
}

describe('the retries of a device', () => {
  it('begin at once, back off, and have a bound', () => {
    const delays = Array.from({ length: 10 }, (_, attempts) => backoffMs(failing(attempts), true));
    expect(delays).to.deep.equal([0, 100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000, 5_000]);
  });

  it('are rare while the sound server says that there is no such device', () => {
    expect(backoffMs(failing(2), false)).to.equal(30_000);
    expect(backoffMs(failing(2), null)).to.equal(200);
  });

  it('leave a backend after three failures in a row, for the next, and after the last for the first', () => {
    expect(isGivenUp(failing(GIVE_UP_AFTER - 1), BOTH)).to.equal(false);
    expect(isGivenUp(failing(GIVE_UP_AFTER), BOTH)).to.equal(true);
    const second = next(failing(GIVE_UP_AFTER), BOTH, 5_000);
    expect(second).to.include({ backend: 1, failures: 0, attempts: 3 });
    expect(next(second, BOTH, 6_000).backend).to.equal(0);
  });

  it('leave no backend that is the only one', () => {
    expect(isGivenUp(failing(50), ['portaudio'])).to.equal(false);
  });

  it('come back to a backend that was given up a minute ago, and no sooner', () => {
    const given = next(failing(GIVE_UP_AFTER), BOTH, 5_000);
    expect(afterLoss(given, BOTH, 64_999).backend).to.equal(1);
    expect(afterLoss(given, BOTH, 65_000).backend).to.equal(0);
    const both = next(given, BOTH, 6_000);
    expect(afterLoss(both, BOTH, 7_000)).to.include({ backend: 0, failures: 0, attempts: 0 });
  });

  it('are told less and less often', () => {
    const told = (wasHeard: boolean): number[] =>
      Array.from({ length: 20 }, (_, index) => index + 1).filter((n) => isNewsworthy(n, wasHeard));
    expect(told(false)).to.deep.equal([1, 2, 4, 8, 16]);
    expect(told(true)).to.deep.equal([2, 4, 8, 16]);
  });
});
