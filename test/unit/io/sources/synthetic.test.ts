import { PassThrough } from 'node:stream';
import { expect } from 'chai';
import { measureLevel } from '../../../../src/audio/level.ts';
import { createSource } from '../../../../src/io/sources/create-source.ts';
import { ListeningSink } from './listening-sink.ts';
import { ManualClock, settle } from './manual-clock.ts';

describe('silence and tone', () => {
  let clock: ManualClock;
  let sink: ListeningSink;

  beforeEach(() => {
    clock = new ManualClock();
    sink = new ListeningSink();
  });

  function create(spec: { kind: 'silence' } | { kind: 'tone'; frequencyHz: number }) {
    return createSource(spec, { clock, stdin: new PassThrough() });
  }

  it('say what they are', async () => {
    expect(await create({ kind: 'silence' }).open()).to.include({
      kind: 'silence',
      realTime: true,
    });
    expect(await create({ kind: 'tone', frequencyHz: 440 }).open()).to.deep.equal({
      kind: 'tone',
      name: '440 Hz tone',
      sampleRateHz: 16_000,
      channels: 1,
      format: 'synthetic',
      durationMs: null,
      realTime: true,
    });
  });

  it('keep to the clock, frame by frame, without drift', async () => {
    const source = create({ kind: 'silence' });
    await source.open();
    source.start(sink);
    await clock.advance(19);
    expect(sink.frames.length).to.equal(0);
    await clock.advance(1);
    expect(sink.frames.length).to.equal(1);
    for (let step = 0; step < 60; step++) await clock.advance(33);
    expect(sink.frames.length).to.equal(100);
    expect(sink.frames.every((frame) => frame.length === 320)).to.equal(true);
    expect(sink.roomAsked).to.equal(0);
    await source.stop();
  });

  it('catch up after the process was blocked, at most 200 ms at once', async () => {
    const source = create({ kind: 'silence' });
    await source.open();
    source.start(sink);
    await clock.advance(20);
    clock.block(1_000);
    const bursts: number[] = [];
    for (let heard = 1; heard < 51; heard = sink.frames.length) {
      await clock.turn();
      bursts.push(sink.frames.length - heard);
    }
    expect(bursts.every((burst) => burst <= 10)).to.equal(true);
    expect(sink.frames.length).to.equal(51);
    expect(sink.roomAsked).to.be.at.least(4);
    await clock.advance(100);
    expect(sink.frames.length).to.equal(56);
    await source.stop();
  });

  it('wait for room when they are late by more than a burst', async () => {
    const source = create({ kind: 'silence' });
    await source.open();
    source.start(sink);
    clock.block(1_000);
    let give: () => void = () => undefined;
    sink.nextRoom = () =>
      new Promise((resolve) => {
        give = resolve;
      });
    await clock.turn();
    await clock.turn();
    expect(sink.frames.length).to.equal(10);
    give();
    await settle();
    expect(sink.frames.length).to.equal(20);
    await source.stop();
  });

  it('make a sine of the frequency that was asked for, at -12 dBFS', async () => {
    const source = create({ kind: 'tone', frequencyHz: 1_000 });
    await source.open();
    source.start(sink);
    await clock.advance(1_000);
    await source.stop();
    const { samples } = sink;
    expect(measureLevel(samples).peakDbfs).to.be.closeTo(-12.04, 0.05);
    const rising = samples.filter((sample, i) => sample >= 0 && (samples[i - 1] ?? 0) < 0);
    expect(rising.length).to.be.closeTo(1_000, 2);
  });

  it('stop at once, twice if asked, and leave no timer', async () => {
    const source = create({ kind: 'silence' });
    await source.open();
    source.start(sink);
    await clock.advance(100);
    const stopping = source.stop();
    expect(source.stop()).to.equal(stopping);
    await stopping;
    await clock.advance(1_000);
    expect(sink.log).to.deep.equal(Array.from({ length: 5 }, () => 'frame'));
    expect(clock.pending).to.equal(0);
  });

  it('can be stopped before they are open, and then do not open', async () => {
    const source = create({ kind: 'silence' });
    await source.stop();
    const refusal: unknown = await source.open().catch((thrown: unknown) => thrown);
    expect(refusal).to.have.property('code', 'SOURCE_FAILED');
    source.start(sink);
    await clock.advance(100);
    expect(sink.log).to.deep.equal([]);
  });
});
