import type { CallbackActorLogic } from 'xstate';
import { speechThreshold } from '../../config/thresholds.ts';
import { voiceActivityMachine } from '../../machines/voice-activity.ts';
import type { StageFact } from '../../machines/stage-facts.ts';
import type { VoiceActivityCommand } from '../../machines/voice-activity.ts';
import { Endpointer, HOP_SAMPLES } from '../../src/audio/endpointing.ts';
import type { EndpointSignal } from '../../src/audio/endpointing.ts';
import type { EndReason, SpeechEvent } from '../../src/domain/events.ts';
import type { Parts } from '../parts.ts';
import { fromRuntime } from '../runtime.ts';
import { HopPump } from './hop-pump.ts';

const MAX_HOPS = 16;
const DEADLINE_MS = 2_000;

/** The voice activity stage: reads the ring in hops of 32 ms and tells where speech begins and ends. */
export function voiceActivityStage(parts: Parts) {
  return voiceActivityMachine.provide({ actors: { runtime: voiceActivityRuntime(parts) } });
}

function voiceActivityRuntime(parts: Parts): CallbackActorLogic<VoiceActivityCommand> {
  const { config, engines, path } = parts;
  return fromRuntime<VoiceActivityCommand, SpeechEvent | StageFact>((context) => {
    let utteranceId = '';
    let isDraining = false;
    const endpointer = new Endpointer({
      speechThreshold: speechThreshold(config.preprocess.vad_aggressiveness),
      minSpeechMs: config.preprocess.min_speech_ms,
      pauseMs: config.preprocess.pause_ms,
      hangoverMs: config.preprocess.hangover_ms,
      maxUtteranceMs: config.pipeline.max_utterance_ms,
    });

    function tellAll(signals: readonly EndpointSignal[]): void {
      for (const signal of signals) {
        if (signal.type === 'speech.started') {
          utteranceId = utteranceIdOf(parts, signal.startSample);
        }
        context.tell(named(signal, utteranceId));
      }
    }

    function finish(
      reason: Exclude<EndReason, 'hangover' | 'max_length'>,
      endSample: number,
    ): void {
      tellAll(endpointer.finish(reason, endSample));
    }

    function drain(): void {
      const endSample = path.ring.end;
      if (engines.vad.isReady) {
        pump.flush(endSample, () => {
          finish('shutdown', endSample);
          context.tell({ type: 'stage.drained' });
        });
      } else {
        finish('shutdown', endSample);
        pump.giveUp();
        context.tell({ type: 'stage.drained' });
      }
    }

    const pump = new HopPump({
      path,
      progress: parts.voiceProgress,
      name: 'voice-activity',
      hopSamples: HOP_SAMPLES,
      maxHops: MAX_HOPS,
      isEngineReady: () => engines.vad.isReady,
      ask: (hops, reset) => engines.vad.request({ hops, reset }, { deadlineMs: DEADLINE_MS }),
      take: ({ probabilities }, firstSample) => {
        probabilities.forEach((probability, index) => {
          tellAll(endpointer.push(probability, firstSample + index * HOP_SAMPLES));
        });
        parts.metrics.framesProcessed.inc({ stage: 'voice-activity' }, probabilities.length);
      },
      onBreak: (endSample) => {
        finish('gap', endSample);
      },
      onDropped: (range) => {
        context.tell({ type: 'audio.gap', ...range, cause: isDraining ? 'shutdown' : 'overrun' });
      },
      onFailed: context.fail,
    });

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
              finish('gap', command.baseSample);
            });
            break;
          case 'source.interrupted':
            pump.flush(command.endSample, () => {
              finish('gap', command.endSample);
            });
            break;
          case 'source.ended':
            pump.flush(command.endSample, () => {
              finish('end_of_source', command.endSample);
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

/** Unique among all utterances of an instance: the epoch only grows, and the sample clock only runs on. */
function utteranceIdOf(parts: Parts, startSample: number): string {
  const { instance, epoch } = parts.ledger;
  return `${instance}-${String(epoch)}-${String(startSample)}`;
}

function named(signal: EndpointSignal, utteranceId: string): SpeechEvent {
  switch (signal.type) {
    case 'speech.started':
    case 'speech.ended':
      return { ...signal, utteranceId };
    case 'speech.discarded':
      return { type: 'speech.discarded', utteranceId, speechMs: signal.speechMs };
    case 'speech.paused':
    case 'speech.resumed':
      return signal;
  }
}
