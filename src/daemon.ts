import { randomUUID } from 'node:crypto';
import { createActor } from 'xstate';
import { createEngineLinks } from '../actors/engine-link.ts';
import type { Condition, Parts, Report } from '../actors/parts.ts';
import { SourceRequests } from '../actors/source-requests.ts';
import { wakeWordMode } from '../actors/stages/wake-word.ts';
import { speechEnginesOf } from '../actors/engines/selection.ts';
import type { RtapConfig } from '../config/schema.ts';
import { Births, statusOfTree } from '../supervisors/status.ts';
import { supervise } from '../supervisors/supervise.ts';
import { logicOf, treeOf } from '../supervisors/tree.ts';
import { AudioPath } from './audio/audio-path.ts';
import { Progress } from './audio/progress.ts';
import { describeError } from './domain/errors.ts';
import type { SourceRequest } from './domain/events.ts';
import { msToSamples } from './domain/pcm.ts';
import { StreamLedger } from './io/outlets/ledger.ts';
import { systemClock } from './io/system-clock.ts';
import type { Logger } from './telemetry/logger.ts';
import { buildMetrics } from './telemetry/metrics.ts';

export interface DaemonOptions {
  readonly config: RtapConfig;
  readonly version: string;
  readonly epoch: number;
  readonly log: Logger;
  /** False where the pipeline serves one command and nobody connects to it. */
  readonly hasServers: boolean;
  readonly controlPath: string;
  onReport(report: Report): void;
}

/** How a daemon ended. */
export type DaemonEnd = { kind: 'stopped' } | { kind: 'escalated'; reason: string };

/** A running tree. */
export interface Daemon {
  readonly parts: Parts;
  /** Opens a source as soon as the pipeline is ready, or once the one before has ended. */
  ask(request: SourceRequest): void;
  /** Begins the graceful shutdown; `ended` settles when it is done. */
  stop(): void;
  readonly ended: Promise<DaemonEnd>;
}

/** The child of which this actor is a later life, by its id, as in `capture#2`; null for everything else. */
function restartedChild(actorRef: object): string | null {
  const [, child, incarnation] =
    /^([a-z-]+)#(\d+)$/.exec((actorRef as { id?: string }).id ?? '') ?? [];
  return child !== undefined && Number(incarnation) > 1 ? child : null;
}

/** Builds the parts and the tree, and starts it. */
export function startDaemon(options: DaemonOptions): Daemon {
  const { config, version, epoch, log } = options;
  const clock = systemClock;
  const births = new Births(() => clock.now());
  const { metrics, render } = buildMetrics();
  const condition: Condition = {
    state: 'starting',
    missing: [],
    source: null,
    addresses: {},
  };
  const sources = new SourceRequests();
  const parts: Parts = {
    config,
    version,
    clock,
    path: new AudioPath(msToSamples(config.audio.ring_buffer_size_ms)),
    voiceProgress: new Progress(),
    wakeProgress: new Progress(),
    engines: createEngineLinks(),
    ledger: new StreamLedger({
      instance: config.cluster.instance,
      epoch,
      sessionId: randomUUID(),
      now: () => clock.epochSeconds(),
    }),
    outlets: new Set(),
    condition,
    samplers: new Set(),
    log,
    metrics,
    sources,
    stdin: process.stdin,
    report: (report) => {
      options.onReport(report);
    },
    describeTree: () => statusOfTree(root, births),
  };
  metrics.epoch.set(epoch);

  const { engines, engineOptions } = speechEnginesOf(config, wakeWordMode(config));
  const shape = {
    engines,
    hasServers: options.hasServers,
    shutdownMs: config.resilience.shutdown_ms,
  };
  const logic = supervise(
    treeOf(shape),
    logicOf(parts, shape, {
      engineOptions,
      controlPath: options.controlPath,
      renderMetrics: render,
    }),
    epoch,
  );
  const root = createActor(logic, {
    systemId: 'rtap',
    inspect: (event) => {
      if (event.type !== '@xstate.actor') return;
      births.note(event.actorRef);
      const child = restartedChild(event.actorRef);
      if (child !== null) metrics.restarts.inc({ child });
    },
  });

  const ended = new Promise<DaemonEnd>((resolve) => {
    root.subscribe({
      complete: () => {
        resolve({ kind: 'stopped' });
      },
      error: (thrown) => {
        resolve({ kind: 'escalated', reason: describeError(thrown) });
      },
    });
  });
  root.start();

  return {
    parts,
    ask: (request) => {
      sources.ask(request);
    },
    stop: () => {
      if (condition.state === 'stopping') return;
      condition.state = 'stopping';
      parts.report({ type: 'readiness.changed', state: 'stopping', missing: [] });
      root.send({ type: 'sup.shutdown' });
    },
    ended,
  };
}
