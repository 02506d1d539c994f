import { expect } from 'chai';
import { createActor, fromCallback, setup } from 'xstate';
import type { AnyActorRef, EventObject } from 'xstate';
import { createCaptureMachine } from '../../../machines/capture.ts';
import type {
  CaptureCommand,
  CaptureFact,
  CaptureOptions,
} from '../../../machines/capture-events.ts';
import type { DeviceLoss } from '../../../src/domain/capture.ts';
import type { OpenedSource, PublishEvent } from '../../../src/domain/events.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const MIC: OpenedSource = {
  kind: 'device',
  name: 'mic',
  sampleRateHz: 16_000,
  channels: 1,
  format: 's16',
  durationMs: null,
  realTime: true,
  backend: 'parec',
};
const STAND_IN: OpenedSource = { ...MIC, name: 'spare', isSubstitute: true };
const LOSS: DeviceLoss = {
  device: 'mic',
  backend: 'parec',
  cause: 'removed',
  message: 'The device "mic" is lost: it was removed',
  movedTo: null,
  frameAgeMs: 20,
  complaint: '',
};
const GAP = { firstSample: 1_000, lastSample: 8_999, durationMs: 500, cause: 'removed' } as const;

const ready = (source = MIC, gap: typeof GAP | null = null): CaptureFact => {
  return { type: 'source.ready', source, baseSample: 9_000, gap };
};
const lost = (type: 'device.stalled' | 'device.lost' | 'device.moved', atMs = 0): CaptureFact => {
  return { type, loss: LOSS, endSample: 1_000, atMs };
};
const refused = (atMs = 0): CaptureFact => ({
  type: 'device.refused',
  error: { code: 'DEVICE_NOT_FOUND', message: 'There is none', details: {} },
  atMs,
});
const listed = (isListed: boolean | null): CaptureFact => ({ type: 'device.listed', isListed });
const CLOSED: CaptureFact = { type: 'source.closed', endSample: 1_000 };

/** The machine, asked for a microphone, among actors that note what they are told. */
function capture(options: Partial<CaptureOptions> = {}) {
  const clock = new VirtualClock();
  const commands: CaptureCommand[] = [];
  const told: { to: string; event: EventObject }[] = [];
  const stage = createCaptureMachine({
    backends: ['parec', 'portaudio'],
    hasSubstitute: false,
    ...options,
  }).provide({
    actors: {
      runtime: fromCallback<CaptureCommand>(({ receive }) => {
        receive((command) => void commands.push(command));
      }),
    },
  });
  const noting = fromCallback(({ receive, self }) => {
    receive((event) => void told.push({ to: self.id, event }));
  });
  const others = ['publisher', 'readiness', 'voice-activity', 'wakeword', 'transcription'];
  const root = createActor(
    setup({ actors: { stage, noting } }).createMachine({
      invoke: [
        ...others.map((id) => ({ src: 'noting' as const, id, systemId: id })),
        { src: 'stage' as const, id: 'stage' },
      ],
    }),
    { clock },
  ).start();
  const actor = (root.getSnapshot().children as Record<string, AnyActorRef>)['stage'];
  if (actor === undefined) throw new Error('the stage did not start');
  const send = (...facts: (CaptureFact | { type: 'pipeline.ready' })[]): void => {
    for (const fact of facts) actor.send(fact);
  };
  send({ type: 'source.requested', request: { kind: 'device', name: 'mic' } as never });
  send({ type: 'pipeline.ready' });
  return {
    clock,
    commands,
    send,
    value: () => (actor.getSnapshot() as { value: unknown }).value,
    /** What was published since the last call, by its type. */
    published: () =>
      told
        .splice(0)
        .filter(({ to }) => to === 'publisher')
        .map(({ event }) => event as PublishEvent)
        .map((event) => (event.type === 'publish.event' ? event.body.event_type : event.type)),
    toldTo: (id: string) => told.filter(({ to }) => to === id).map(({ event }) => event),
    openings: () => commands.filter((command) => command.type === 'source.open'),
  };
}

const HEARING = { hearing: 'wanted', signal: 'audible' };

describe('createCaptureMachine', () => {
  for (const [fact, state] of [
    ['device.stalled', 'stalled'],
    ['device.lost', 'lost'],
    ['device.moved', 'moved'],
  ] as const) {
    it(`names a loss (${fact}), ends the speech that it cuts, and opens the device anew once it is closed`, () => {
      const { send, value, published, toldTo, openings, clock, commands } = capture();
      send(ready());
      published();
      send(lost(fact));
      expect(value()).to.equal(state);
      for (const id of ['voice-activity', 'wakeword', 'transcription']) {
        expect(toldTo(id)).to.deep.equal([{ type: 'source.interrupted', endSample: 1_000 }]);
      }
      expect(published()).to.deep.equal(['device_lost']);
      expect(commands.at(-1)).to.deep.equal({ type: 'source.close' });
      send(CLOSED);
      expect(value()).to.equal('reopening');
      clock.advance(0);
      expect(value()).to.equal('opening');
      expect(openings()).to.have.length(2);
      send(ready(MIC, GAP));
      expect(value()).to.deep.equal({ running: HEARING });
      expect(toldTo('voice-activity').at(-1)).to.deep.equal({
        type: 'source.resumed',
        source: MIC,
        baseSample: 9_000,
      });
      expect(published()).to.deep.equal(['audio_gap', 'source_opened']);
    });
  }

  it('goes on when the process of a device does not end', () => {
    const { send, value, clock } = capture();
    send(ready(), lost('device.lost'));
    clock.advance(1_499);
    expect(value()).to.equal('lost');
    clock.advance(1);
    expect(value()).to.equal('opening');
  });

  it('waits for a device that the sound server does not have, and opens it when it comes', () => {
    const { send, value, openings, clock } = capture();
    send(ready(), listed(false), lost('device.lost'), CLOSED);
    clock.advance(0);
    send(refused());
    clock.advance(100);
    send(refused());
    clock.advance(29_000);
    expect(value()).to.equal('reopening');
    expect(openings()).to.have.length(3);
    send(listed(true));
    expect(value()).to.equal('opening');
    expect(openings().at(-1)).to.include({ backend: 'parec' });
  });

  it('opens at once again when the device came while it was refused', () => {
    const { send, value, clock } = capture();
    send(refused());
    clock.advance(100);
    send(listed(true), refused());
    clock.advance(0);
    expect(value()).to.equal('opening');
  });

  it('leaves a backend that fails three times, tells so, and comes back to it when the device is announced', () => {
    const { send, published, openings, clock } = capture();
    for (let time = 0; time < 3; time += 1) {
      send(refused());
      clock.advance(5_000);
    }
    expect(published().filter((type) => type === 'backend_given_up')).to.have.length(1);
    expect(openings().map((command) => 'backend' in command && command.backend)).to.deep.equal([
      'parec',
      'parec',
      'parec',
      'portaudio',
    ]);
    send(listed(true));
    expect(openings().at(-1)).to.include({ backend: 'parec' });
  });

  it('tells of failures less and less often', () => {
    const { send, published, clock } = capture({ backends: ['parec'] });
    for (let time = 0; time < 32; time += 1) {
      send(refused());
      clock.advance(5_000);
    }
    expect(published().filter((type) => type === 'device_unavailable')).to.have.length(6);
  });

  it('lets another device stand in only where that is allowed, and only after a failure', () => {
    const allowed = (hasSubstitute: boolean): unknown[] => {
      const { send, openings, clock } = capture({ hasSubstitute });
      send(refused());
      clock.advance(5_000);
      return openings().map(
        (command) => 'isSubstituteAllowed' in command && command.isSubstituteAllowed,
      );
    };
    expect(allowed(true)).to.deep.equal([false, true]);
    expect(allowed(false)).to.deep.equal([false, false]);
  });

  it('takes the device back that was asked for, as soon as it is there', () => {
    const { send, value, published, toldTo } = capture({ hasSubstitute: true });
    send(listed(false), ready(STAND_IN));
    expect(value()).to.deep.equal({
      running: { hearing: { degraded: 'looking' }, signal: 'audible' },
    });
    expect(toldTo('readiness').at(-1))
      .to.have.property('trouble')
      .that.includes('"spare" stands in');
    expect(published()).to.deep.equal(['source_opened', 'capture_degraded']);
    send(listed(true));
    expect(value()).to.equal('returning');
    send(CLOSED);
    expect(toldTo('transcription').at(-1)).to.deep.equal({
      type: 'source.interrupted',
      endSample: 1_000,
    });
    send(ready(MIC, GAP));
    expect(toldTo('readiness').at(-1)).to.deep.equal({ type: 'capture.trouble', trouble: null });
    expect(published()).to.deep.equal(['capture_restored', 'audio_gap', 'source_opened']);
  });

  it('takes no loss for one when the sound server itself moves the stream back', () => {
    const { send, value, published } = capture({ hasSubstitute: true });
    send(ready(STAND_IN));
    published();
    const loss = { ...LOSS, device: 'spare', cause: 'moved' as const };
    send({ type: 'device.moved', loss: { ...loss, movedTo: 'mic' }, endSample: 1_000, atMs: 0 });
    expect(value()).to.equal('returning');
    expect(published()).to.deep.equal([]);
    send(CLOSED, ready(STAND_IN, GAP));
    send({ type: 'device.moved', loss: { ...loss, movedTo: 'other' }, endSample: 1_000, atMs: 0 });
    expect(value()).to.equal('moved');
  });

  it('looks for the device from time to time while another stands in', () => {
    const { send, commands, clock } = capture({ hasSubstitute: true });
    send(ready(STAND_IN));
    clock.advance(30_000);
    expect(commands.filter(({ type }) => type === 'device.look')).to.have.length(3);
  });

  it('warns of exact silence, and loses nothing by it', () => {
    const { send, value, published } = capture();
    send(ready());
    published();
    send({ type: 'signal.silent', zeroMs: 3_000 });
    expect(value()).to.deep.equal({ running: { ...HEARING, signal: 'silent' } });
    send({ type: 'signal.audible' });
    expect(published()).to.deep.equal(['signal_silent', 'signal_restored']);
    expect(value()).to.deep.equal({ running: HEARING });
  });

  it('tells of samples that are missing while the device goes on', () => {
    const { send, published } = capture();
    send(ready());
    published();
    send({ type: 'source.gap', gap: { ...GAP, cause: 'xrun' } });
    expect(published()).to.deep.equal(['audio_gap']);
  });

  it('does not open a broken file again', () => {
    const { send, value, published, clock } = capture();
    send({ type: 'source.broke', error: { code: 'X', message: '', details: {} }, endSample: 0 });
    clock.advance(60_000);
    expect(value()).to.equal('broken');
    expect(published()).to.deep.equal(['source_failed']);
  });
});
