import type { CallbackActorLogic } from 'xstate';
import { languageMachine } from '../../machines/language.ts';
import type { LanguageCommand, LanguageFact } from '../../machines/language.ts';
import type { TextEvent } from '../../machines/transcription-news.ts';
import { RtapError } from '../../src/domain/errors.ts';
import type { Draft } from '../../src/domain/events.ts';
import type { TranscriptBody } from '../../src/domain/messages.ts';
import type { Parts } from '../parts.ts';
import { fromRuntime } from '../runtime.ts';
import { isEngineLoss } from './hop-pump.ts';

/** A late answer is not waited for, and one this late means that the engine hangs. */
const HANG_MS = 2_000;

/** In this share of a drain, languages are still asked for; then the texts that are left go without. */
const ASKING_SHARE = 0.5;

type Annotation = Pick<
  TranscriptBody,
  'language' | 'language_confidence' | 'sentiment' | 'sentiment_confidence'
>;

const UNKNOWN: Annotation = {
  language: 'und',
  language_confidence: 0,
  sentiment: null,
  sentiment_confidence: null,
};

/** The language stage: one text at a time, in order. */
export function languageStage(parts: Parts) {
  return languageMachine.provide({ actors: { runtime: languageRuntime(parts) } });
}

function languageRuntime(parts: Parts): CallbackActorLogic<LanguageCommand> {
  const { clock, config, engines } = parts;
  return fromRuntime<LanguageCommand, LanguageFact>((context) => {
    const queue: TextEvent[] = [];
    let isBusy = false;
    let isDraining = false;
    let isOutOfTime = false;
    let drainTimer: unknown;
    let stopWaiting = (): void => undefined;

    async function annotate(text: string): Promise<Annotation> {
      if (isOutOfTime || !engines.language.isReady) return UNKNOWN;
      let timer: unknown;
      const late = new Promise<Annotation>((resolve) => {
        stopWaiting = () => {
          resolve(UNKNOWN);
        };
        timer = clock.setTimeout(stopWaiting, config.language.deadline_ms);
      });
      const answer = engines.language.request({ text }, { deadlineMs: HANG_MS }).then(
        (found): Annotation => ({
          language: found.language,
          language_confidence: found.confidence,
          sentiment: found.sentiment,
          sentiment_confidence: found.sentimentConfidence,
        }),
        (thrown: unknown) => {
          if (isEngineLoss(thrown) || thrown instanceof RtapError) return UNKNOWN;
          throw thrown;
        },
      );
      try {
        return await Promise.race([answer, late]);
      } finally {
        clock.clearTimeout(timer);
      }
    }

    async function next(): Promise<void> {
      if (isBusy) return;
      isBusy = true;
      for (let event = queue.shift(); event !== undefined; event = queue.shift()) {
        if (event.type === 'stage.flushed') {
          context.tell({ type: 'texts.flushed', endSample: event.endSample });
          continue;
        }
        const startedAtMs = clock.now();
        const annotation = await annotate(event.draft.transcript);
        const languageMs = clock.now() - startedAtMs;
        context.tell({
          type: 'text.annotated',
          body: complete(parts, event.draft, annotation, languageMs),
        });
      }
      isBusy = false;
      if (isDraining) context.tell({ type: 'stage.drained' });
    }

    return {
      receive: (command) => {
        switch (command.type) {
          case 'text.ready':
          case 'stage.flushed':
            queue.push(command);
            context.watch(next());
            break;
          case 'stage.drain':
            isDraining = true;
            drainTimer = clock.setTimeout(() => {
              isOutOfTime = true;
              stopWaiting();
            }, command.withinMs * ASKING_SHARE);
            context.watch(next());
            break;
          case 'engine.ready':
          case 'engine.lost':
        }
      },
      dispose: () => {
        clock.clearTimeout(drainTimer);
      },
    };
  });
}

function complete(
  parts: Parts,
  draft: Draft,
  annotation: Annotation,
  languageMs: number,
): TranscriptBody {
  const { path, metrics } = parts;
  const processingMs = draft.processing_time_ms + languageMs;
  if (draft.kind === 'final') {
    const stages = { ...draft.stage_latencies, language: languageMs, total: processingMs };
    for (const [stage, ms] of Object.entries(stages)) {
      metrics.pipelineLatency.observe({ stage }, ms / 1000);
    }
  }
  return {
    ...draft,
    ...annotation,
    processing_time_ms: rounded(processingMs),
    stage_latencies: {
      ...Object.fromEntries(
        Object.entries(draft.stage_latencies).map(([stage, ms]) => [stage, rounded(ms)]),
      ),
      language: rounded(languageMs),
    },
    audio_start_time: path.secondsAt(draft.audio_start_sample),
    audio_end_time: path.secondsAt(draft.audio_end_sample),
    audio_source: parts.condition.source?.kind ?? 'unknown',
    pipeline_version: parts.version,
    replicated: false,
  };
}

/** To a hundredth of a millisecond. */
function rounded(ms: number): number {
  return Math.round(ms * 100) / 100;
}
