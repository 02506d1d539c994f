import { expect } from 'chai';
import { Intake } from '../../../actors/intake.ts';
import type { HeardDevice } from '../../../actors/intake.ts';
import { AudioPath } from '../../../src/audio/audio-path.ts';
import { buildMetrics } from '../../../src/telemetry/metrics.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const SECOND = 16_000;

function setUp() {
  const clock = new VirtualClock();
  const path = new AudioPath(4 * SECOND);
  path.open();
  const timers = {
    now: () => clock.now(),
    epochSeconds: () => 1_000 + clock.now() / 1000,
    setTimeout: (callback: () => void, delayMs: number) => clock.setTimeout(callback, delayMs),
    clearTimeout: (timer: unknown) => {
      clock.clearTimeout(timer as number);
    },
  };
  const { metrics } = buildMetrics();
  const intake = new Intake({ path, clock: timers, metrics, gain: null });
  /** A device whose last sample was captured whenever it is asked. */
  const device = (startLagMs = 0): HeardDevice => ({
    get endMs() {
      return clock.now();
    },
    startLagMs,
    driftPpm: null,
    latencyMs: null,
    frameAgeMs: 0,
  });
  return { clock, path, intake, device };
}

describe('Intake', () => {
  it('makes no gap of a first opening', () => {
    const { clock, intake, device, path } = setUp();
    clock.advance(5_000);
    expect(intake.begin(device(), clock.now())).to.equal(null);
    expect(path.ring.end).to.equal(0);
  });

  it('counts the time of an outage, to the sample, in one gap', () => {
    const { clock, path, intake, device } = setUp();
    intake.begin(device(), 0);
    path.write(new Int16Array(SECOND));
    clock.advance(1_000);
    intake.interrupt('removed', null);
    clock.advance(10_250);
    expect(intake.begin(device(), clock.now())).to.deep.equal({
      firstSample: SECOND,
      lastSample: SECOND + 10.25 * SECOND - 1,
      durationMs: 10_250,
      cause: 'removed',
    });
    expect(path.ring.end).to.equal(11.25 * SECOND);
    expect(path.counters.missing).to.equal(10.25 * SECOND);
    expect(intake.outageMs).to.equal(null);
  });

  it('moves the clock on meanwhile, and never further than the device may come back at', () => {
    const { clock, path, intake, device } = setUp();
    intake.begin(device(), 0);
    intake.interrupt('stalled', null);
    clock.advance(3_100);
    expect(path.ring.end).to.equal(2.5 * SECOND);
    expect(intake.outageMs).to.equal(3_100);
    expect(intake.begin(device(), 2_700)?.durationMs).to.equal(2_700);
  });

  it('makes good for a beginning that was guessed too late, in the gap that follows', () => {
    const { clock, intake, device, path } = setUp();
    intake.begin(device(-12), 0);
    path.write(new Int16Array(SECOND));
    clock.advance(988);
    intake.interrupt('removed', null);
    clock.advance(1_000);
    expect(intake.begin(device(), clock.now())?.durationMs).to.equal(988);
  });

  it('keeps two streams apart though no time lies between them', () => {
    const { intake, device, path } = setUp();
    intake.begin(device(), 0);
    intake.interrupt('process_killed', null);
    expect(intake.begin(device(), 0)).to.include({ firstSample: 0, lastSample: 0 });
    expect(path.ring.end).to.equal(1);
  });

  it('stands still when its stage is gone, goes on with the next, and loses no time by it', () => {
    const { clock, path, intake, device } = setUp();
    intake.begin(device(), 0);
    intake.interrupt('capture_restarted', null);
    intake.stopTime();
    clock.advance(5_000);
    expect(path.ring.end).to.equal(0);
    intake.keepTime();
    clock.advance(1_000);
    expect(path.ring.end).to.equal(5.5 * SECOND);
    expect(clock.pending).to.equal(1);
    intake.stopTime();
    expect(clock.pending).to.equal(0);
  });

  it('forgets an outage when another source is opened', () => {
    const { clock, intake, device, path } = setUp();
    intake.begin(device(), 0);
    intake.interrupt('removed', null);
    intake.forget();
    clock.advance(10_000);
    expect(path.ring.end).to.equal(0);
    expect(intake.begin(device(), clock.now())).to.equal(null);
  });

  it('anchors wall time at the moment that a sample was captured', () => {
    const { clock, path, intake, device } = setUp();
    clock.advance(500);
    intake.begin(device(), 480);
    path.write(new Int16Array(SECOND));
    expect(path.secondsAt(0)).to.be.closeTo(1_000.48, 1e-9);
    clock.advance(1_000);
    intake.anchor(1_490);
    expect(path.secondsAt(SECOND)).to.be.closeTo(1_001.49, 1e-9);
  });
});
