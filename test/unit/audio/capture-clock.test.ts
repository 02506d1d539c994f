import { expect } from 'chai';
import { CaptureClock } from '../../../src/audio/capture-clock.ts';

const FRAME = 320;

/** Frames of a device whose clock is fast by `ppm`, each with a delay that `delayMs` gives. */
class Device {
  readonly clock = new CaptureClock(0);
  readonly missing: number[] = [];
  #frames = 0;
  #pausedMs = 0;

  readonly ppm: number;
  readonly delayMs: (frame: number) => number;

  constructor(ppm: number, delayMs: (frame: number) => number = () => 0) {
    this.ppm = ppm;
    this.delayMs = delayMs;
  }

  get nowMs(): number {
    return this.#pausedMs + (this.#frames * 20) / (1 + this.ppm / 1e6);
  }

  run(seconds: number): void {
    for (let frame = 0; frame < seconds * 50; frame += 1) {
      this.#frames += 1;
      const missing = this.clock.note(FRAME, this.nowMs + this.delayMs(this.#frames));
      if (missing > 0) this.missing.push(missing);
    }
  }

  /** Time passes, and what was captured in it is lost. */
  lose(ms: number): void {
    this.#pausedMs += ms;
  }
}

/** Up to 8 ms, without a pattern that a window could favour. */
const jitter = (frame: number): number => ((frame * 7_919) % 97) / 12;

describe('CaptureClock', () => {
  for (const ppm of [-300, -20, 0, 50, 300]) {
    it(`finds a device that is fast by ${String(ppm)} parts per million, through the jitter of its frames`, () => {
      const device = new Device(ppm, jitter);
      device.run(120);
      expect(device.clock.driftPpm).to.be.closeTo(ppm, 5);
      expect(device.missing).to.deep.equal([]);
    });
  }

  it('says nothing of the drift before it is known', () => {
    const device = new Device(100);
    device.run(10);
    expect(device.clock.driftPpm).to.equal(null);
  });

  it('knows when the last sample was captured, whatever the last frame waited for', () => {
    const device = new Device(0, (frame) => (frame % 50 === 0 ? 40 : 3));
    device.run(10);
    expect(device.clock.endMs).to.be.closeTo(10_003, 1);
  });

  it('knows how wrong its beginning was, and does not forget it', () => {
    const device = new Device(-300, (frame) => (frame < 5 ? 0 : -15));
    device.run(60);
    expect(device.clock.startLagMs).to.be.closeTo(-15, 1);
  });

  it('finds samples that were lost without a word, once, and keeps their place', () => {
    const device = new Device(0, jitter);
    device.run(10);
    device.lose(250);
    device.run(10);
    expect(device.missing).to.have.length(1);
    expect(device.missing[0]).to.be.closeTo(4_000, 32);
    expect(device.clock.endMs).to.be.closeTo(device.nowMs, 9);
  });

  it('takes no pause of this process for a loss: what waited comes at once', () => {
    const device = new Device(0, (frame) => (frame > 500 && frame <= 600 ? (600 - frame) * 20 : 0));
    device.run(30);
    expect(device.missing).to.deep.equal([]);
  });

  it('takes no drift for a loss, over hours', () => {
    const device = new Device(-200, jitter);
    device.run(4 * 3_600);
    expect(device.missing).to.deep.equal([]);
    expect(device.clock.driftPpm).to.be.closeTo(-200, 2);
  });

  it('keeps the place of samples that are known to be missing', () => {
    const device = new Device(0);
    device.run(5);
    device.lose(500);
    device.clock.skip(8_000);
    device.run(5);
    expect(device.missing).to.deep.equal([]);
    expect(device.clock.endMs).to.be.closeTo(10_500, 1);
  });

  it('begins anew where the first frames were late', () => {
    const device = new Device(0, (frame) => (frame < 200 ? 300 : 0));
    device.run(20);
    expect(device.missing).to.deep.equal([]);
    expect(device.clock.endMs).to.be.closeTo(20_000, 1);
  });
});
