import { randomUUID } from 'node:crypto';
import { createActor } from 'xstate';
import { createEngineLinks } from '../actors/engine-link.ts';
import { Intake } from '../actors/intake.ts';
import type { Condition, Parts, Report } from '../actors/parts.ts';
import { Presence } from '../actors/presence.ts';
import { SourceRequests } from '../actors/source-requests.ts';
import { wakeWordMode } from '../actors/stages/wake-word.ts';
import { speechEnginesOf } from '../actors/engines/selection.ts';
import type { RtapConfig } from '../config/schema.ts';
import type { ChildSpec } from '../supervisors/child-spec.ts';
import { deadLetterOf } from '../supervisors/dead-letter-tap.ts';
import type { TransitionMonitor } from '../supervisors/gate.ts';
import type { SupervisionEmitted, SupervisionRecord } from '../supervisors/records.ts';
import { restartChild, terminateChild } from '../supervisors/requests.ts';
import { Births, statusOfTree } from '../supervisors/status.ts';
import { supervise } from '../supervisors/supervise.ts';
import { Sys } from '../supervisors/sys.ts';
import { actorsOf, treeOf } from '../supervisors/tree.ts';
import { AudioPath } from './audio/audio-path.ts';
import { GainControl } from './audio/gain-control.ts';
import { Progress } from './audio/progress.ts';
import { describeError } from './domain/errors.ts';
import type { SourceRequest } from './domain/events.ts';
import { msToSamples } from './domain/pcm.ts';
import { AudioLedger } from './io/outlets/audio-ledger.ts';
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
  /** Hears of every transition of the actors. */
  readonly monitor?: TransitionMonitor;
  onReport(report: DaemonReport): void;
}

/** What the daemon tells: what its actors report, and what happens in their tree. */
export type DaemonReport = Report | { type: 'supervised'; record: SupervisionRecord };

/** How a daemon ended. */
export type DaemonEnd = { kind: 'stopped' } | { kind: 'escalated'; reason: string };

/** A running tree. */
export interface Daemon {
  readonly parts: Parts;
  /** Opens a source as soon as the pipeline is ready, or once the one before has ended. */
  ask(request: SourceRequest): void;
  /** Begins the graceful shutdown; `ended` settles when it is done. */
  stop(): void;
  /** Stops everything in order, as far as it goes, and then ends as escalated: for an error that nothing caught. */
  escalate(reason: string): void;
  readonly ended: Promise<DaemonEnd>;
}

function gainOf({ audio }: RtapConfig): GainControl | null {
  const { gain_control, gain_target: target, gain_min: min, gain_max: max } = audio;
  return gain_control ? new GainControl({ target, min, max }) : null;
}

/** All that ends with a child, whether it is told of or not: a supervisor that is killed says nothing more. */
function idsBelow(spec: ChildSpec): string[] {
  if (spec.type !== 'supervisor') return [];
  return spec.children.flatMap((child) => [child.id, ...idsBelow(child)]);
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
    trouble: null,
    source: null,
    addresses: {},
  };
  const sources = new SourceRequests();
  const path = new AudioPath(msToSamples(config.audio.ring_buffer_size_ms));
  const identity = {
    instance: config.cluster.instance,
    epoch,
    sessionId: randomUUID(),
    now: () => clock.epochSeconds(),
  };
  const parts: Parts = {
    config,
    version,
    clock,
    path,
    intake: new Intake({ path, clock, metrics, gain: gainOf(config) }),
    voiceProgress: new Progress(),
    wakeProgress: new Progress(),
    openUtterances: new Set(),
    engines: createEngineLinks(),
    ledger: new StreamLedger(identity),
    audioLedger: new AudioLedger(identity),
    outlets: new Set(),
    condition,
    samplers: new Set(),
    log,
    metrics,
    sources,
    presence: new Presence(),
    stdin: process.stdin,
    report: (report) => {
      options.onReport(report);
    },
    operator: {
      describeTree: () => statusOfTree(root, births),
      suspend: (id) => {
        sys.suspend(id);
      },
      resume: (id) => {
        sys.resume(id);
      },
      state: (id) => sys.state(id),
      replace: (id, wanted) => {
        sys.replace(id, wanted);
      },
      kill: (id) => {
        sys.kill(id);
      },
      terminateChild: (id) => terminateChild(sys.supervisorOf(id), id),
      restartChild: (id) => restartChild(sys.supervisorOf(id), id),
      trace: (id, listener) => {
        const following = sys.trace(id, listener);
        return () => {
          following.unsubscribe();
        };
      },
    },
  };
  metrics.epoch.set(epoch);

  const { engines, engineOptions } = speechEnginesOf(config, wakeWordMode(config));
  const shape = {
    engines,
    hasServers: options.hasServers,
    hasAudioOutlet: config.output.audio,
    shutdownMs: config.resilience.shutdown_ms,
  };
  const tree = treeOf(shape);
  const below = new Map(tree.children.map((child) => [child.id, idsBelow(child)]));
  const logic = supervise(tree, {
    actors: actorsOf(parts, shape, {
      engineOptions,
      controlPath: options.controlPath,
      renderMetrics: render,
    }),
    seed: epoch,
    ...(options.monitor === undefined ? {} : { monitor: options.monitor }),
  });

  function note(record: SupervisionRecord): void {
    switch (record.kind) {
      case 'started':
        if (record.incarnation > 1) metrics.restarts.inc({ child: record.child });
        parts.presence.set(record.child, true);
        break;
      case 'stopped':
      case 'fell':
        for (const id of below.get(record.child) ?? []) parts.presence.set(id, false);
        parts.presence.set(record.child, false);
        break;
      case 'dead_letter':
        metrics.deadLetters.inc({ reason: record.reason });
        break;
      case 'escalated':
      case 'auto_shutdown':
    }
    options.onReport({ type: 'supervised', record });
  }

  const root = createActor(logic, {
    systemId: 'rtap',
    inspect: (inspected) => {
      if (inspected.type === '@xstate.actor') births.note(inspected.actorRef);
      const letter = deadLetterOf(inspected);
      if (letter !== null) note(letter);
    },
  });
  const sys = new Sys(root);
  root.on('supervision.record', (emitted) => {
    note((emitted as unknown as SupervisionEmitted).record);
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

  function end(event: { type: 'sup.shutdown' } | { type: 'sup.escalate'; reason: string }): void {
    if (condition.state !== 'stopping') {
      condition.state = 'stopping';
      parts.report({ type: 'readiness.changed', state: 'stopping', missing: [], trouble: null });
    }
    root.send(event);
  }

  return {
    parts,
    ask: (request) => {
      sources.ask(request);
    },
    stop: () => {
      end({ type: 'sup.shutdown' });
    },
    escalate: (reason) => {
      end({ type: 'sup.escalate', reason });
    },
    ended,
  };
}
