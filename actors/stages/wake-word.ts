import type { CallbackActorLogic } from 'xstate';
import { wakeScoreThreshold } from '../../config/thresholds.ts';
import { createWakeWordMachine } from '../../machines/wake-word.ts';
import type { WakeWordCommand, WakeWordMode } from '../../machines/wake-word.ts';
import type { StageFact } from '../../machines/stage-facts.ts';
import { WakeDetector } from '../../src/audio/wake-detector.ts';
import type { WakeEvent } from '../../src/domain/events.ts';
import type { RtapConfig } from '../../config/schema.ts';
import type { Parts } from '../parts.ts';
import { fromRuntime } from '../runtime.ts';
import { HopPump } from './hop-pump.ts';

const CHUNK_SAMPLES = 1280;
const MAX_CHUNKS = 8;
const DEADLINE_MS = 2_000;

/** Where the wake phrase is looked for: in the audio, in the text, or nowhere. */
export function wakeWordMode(config: RtapConfig): WakeWordMode {
  return config.pipeline.activation === 'always' ? 'off' : config.wakeword.engine;
}

/** The wake word stage. */
export function wakeWordStage(parts: Parts) {
  const mode = wakeWordMode(parts.config);
  return createWakeWordMachine(mode, parts.config.wakeword.phrases).provide({
    actors: { runtime: mode === 'openwakeword' ? listening(parts) : passive(parts) },
  });
}

/** Reads the ring in chunks of 80 ms and scores each against every phrase. */
function listening(parts: Parts): CallbackActorLogic<WakeWordCommand> {
  const { config, engines, path, wakeProgress } = parts;
  return fromRuntime<WakeWordCommand, WakeEvent | StageFact>((context) => {
    let isDraining = false;
    const detector = new WakeDetector({
      threshold: wakeScoreThreshold(config.wakeword.sensitivity),
      cooldownMs: config.wakeword.cooldown_ms,
    });
    const pump = new HopPump({
      path,
      progress: wakeProgress,
      name: 'wakeword',
      hopSamples: CHUNK_SAMPLES,
      maxHops: MAX_CHUNKS,
      isEngineReady: () => engines.wakeword.isReady,
      ask: (chunks, reset) =>
        engines.wakeword.request({ chunks, reset }, { deadlineMs: DEADLINE_MS }),
      take: ({ scores }, firstSample) => {
        scores.forEach((byPhrase, index) => {
          const endSample = firstSample + (index + 1) * CHUNK_SAMPLES;
          const detection = detector.push(byPhrase, endSample);
          if (detection === null) return;
          context.tell({ type: 'wake.detected', engine: 'openwakeword', ...detection });
        });
        parts.metrics.framesProcessed.inc({ stage: 'wakeword' }, scores.length);
      },
      onBreak: () => {
        detector.reset();
      },
      onDropped: (range) => {
        context.tell({ type: 'audio.gap', ...range, cause: isDraining ? 'shutdown' : 'overrun' });
      },
      onFailed: context.fail,
    });

    function drained(): void {
      wakeProgress.finish();
      context.tell({ type: 'stage.drained' });
    }

    function drain(): void {
      if (engines.wakeword.isReady) pump.flush(path.ring.end, drained);
      else {
        pump.giveUp();
        drained();
      }
    }

    return {
      receive: (command) => {
        switch (command.type) {
          case 'engine.ready':
            pump.pump();
            break;
          case 'engine.lost':
            if (isDraining) drain();
            break;
          case 'source.opened':
          case 'source.resumed':
            pump.open(command.baseSample, () => {
              detector.reset();
            });
            break;
          case 'source.interrupted':
            pump.flush(command.endSample, () => {
              detector.reset();
            });
            break;
          case 'source.ended':
            pump.flush(command.endSample, () => {
              context.tell({ type: 'stage.flushed', endSample: command.endSample });
            });
            break;
          case 'stage.drain':
            isDraining = true;
            drain();
        }
      },
      dispose: () => {
        pump.close();
      },
    };
  });
}

/** Has no audio to listen to, and so is always done with it. */
function passive(parts: Parts): CallbackActorLogic<WakeWordCommand> {
  return fromRuntime<WakeWordCommand, StageFact>((context) => {
    parts.wakeProgress.finish();
    return {
      receive: (command) => {
        if (command.type === 'source.ended') {
          context.tell({ type: 'stage.flushed', endSample: command.endSample });
        } else if (command.type === 'stage.drain') context.tell({ type: 'stage.drained' });
      },
      dispose: () => undefined,
    };
  });
}
