import { EventEmitter } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createActor, enqueueActions, setup } from 'xstate';
import type { ActorOptions, AnyActorLogic, AnyActorRef } from 'xstate';
import { to } from '../../machines/address.ts';
import { deadLetterOf } from '../../supervisors/dead-letter-tap.ts';
import { Births } from '../../supervisors/status.ts';
import { systemClock } from '../io/system-clock.ts';
import { FlightRecorder } from '../telemetry/flight-recorder.ts';
import type { Lane } from './lane.ts';
import { SUPERVISOR, WORKER, actorOf, createRoot } from './supervised-root.ts';
import { workerOfMany } from './worker-kinds.ts';
import { plainWorker } from './worker.ts';
import type { Address, HopEvent, WorkerContext } from './worker.ts';

/** Members of a ring, each of which passes a token on to the next one by name. */
export interface RingLane {
  readonly kind: 'ring';
  readonly variant: RingVariant;
  readonly members: number;
  /** Machines that are all alike, or unlike each other as in a program. */
  readonly kinds: 'one' | 'many';
  readonly repetitionMs: number;
  readonly warmUpMs: number;
}

export type RingVariant =
  | 'emitter'
  | 'bare'
  /** Bare, beside a supervised ring in which nothing happens. */
  | 'beside'
  | 'supervised'
  /** Supervised, and every transition is written down for the watchdog. */
  | 'monitored'
  /** Supervised, and every event is looked at for dead letters, as in the daemon. */
  | 'tapped'
  /** Both: as the daemon runs. */
  | 'daemon';

/** How often a token is passed on before it is put down; all of it runs on one stack. */
const HOPS = 600;
/** The event loop turns after so long, so that heartbeats come and go as they do in a daemon. */
const SLICE_MS = 10;

interface Ring {
  /** Passes a token on so many times; all is done when it returns. */
  pass(hops: number): void;
  /** What the members have counted. */
  counted(): number;
}

const nameOf = (place: number): string => `worker-${place}`;

/** Each repetition measures one value: nanoseconds for each hop, heartbeats and the turns of the event loop included. */
export function openRingLane(spec: RingLane): Lane {
  const ring = openRing(spec);

  async function run(durationMs: number): Promise<number> {
    const before = ring.counted();
    let hops = 0;
    const start = systemClock.now();
    let now = start;
    while (now - start < durationMs) {
      const sliceEnd = now + SLICE_MS;
      while (now < sliceEnd) {
        ring.pass(HOPS);
        hops += HOPS;
        now = systemClock.now();
      }
      await nextTurn();
      now = systemClock.now();
    }
    if (ring.counted() - before !== hops) throw new Error('hops were lost');
    return ((now - start) * 1e6) / hops;
  }

  return {
    warmUp: async () => {
      await run(spec.warmUpMs);
    },
    repeat: async () => [await run(spec.repetitionMs)],
  };
}

function openRing({ variant, members, kinds }: RingLane): Ring {
  switch (variant) {
    case 'emitter':
      return emitterRing(members);
    case 'bare':
      return bareRing(members, kinds);
    case 'beside':
      supervisedRing(members, kinds, 'supervised').pass(1);
      return bareRing(members, kinds);
    case 'supervised':
    case 'monitored':
    case 'tapped':
    case 'daemon':
      return supervisedRing(members, kinds, variant);
  }
}

function emitterRing(members: number): Ring {
  const emitters = new Map<string, EventEmitter>();
  let counted = 0;
  for (let place = 0; place < members; place += 1) {
    const next = nameOf((place + 1) % members);
    const emitter = new EventEmitter();
    emitter.on('hop', ({ left }: HopEvent) => {
      counted += 1;
      if (left > 0) emitters.get(next)?.emit('hop', { type: 'hop', left: left - 1 });
    });
    emitters.set(nameOf(place), emitter);
  }
  return {
    pass: (hops) => emitters.get(nameOf(0))?.emit('hop', { type: 'hop', left: hops - 1 }),
    counted: () => counted,
  };
}

/** As one writes it without a library: a machine that spawns the others, which find each other in the system. */
function bareRing(members: number, kinds: RingLane['kinds']): Ring {
  const workers = workersOf(
    members,
    kinds,
    (name) =>
      ({ system }) =>
        system.get(name) as AnyActorRef,
  );
  const parent = setup({ actors: workers }).createMachine({
    entry: enqueueActions(({ enqueue }) => {
      for (const name of Object.keys(workers)) enqueue.spawnChild(name, { systemId: name });
    }),
  });
  return ringOf(createActor(parent).start(), members);
}

function supervisedRing(members: number, kinds: RingLane['kinds'], variant: RingVariant): Ring {
  const actors = workersOf(members, kinds, to);
  const children = Object.keys(actors).map((id) => ({ ...WORKER, id, logic: id }));
  const isTapped = variant === 'tapped' || variant === 'daemon';
  const isMonitored = variant === 'monitored' || variant === 'daemon';
  const root = createRoot(
    { ...SUPERVISOR, id: 'ring', children },
    { actors, ...(isMonitored ? { monitor: new FlightRecorder() } : {}) },
    isTapped ? tap() : {},
    (record) => {
      if (record.kind !== 'started') throw new Error(`unexpected in a ring: ${record.kind}`);
    },
  );
  return ringOf(root.start(), members);
}

/** What the daemon listens to. */
function tap(): ActorOptions<AnyActorLogic> {
  const births = new Births(() => systemClock.now());
  return {
    inspect: (inspected) => {
      if (inspected.type === '@xstate.actor') births.note(inspected.actorRef);
      if (deadLetterOf(inspected) !== null) throw new Error('a dead letter in a ring');
    },
  };
}

function workersOf(
  members: number,
  kinds: RingLane['kinds'],
  addressOf: (name: string) => Address,
): Record<string, AnyActorLogic> {
  return Object.fromEntries(
    Array.from({ length: members }, (_, place) => {
      const next = addressOf(nameOf((place + 1) % members));
      return [nameOf(place), kinds === 'one' ? plainWorker(next) : workerOfMany(place, next)];
    }),
  );
}

function ringOf(root: AnyActorRef, members: number): Ring {
  const actors = Array.from({ length: members }, (_, place) => actorOf(root, nameOf(place)));
  const [first] = actors;
  if (first === undefined) throw new Error('a ring has members');
  return {
    pass: (hops) => {
      first.send({ type: 'hop', left: hops - 1 });
    },
    counted: () =>
      actors.reduce((sum, actor) => {
        const { context } = actor.getSnapshot() as { context: WorkerContext };
        return sum + context.hops;
      }, 0),
  };
}
