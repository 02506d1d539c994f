import { createActor, setup } from 'xstate';
import type { AnyActorLogic, AnyActorRef, EventObject } from 'xstate';
import { createEngineLinks } from '../../../actors/engine-link.ts';
import type { Parts } from '../../../actors/parts.ts';
import { AudioPath } from '../../../src/audio/audio-path.ts';
import { Progress } from '../../../src/audio/progress.ts';
import type { EngineName } from '../../../src/domain/events.ts';
import { buildMetrics } from '../../../src/telemetry/metrics.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';
import { IDENTITY } from '../machines/samples.ts';

/** Somebody whom a stage speaks to. */
const NEIGHBOURS = ['transcription', 'publisher'] as const;

export interface Told extends EventObject {
  readonly to: (typeof NEIGHBOURS)[number];
  readonly [field: string]: unknown;
}

export type StageParts = ReturnType<typeof stageParts>;

/** The parts that a stage of the data plane needs, on virtual time, with a ring of so many samples. */
export function stageParts(capacitySamples = 64_000) {
  const registry = buildMetrics();
  const parts = {
    clock: new VirtualClock(),
    engines: createEngineLinks(),
    config: {
      preprocess: { vad_aggressiveness: 1, min_speech_ms: 96, pause_ms: 192, hangover_ms: 384 },
      pipeline: { activation: 'wakeword', max_utterance_ms: 28_000 },
      wakeword: {
        engine: 'openwakeword',
        phrases: ['hey_jarvis'],
        sensitivity: 0.5,
        cooldown_ms: 1_000,
      },
    },
    path: new AudioPath(capacitySamples),
    voiceProgress: new Progress(),
    wakeProgress: new Progress(),
    ledger: { instance: 'here', epoch: 1 },
    metrics: registry.metrics,
    samplers: new Set<() => void>(),
  };
  return {
    ...parts,
    /** The value of a metric, as it is rendered. */
    metric: async (line: string): Promise<number | null> => {
      for (const sample of parts.samplers) sample();
      const found = (await registry.render()).split('\n').find((one) => one.startsWith(`${line} `));
      return found === undefined ? null : Number(found.slice(line.length));
    },
  };
}

export function partsOf(parts: StageParts): Parts {
  return parts as unknown as Parts;
}

/** An engine for a link, whatever it is; returns how it is lost. */
export function attach(parts: StageParts, name: EngineName, engine: object): () => void {
  const link = parts.engines[name];
  link.attach(engine as never, IDENTITY);
  return () => {
    link.detach(engine as never);
  };
}

/** A stage among neighbours that only note what they are told. */
export function runStage(logic: AnyActorLogic, parts: StageParts) {
  const told: Told[] = [];
  const noting = (to: Told['to']) =>
    setup({}).createMachine({
      on: { '*': { actions: ({ event }) => void told.push({ ...(event as EventObject), to }) } },
    });
  const root = createActor(
    setup({
      actors: {
        stage: logic,
        transcription: noting('transcription'),
        publisher: noting('publisher'),
      },
    }).createMachine({
      invoke: [
        ...NEIGHBOURS.map((name) => ({ src: name, id: name, systemId: name })),
        { src: 'stage', id: 'stage', systemId: 'stage' },
      ],
    }),
    { clock: parts.clock },
  );
  root.start();
  const stage = root.system.get('stage') as AnyActorRef;
  return {
    told,
    send: (event: EventObject) => {
      stage.send(event);
    },
    hasEnded: () => (stage.getSnapshot() as { status: string }).status === 'done',
    stop: () => root.stop(),
    /** The metadata of the events that were published, by their type. */
    published: (type: string) =>
      told
        .map(({ body }) => body as { event_type: string; metadata: Record<string, unknown> })
        .filter((body) => (body as object | undefined) !== undefined && body.event_type === type)
        .map(({ metadata }) => metadata),
  };
}
