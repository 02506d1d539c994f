import type { CallbackActorLogic } from 'xstate';
import { createCaptureMachine } from '../../machines/capture.ts';
import type { CaptureCommand, CaptureFact } from '../../machines/capture-events.ts';
import type { BackendName } from '../../src/domain/capture.ts';
import { RtapError, describeError } from '../../src/domain/errors.ts';
import { errorFact } from '../../src/domain/events.ts';
import { usableBackends } from '../../src/io/devices/device-list.ts';
import { createSource } from '../../src/io/sources/create-source.ts';
import type { DecidedSpec } from '../../src/io/sources/create-source.ts';
import type { AudioSource } from '../../src/io/sources/source.ts';
import type { Parts } from '../parts.ts';
import { fromRuntime } from '../runtime.ts';
import { DeviceIntake } from './device-intake.ts';

type FileSpec = Exclude<DecidedSpec, { kind: 'device' }>;

/** The capture stage: opens the source that was asked for and writes its frames to the path. */
export function captureStage(parts: Parts) {
  const { backends, fallback_device } = parts.config.audio;
  const names = backends as readonly BackendName[];
  const usable = usableBackends(names);
  return createCaptureMachine({
    // With none of them, the first one says what is lacking.
    backends: usable.length === 0 ? names.slice(0, 1) : usable,
    hasSubstitute: fallback_device !== '',
  }).provide({ actors: { runtime: captureRuntime(parts) } });
}

function captureRuntime(parts: Parts): CallbackActorLogic<CaptureCommand> {
  const { intake } = parts;
  return fromRuntime<CaptureCommand, CaptureFact>((context) => {
    const device = new DeviceIntake(parts, context);
    let source: AudioSource | null = null;

    async function open(command: Extract<CaptureCommand, { type: 'source.open' }>): Promise<void> {
      await close();
      // Whoever asks has made the request from a specification, and JSON keeps it whole.
      const spec = command.request as DecidedSpec;
      if (spec.kind === 'device') await device.open(spec.name, command);
      else await openSource(spec);
    }

    async function openSource(spec: FileSpec): Promise<void> {
      const { clock, condition, path } = parts;
      intake.forget();
      source = createSource(spec, { clock, stdin: parts.stdin });
      try {
        const opened = await source.open();
        condition.source = opened;
        path.anchor(clock.epochSeconds());
        parts.report({ type: 'source.opened', source: opened });
        context.tell({
          type: 'source.ready',
          source: opened,
          baseSample: path.ring.end,
          gap: null,
        });
      } catch (thrown) {
        broke(thrown);
      }
    }

    function broke(thrown: unknown): void {
      const error =
        thrown instanceof RtapError
          ? thrown
          : new RtapError('SOURCE_FAILED', describeError(thrown));
      const endSample = parts.path.ring.end;
      parts.metrics.captureUp.set(0);
      parts.metrics.errors.inc({ stage: 'capture', error_type: error.code });
      parts.report({ type: 'source.broke', message: error.message });
      context.tell({ type: 'source.broke', error: errorFact(error), endSample });
    }

    function start(): void {
      const { metrics, path } = parts;
      metrics.captureUp.set(parts.condition.source?.isSubstitute === true ? 0 : 1);
      device.start();
      source?.start({
        frame: context.guard((samples: Int16Array) => {
          intake.take(samples);
        }),
        warning: context.guard((error: RtapError) => {
          metrics.errors.inc({ stage: 'capture', error_type: error.code });
          parts.report({ type: 'source.warned', message: error.message });
          context.tell({ type: 'source.warned', error: errorFact(error) });
        }),
        ended: context.guard(() => {
          metrics.captureUp.set(0);
          context.tell({ type: 'source.finished', endSample: path.ring.end });
        }),
        failed: context.guard(broke),
        room: () => path.room(),
      });
    }

    async function close(): Promise<void> {
      await Promise.all([source?.stop(), device.close()]);
      source = null;
    }

    async function closeFor(type: 'source.closed' | 'source.stopped'): Promise<void> {
      await close();
      context.tell({ type, endSample: parts.path.ring.end });
    }

    async function stop(): Promise<void> {
      const gap = intake.conclude();
      if (gap !== null) context.tell({ type: 'source.gap', gap });
      device.dispose();
      await closeFor('source.stopped');
    }

    const forget = parts.sources.onRequest((request) => {
      context.tell({ type: 'source.requested', request });
    });
    intake.keepTime();
    return {
      receive: (command) => {
        switch (command.type) {
          case 'source.open':
            context.watch(open(command));
            break;
          case 'source.start':
            start();
            break;
          case 'source.close':
            context.watch(closeFor('source.closed'));
            break;
          case 'source.stop':
            context.watch(stop());
            break;
          case 'device.look':
            context.watch(device.look());
        }
      },
      dispose: () => {
        forget();
        intake.stopTime();
        device.dispose();
        void close();
      },
    };
  });
}
