import type { CallbackActorLogic } from 'xstate';
import { captureMachine } from '../../machines/capture.ts';
import type { CaptureCommand, CaptureFact } from '../../machines/capture.ts';
import { RtapError, describeError } from '../../src/domain/errors.ts';
import { errorFact } from '../../src/domain/events.ts';
import type { SourceRequest } from '../../src/domain/events.ts';
import { createSource } from '../../src/io/sources/create-source.ts';
import type { DecidedSpec } from '../../src/io/sources/create-source.ts';
import type { AudioSource } from '../../src/io/sources/source.ts';
import type { Parts } from '../parts.ts';
import { fromRuntime } from '../runtime.ts';

/** The capture stage: opens the source that was asked for and writes its frames to the path. */
export function captureStage(parts: Parts) {
  return captureMachine.provide({
    actors: { runtime: captureRuntime(parts) },
  });
}

function captureRuntime(parts: Parts): CallbackActorLogic<CaptureCommand> {
  const { clock, condition, metrics, path } = parts;
  return fromRuntime<CaptureCommand, CaptureFact>((context) => {
    let source: AudioSource | null = null;

    async function open(request: SourceRequest): Promise<void> {
      await source?.stop();
      // Whoever asks has made the request from a specification, and JSON keeps it whole.
      source = createSource(request as DecidedSpec, { clock, stdin: parts.stdin });
      try {
        const opened = await source.open();
        condition.source = opened;
        path.anchor(clock.epochSeconds());
        parts.report({ type: 'source.opened', source: opened });
        context.tell({ type: 'source.ready', source: opened, baseSample: path.ring.end });
      } catch (thrown) {
        broke(thrown);
      }
    }

    function broke(thrown: unknown): void {
      const error =
        thrown instanceof RtapError
          ? thrown
          : new RtapError('SOURCE_FAILED', describeError(thrown));
      metrics.errors.inc({ stage: 'capture', error_type: error.code });
      parts.report({ type: 'source.broke', message: error.message });
      context.tell({ type: 'source.broke', error: errorFact(error), endSample: path.ring.end });
    }

    function start(): void {
      source?.start({
        frame: context.guard((samples: Int16Array) => {
          path.write(samples);
          metrics.framesProcessed.inc({ stage: 'capture' });
        }),
        gap: context.guard((missingSamples: number) => {
          path.skip(missingSamples);
          metrics.samplesMissing.inc(missingSamples);
        }),
        warning: context.guard((error: RtapError) => {
          metrics.errors.inc({ stage: 'capture', error_type: error.code });
          parts.report({ type: 'source.warned', message: error.message });
          context.tell({ type: 'source.warned', error: errorFact(error) });
        }),
        ended: context.guard(() => {
          context.tell({ type: 'source.finished', endSample: path.ring.end });
        }),
        failed: context.guard(broke),
        room: () => path.room(),
      });
    }

    async function stop(): Promise<void> {
      await source?.stop();
      context.tell({ type: 'source.stopped' });
    }

    const forget = parts.sources.onRequest((request) => {
      context.tell({ type: 'source.requested', request });
    });
    return {
      receive: (command) => {
        switch (command.type) {
          case 'source.open':
            context.watch(open(command.request));
            break;
          case 'source.start':
            start();
            break;
          case 'source.stop':
            context.watch(stop());
        }
      },
      dispose: () => {
        forget();
        void source?.stop();
      },
    };
  });
}
