import { expect } from 'chai';
import { createActor, fromCallback, setup } from 'xstate';
import type { AnyActorRef } from 'xstate';
import type { Parts } from '../../../actors/parts.ts';
import { audioOutletStage } from '../../../actors/stages/audio-outlet.ts';
import { AudioPath } from '../../../src/audio/audio-path.ts';
import type { PublishEvent } from '../../../src/domain/events.ts';
import { AudioLedger } from '../../../src/io/outlets/audio-ledger.ts';
import { systemClock } from '../../../src/io/system-clock.ts';
import { createLogger } from '../../../src/telemetry/logger.ts';
import { buildMetrics } from '../../../src/telemetry/metrics.ts';
import { AudioSubscriber } from '../../support/audio-subscriber.ts';

const CAPACITY = 16_000;

/** The stage with a ring of a second, a subscriber, and nothing else of the daemon. */
async function stage() {
  const path = new AudioPath(CAPACITY);
  path.open();
  const { metrics, render } = buildMetrics();
  const audioLedger = new AudioLedger({ instance: 'i', epoch: 1, sessionId: 's', now: () => 1 });
  const parts = {
    audioLedger,
    clock: systemClock,
    condition: { addresses: {}, source: { kind: 'file' } },
    config: {
      output: { host: '127.0.0.1', zmq_pub_port_audio: 0 },
      preprocess: { denoise: false },
    },
    log: createLogger({ level: 'silent' }),
    metrics,
    path,
    samplers: new Set(),
    report: () => undefined,
  } as unknown as Parts;
  const events: PublishEvent[] = [];
  let onEvent: () => void = () => undefined;
  const published = new Promise<void>((resolve) => (onEvent = resolve));
  const publisher = fromCallback<PublishEvent>(({ receive }) => {
    receive((event) => {
      events.push(event);
      onEvent();
    });
  });
  const root = createActor(
    setup({ actors: { publisher, stage: audioOutletStage(parts) } }).createMachine({
      invoke: [
        { src: 'publisher', id: 'publisher', systemId: 'publisher' },
        { src: 'stage', id: 'stage' },
      ],
    }),
  );
  const isUp = new Promise<void>((resolve) => {
    root.subscribe(({ children }) => {
      const actor = (children as Record<string, AnyActorRef>)['stage'];
      actor?.subscribe((snapshot: { value: unknown }) => {
        if (snapshot.value === 'publishing') resolve();
      });
    });
  });
  root.start();
  await isUp;
  const actor = (root.getSnapshot().children as Record<string, AnyActorRef>)['stage'];
  if (actor === undefined) throw new Error('the stage did not start');
  const subscriber = new AudioSubscriber(parts.condition.addresses['audio']?.['audio'] ?? '');
  let probes = 0;
  while (subscriber.frames.length === 0) {
    path.write(new Int16Array(640));
    probes += 1;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await subscriber.until(() => subscriber.frames.at(-1)?.header.sequence_number === probes);
  const first = subscriber.frames.length;
  return {
    path,
    events,
    published,
    render,
    subscriber,
    /** What came after the probes. */
    headers: () => subscriber.frames.slice(first).map(({ header }) => header),
    stop: async () => {
      const ended = new Promise<void>((resolve) => actor.subscribe({ complete: resolve }));
      actor.send({ type: 'sup.shutdown', withinMs: 500 });
      await ended;
    },
  };
}

type Running = Awaited<ReturnType<typeof stage>>;

describe('audioOutletStage', () => {
  let running: Running;
  beforeEach(async () => {
    running = await stage();
  });
  afterEach(() => {
    running.subscriber.close();
  });

  it('cuts a frame short at a gap, and says how long the gap is', async () => {
    const { path, subscriber, headers } = running;
    const base = path.ring.end;
    path.write(new Int16Array(1_000));
    path.skip(5_000);
    path.write(new Int16Array(640));
    await subscriber.until(() => headers().length === 3);
    expect(
      headers().map(({ first_sample, samples, gap_before }) => [
        first_sample - base,
        samples,
        gap_before,
      ]),
    ).to.deep.equal([
      [0, 640, 0],
      [640, 360, 0],
      [6_000, 640, 5_000],
    ]);
    await running.stop();
  });

  it('publishes a rest that nothing follows', async () => {
    const { path, subscriber, headers } = running;
    path.write(new Int16Array(100));
    await subscriber.until(() => headers().length === 1);
    expect(headers()[0]).to.include({ samples: 100, gap_before: 0 });
    await running.stop();
  });

  it('holds nobody up: far behind, it gives up what it has not read, counts it and tells', async () => {
    const { path, subscriber, headers, events } = running;
    const base = path.ring.end;
    for (let frame = 0; frame < 45; frame++) path.write(new Int16Array(320));
    expect(path.room()).to.equal(undefined);
    await new Promise(setImmediate);
    path.write(new Int16Array(640));
    await subscriber.until(() => headers().length === 1);
    expect(headers()[0]).to.include({ first_sample: base + 14_400, gap_before: 14_400 });
    await running.published;
    expect(events.map((event) => event.body)).to.deep.equal([
      {
        event_type: 'buffer_overflow',
        level: 'warning',
        metadata: {
          buffer: 'audio-outlet',
          first_sample: base,
          last_sample: base + 14_399,
          dropped_samples: 14_400,
        },
      },
    ]);
    expect(await running.render()).to.include(
      'rtap_samples_dropped_total{buffer="audio-outlet"} 14400',
    );
    await running.stop();
  });

  it('publishes in a shutdown all that the ring still holds', async () => {
    const { path, subscriber, headers } = running;
    for (let frame = 0; frame < 30; frame++) path.write(new Int16Array(320));
    path.write(new Int16Array(7));
    await running.stop();
    await subscriber.until(() => headers().length === 16);
    expect(headers().at(-1)).to.include({ samples: 7, gap_before: 0 });
  });
});
