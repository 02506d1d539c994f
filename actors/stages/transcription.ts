import type { CallbackActorLogic } from 'xstate';
import { createTranscriptionMachine } from '../../machines/transcription.ts';
import type { TranscriptionCommand, TranscriptionFact } from '../../machines/transcription.ts';
import { TRAILING_PAD_MS } from '../../src/audio/endpointing.ts';
import { msToSamples } from '../../src/domain/pcm.ts';
import type { Parts } from '../parts.ts';
import { fromRuntime } from '../runtime.ts';
import { Decoder } from './decoder.ts';

/** The transcription stage: what is said to us becomes text. */
export function transcriptionStage(parts: Parts) {
  const { config } = parts;
  return createTranscriptionMachine({
    activation: config.pipeline.activation,
    findsPhraseInText:
      config.pipeline.activation === 'wakeword' && config.wakeword.engine === 'phrase',
    listeningWindowMs: config.pipeline.listening_window_ms,
    wakeTimeoutMs: config.pipeline.wake_timeout_ms,
    maxPending: config.stt.max_pending,
  }).provide({ actors: { runtime: transcriptionRuntime(parts) } });
}

function transcriptionRuntime(parts: Parts): CallbackActorLogic<TranscriptionCommand> {
  const { config, engines, openUtterances, path, voiceProgress, wakeProgress } = parts;
  return fromRuntime<TranscriptionCommand, TranscriptionFact>((context) => {
    const soon = (fact: TranscriptionFact): void => {
      // Never within the machine's own step: what was sent before must arrive before.
      setImmediate(() => {
        context.tell(fact);
      });
    };
    const decoder = new Decoder({
      path,
      link: engines.recogniser,
      now: () => parts.clock.now(),
      leadingSamples: msToSamples(config.wakeword.pre_roll_ms),
      trailingSamples: msToSamples(Math.min(TRAILING_PAD_MS, config.preprocess.pause_ms)),
      partialSamples: config.pipeline.partials
        ? msToSamples(config.pipeline.partial_interval_ms)
        : null,
      maxUtteranceSamples: msToSamples(config.pipeline.max_utterance_ms + 4_000),
      maxWaitingFinals: config.resilience.bulkhead.max_queue_size,
      comfortableFinals: config.stt.max_pending,
      tell: (fact) => {
        context.tell(fact);
      },
      onFailed: context.fail,
    });
    if (openUtterances.size > 0) {
      context.tell({ type: 'utterances.orphaned', utteranceIds: [...openUtterances] });
      openUtterances.clear();
    }
    return {
      receive: (command) => {
        switch (command.type) {
          case 'engine.ready':
            decoder.resume();
            break;
          case 'engine.lost':
          case 'source.ended':
          case 'source.interrupted':
            break;
          case 'source.opened':
          case 'source.resumed':
            decoder.open(command.baseSample);
            break;
          case 'utterance.keep':
            decoder.keep(command.utteranceId, command.startSample);
            break;
          case 'utterance.accepted':
            openUtterances.add(command.utteranceId);
            break;
          case 'utterance.drop':
            openUtterances.delete(command.utteranceId);
            wakeProgress.cancel(command.utteranceId);
            decoder.drop(command.utteranceId);
            break;
          case 'utterance.partials':
            decoder.wantPartials(command.utteranceId, command.isWanted);
            break;
          case 'utterance.decode':
            if (command.kind !== 'partial') decoder.decode({ ...command, kind: command.kind });
            break;
          case 'wake.watch':
            wakeProgress.when(command.utteranceId, command.endSample, () => {
              soon({ type: 'wake.passed', utteranceId: command.utteranceId });
            });
            break;
          case 'window.watch':
            voiceProgress.when('listening window', command.untilSample, () => {
              soon({ type: 'window.passed', atSample: command.untilSample });
            });
        }
      },
      dispose: () => {
        voiceProgress.cancel('listening window');
        decoder.close();
      },
    };
  });
}
