import { expect } from 'chai';
import { LoopObserver } from '../../../../src/io/watchdog/loop-observer.ts';
import type { Sighting } from '../../../../src/io/watchdog/loop-observer.ts';

const OPTIONS = { pollMs: 50, noticeMs: 350, limitMs: 1000 };

/** What is seen, by when, of looks at these times; the loop beats at each of `beatsMs`. */
function seen(
  looksMs: readonly number[],
  beatsMs: readonly number[],
  options = OPTIONS,
): [number, Sighting['type'], number][] {
  const observer = new LoopObserver(options, 0, 0);
  return looksMs.flatMap((nowMs) => {
    const beat = beatsMs.filter((beatMs) => beatMs <= nowMs).length;
    const sighting = observer.look(beat, nowMs);
    return sighting === null ? [] : [[nowMs, sighting.type, sighting.durationMs]];
  });
}

function every(stepMs: number, fromMs: number, toMs: number): number[] {
  return Array.from(
    { length: Math.floor((toMs - fromMs) / stepMs) + 1 },
    (_, index) => fromMs + index * stepMs,
  );
}

describe('the observer of an event loop', () => {
  const looks = every(50, 50, 3000);

  it('sees nothing in a loop that turns', () => {
    expect(seen(looks, every(100, 20, 3000))).to.deep.equal([]);
  });

  it('sees nothing in a loop that pauses for less than the notice', () => {
    expect(seen(looks, every(300, 20, 3000))).to.deep.equal([]);
  });

  it('sees a block once, within 500 ms of its beginning, and its end', () => {
    const beats = [...every(100, 20, 420), ...every(100, 1000, 3000)];
    expect(seen(looks, beats)).to.deep.equal([
      [800, 'blocked', 350],
      [1000, 'recovered', 550],
    ]);
  });

  it('sees each block of several', () => {
    const beats = [20, 620, 1220, ...every(100, 1300, 3000)];
    expect(seen(looks, beats).map(([, type]) => type)).to.deep.equal([
      'blocked',
      'recovered',
      'blocked',
      'recovered',
    ]);
  });

  it('sees a block that outlives the limit, once', () => {
    expect(seen(looks, [20])).to.deep.equal([
      [400, 'blocked', 350],
      [1050, 'expired', 1000],
    ]);
  });

  it('no limit is 0', () => {
    expect(seen(looks, [20], { ...OPTIONS, limitMs: 0 })).to.deep.equal([[400, 'blocked', 350]]);
  });

  it('a limit below the notice counts from the notice', () => {
    expect(seen(looks, [20], { ...OPTIONS, limitMs: 1 }).map(([atMs, type]) => [atMs, type]))
      .to //
      .deep.equal([
        [400, 'blocked'],
        [450, 'expired'],
      ]);
  });

  for (const asleepMs of [300, 5_000, 86_400_000]) {
    it(`takes a machine that slept for ${String(asleepMs)} ms for no blocked loop`, () => {
      const wokenMs = 500 + asleepMs;
      // Both threads stand still from 500 on, and this one looks before the other beats.
      expect(
        seen(
          [...every(50, 50, 500), ...every(50, wokenMs, wokenMs + 1000)],
          [...every(100, 20, 420), ...every(100, wokenMs + 90, wokenMs + 1000)],
        ),
      ).to.deep.equal([]);
    });
  }

  it('sees a loop that does not wake up with the machine', () => {
    const looksMs = [...every(50, 50, 500), ...every(50, 10_000, 12_000)];
    const sightings = seen(looksMs, every(100, 20, 420));
    expect(sightings.map(([, type]) => type)).to.deep.equal(['blocked', 'expired']);
    expect(sightings[0]?.[0]).to.be.within(10_000, 10_350);
  });
});
