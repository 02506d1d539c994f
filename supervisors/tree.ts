import type { AnyActorLogic } from 'xstate';
import { adminActor } from '../actors/control-plane/admin.ts';
import { controlActor } from '../actors/control-plane/control.ts';
import { readinessActor } from '../actors/control-plane/readiness.ts';
import { engineActor } from '../actors/engines/engine.ts';
import { webSocketActor } from '../actors/outlets/websocket.ts';
import { zeroMqActor } from '../actors/outlets/zeromq.ts';
import type { Parts } from '../actors/parts.ts';
import { audioOutletStage } from '../actors/stages/audio-outlet.ts';
import { captureStage } from '../actors/stages/capture.ts';
import { languageStage } from '../actors/stages/language.ts';
import { publisherStage } from '../actors/stages/publisher.ts';
import { ringStage } from '../actors/stages/ring.ts';
import { transcriptionStage } from '../actors/stages/transcription.ts';
import { voiceActivityStage } from '../actors/stages/voice-activity.ts';
import { wakeWordStage } from '../actors/stages/wake-word.ts';
import type { EngineName } from '../src/domain/events.ts';
import type { EngineOptions } from '../src/io/engines/engine-protocol.ts';
import { HEARTBEAT } from './child-spec.ts';
import type { Backoff, ChildSpec, SupervisorSpec } from './child-spec.ts';

const BACKOFF: Backoff = { baseMs: 50, factor: 2, capMs: 5_000, jitter: 0.2 };

const WORKER = {
  type: 'worker',
  restart: 'permanent',
  startMs: 5_000,
  heartbeat: HEARTBEAT,
  backoff: BACKOFF,
  stableMs: 30_000,
} as const;

const SUPERVISOR = {
  type: 'supervisor',
  restart: 'permanent',
  strategy: 'one_for_one',
  startMs: 30_000,
  heartbeat: HEARTBEAT,
  backoff: BACKOFF,
  stableMs: 60_000,
} as const;

/** What differs between trees: which servers and engines there are at all. */
export interface TreeShape {
  /** In which everything must have stopped. */
  readonly shutdownMs: number;
  readonly engines: readonly EngineName[];
  /** Off where the pipeline serves one command and nobody connects to it. */
  readonly hasServers: boolean;
  /** Whether audio is published, where there are servers. */
  readonly hasAudioOutlet: boolean;
}

/** The bounds below add up to no more than this. */
const FULL_SHUTDOWN_MS = 5_000;

/** The whole tree, its bounds scaled to the time that a shutdown may take. */
export function treeOf(shape: TreeShape): SupervisorSpec {
  return scaled(fullTree(shape), shape.shutdownMs / FULL_SHUTDOWN_MS);
}

function scaled<TSpec extends ChildSpec>(spec: TSpec, factor: number): TSpec {
  const { shutdownMs } = spec;
  if (typeof shutdownMs !== 'number') throw new Error(`${spec.id} has no bound in milliseconds`);
  const shorter = { ...spec, shutdownMs: Math.max(1, Math.floor(shutdownMs * factor)) };
  if (spec.type !== 'supervisor') return shorter;
  return { ...shorter, children: spec.children.map((child) => scaled(child, factor)) };
}

/** Started from top to bottom, stopped from bottom to top. */
function fullTree(shape: TreeShape): SupervisorSpec {
  const { engines, hasServers, hasAudioOutlet } = shape;
  return {
    ...SUPERVISOR,
    id: 'rtap',
    intensity: { restarts: 3, periodMs: 60_000 },
    shutdownMs: FULL_SHUTDOWN_MS,
    why: 'The root: what reaches it has exhausted its own supervisor, and a fourth time ends the process.',
    children: [
      {
        ...WORKER,
        id: 'readiness',
        shutdownMs: 50,
        stash: 64,
        why: 'Stands before all that it waits for; what arrives while it restarts is kept for it.',
      },
      ...(hasServers ? [serversOf(hasAudioOutlet)] : []),
      {
        ...SUPERVISOR,
        id: 'engines',
        intensity: { restarts: 8, periodMs: 60_000 },
        shutdownMs: 1_200,
        why: 'Each engine is a process and fails alone; they outlive the stages, which drain through them.',
        children: engines.map((engine): ChildSpec => ENGINE_SPECS[engine]),
      },
      {
        ...SUPERVISOR,
        id: 'pipeline',
        intensity: { restarts: 10, periodMs: 60_000 },
        shutdownMs: 2_500,
        why: 'The stages, from the last to the first: the intake starts last and stops first, and each drains into one that still runs.',
        children: [
          {
            ...WORKER,
            id: 'publisher',
            shutdownMs: 100,
            stash: 256,
            why: 'Stops last of the stages, after every final has passed through it; while it restarts, none is lost.',
          },
          {
            ...WORKER,
            id: 'language',
            shutdownMs: 200,
            stash: 256,
            why: 'Holds a text for 20 ms at most, so that it drains at once; texts wait for it while it restarts.',
          },
          {
            ...WORKER,
            id: 'transcription',
            shutdownMs: 1_400,
            why: 'Has the longest drain: finals that are being recognised are waited for.',
          },
          {
            ...WORKER,
            id: 'wakeword',
            shutdownMs: 200,
            why: 'Listens to the rest of the ring, which decides whether the last words were for us.',
          },
          {
            ...WORKER,
            id: 'voice-activity',
            shutdownMs: 200,
            why: 'Looks at the rest of the ring and ends the speech that is open.',
          },
          {
            ...WORKER,
            id: 'ring',
            shutdownMs: 50,
            why: 'Opens the way for samples; the ring itself outlives it.',
          },
          {
            ...WORKER,
            id: 'capture',
            shutdownMs: 300,
            why: 'The intake: last to start, first to stop.',
          },
        ],
      },
    ],
  };
}

function serversOf(hasAudioOutlet: boolean): SupervisorSpec {
  return {
    ...SUPERVISOR,
    id: 'servers',
    intensity: { restarts: 5, periodMs: 60_000 },
    shutdownMs: hasAudioOutlet ? 1_250 : 1_000,
    why: 'Ports of ours; they are open before there is anything to publish and close when all is said.',
    children: hasAudioOutlet ? [...SERVERS, AUDIO_OUTLET] : SERVERS,
  };
}

const SERVERS: readonly ChildSpec[] = [
  {
    ...WORKER,
    id: 'zeromq',
    shutdownMs: 250,
    why: 'Flushes what subscribers have not been sent yet.',
  },
  {
    ...WORKER,
    id: 'websocket',
    shutdownMs: 250,
    why: 'Flushes what clients have not been sent yet.',
  },
  { ...WORKER, id: 'admin', shutdownMs: 250, why: 'Answers probes until the end.' },
  { ...WORKER, id: 'control', shutdownMs: 250, why: 'Answers commands until the end.' },
];

const AUDIO_OUTLET: ChildSpec = {
  ...WORKER,
  id: 'audio-outlet',
  shutdownMs: 250,
  why: 'Only with `output.audio`: reads the ring beside the pipeline, which it can neither hold up nor take down, and publishes the rest of it once the intake is closed.',
};

const ENGINE_SPECS: Readonly<Record<EngineName, ChildSpec>> = {
  recogniser: {
    ...WORKER,
    id: 'engine-recogniser',
    shutdownMs: 300,
    why: 'Takes longest to warm up, and so is started first.',
  },
  language: {
    ...WORKER,
    id: 'engine-language',
    shutdownMs: 300,
    why: 'A process of its own, since its tables weigh more than the rest of the daemon.',
  },
  wakeword: {
    ...WORKER,
    id: 'engine-wakeword',
    shutdownMs: 300,
    why: 'While it is down nobody can address us; the ring keeps the last seconds for it.',
  },
  vad: {
    ...WORKER,
    id: 'engine-vad',
    shutdownMs: 300,
    why: 'While it is down nothing is heard; the ring keeps the last seconds for it.',
  },
};

/** What the workers need beyond their parts. */
export interface TreeOptions {
  readonly engineOptions: EngineOptions;
  readonly controlPath: string;
  readonly renderMetrics: () => Promise<string>;
}

/** The actor behind each worker's id. */
export function actorsOf(
  parts: Parts,
  shape: TreeShape,
  options: TreeOptions,
): Record<string, AnyActorLogic> {
  const { engineOptions } = options;
  const { engines: links } = parts;
  const stages = {
    publisher: publisherStage(parts),
    language: languageStage(parts),
    transcription: transcriptionStage(parts),
    wakeword: wakeWordStage(parts),
    'voice-activity': voiceActivityStage(parts),
    ring: ringStage(parts),
    capture: captureStage(parts),
  };
  const servers = {
    zeromq: zeroMqActor(parts),
    websocket: webSocketActor(parts),
    admin: adminActor(parts, options.renderMetrics),
    control: controlActor(parts, options.controlPath),
    ...(shape.hasAudioOutlet ? { 'audio-outlet': audioOutletStage(parts) } : {}),
  };
  return {
    ...stages,
    ...servers,
    readiness: readinessActor(parts, shape.engines, [
      ...Object.keys(stages),
      ...(shape.hasServers ? Object.keys(servers) : []),
    ]),
    'engine-vad': engineActor(parts, links.vad, engineOptions.vad, ['voice-activity', 'readiness']),
    'engine-wakeword': engineActor(parts, links.wakeword, engineOptions.wakeword, [
      'wakeword',
      'readiness',
    ]),
    'engine-recogniser': engineActor(parts, links.recogniser, engineOptions.recogniser, [
      'transcription',
      'readiness',
    ]),
    'engine-language': engineActor(parts, links.language, engineOptions.language, [
      'language',
      'readiness',
    ]),
  };
}
