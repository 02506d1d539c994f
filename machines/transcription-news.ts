import type { Draft, PublishEvent, WakeEvent } from '../src/domain/events.ts';
import type { EventBody } from '../src/domain/messages.ts';
import { CHANNELS, SAMPLE_RATE_HZ, samplesToMs } from '../src/domain/pcm.ts';
import { BOUND_PASSED } from './drain-bound.ts';
import type { Window } from './listening.ts';
import type { UtteranceRequest } from './utterance.ts';

type Request<TType extends UtteranceRequest['type']> = Extract<UtteranceRequest, { type: TType }>;

/** Told to the language stage; in order, finals and partials alike. */
export type TextEvent =
  | { type: 'text.ready'; draft: Draft }
  /** All texts of the ended source have been handed on. */
  | { type: 'stage.flushed'; stage: string; endSample: number };

/** An utterance is meant to become text. */
export function startedUtterance({
  utteranceId,
  startSample,
}: Request<'utterance.accepted'>): PublishEvent {
  return news('processing_started', { utterance_id: utteranceId, start_sample: startSample });
}

/** An utterance became no text, and why. */
export function discardedUtterance({
  utteranceId,
  outcome,
  reason,
}: Omit<Request<'utterance.closed'>, 'type'>): PublishEvent {
  return news(
    'utterance_discarded',
    { utterance_id: utteranceId, outcome, ...(reason === '' ? {} : { reason }) },
    outcome === 'lost' ? 'error' : 'info',
  );
}

/** An utterance was still on its way when a shutdown could wait no longer. */
export function lostUtterance(utteranceId: string): PublishEvent {
  return discardedUtterance({ utteranceId, outcome: 'lost', reason: BOUND_PASSED });
}

/** An utterance was open in an earlier life of the stage, which ended before it was recognised. */
export function orphanedUtterance(utteranceId: string): PublishEvent {
  const reason = 'the transcription stage ended before it was recognised';
  return discardedUtterance({ utteranceId, outcome: 'lost', reason });
}

/** A wake word was detected. */
export function wakeNews({ phrase, engine, score, atSample }: WakeEvent): PublishEvent {
  return news('wake_word_detected', { phrase, engine, score, at_sample: atSample });
}

/** The listening window was opened. */
export function listeningStarted(window: Window | null): PublishEvent {
  return news('listening_started', {
    phrase: window?.phrase ?? null,
    until_sample: window?.untilSample ?? null,
  });
}

/** The listening window was closed. */
export function listeningEnded(
  reason: 'timeout' | 'end_of_source',
  atSample: number | null,
): PublishEvent {
  return news('listening_ended', { reason, at_sample: atSample });
}

/** A text of an utterance, for the language stage. */
export function readyText(text: Request<'utterance.text'>, startSample: number): TextEvent {
  const { recognition, ended } = text;
  const endSample = Math.min(ended?.endSample ?? Infinity, recognition.toSample);
  return {
    type: 'text.ready',
    draft: {
      utterance_id: text.utteranceId,
      kind: text.kind,
      revision: text.revision,
      transcript: text.text,
      confidence: recognition.confidence,
      audio_start_sample: startSample,
      audio_end_sample: endSample,
      audio_duration_ms: samplesToMs(endSample - startSample),
      processing_time_ms: recognition.turnaroundMs,
      sample_rate: SAMPLE_RATE_HZ,
      channels: CHANNELS,
      stage_latencies: { speech_to_text: recognition.decodeMs },
      decision: ended === null ? null : { reason: ended.reason, silence_ms: ended.silenceMs },
      engine: recognition.engine,
    },
  };
}

function news(
  event_type: EventBody['event_type'],
  metadata: EventBody['metadata'],
  level: EventBody['level'] = 'info',
): PublishEvent {
  return { type: 'publish.event', body: { event_type, level, metadata } };
}
