import type { EventBody, TranscriptBody, TranscriptKind } from '../../../../src/domain/messages.ts';
import { StreamLedger, type LedgerOptions } from '../../../../src/io/outlets/ledger.ts';

export function ledgerOf(options: Partial<LedgerOptions> = {}): StreamLedger {
  return new StreamLedger({
    instance: 'main',
    epoch: 3,
    sessionId: 'session-1',
    now: () => Date.now() / 1000,
    ...options,
  });
}

export function eventBody(metadata: Record<string, unknown> = {}): EventBody {
  return { event_type: 'wake_word_detected', level: 'info', metadata };
}

export function transcriptBody(
  transcript: string,
  kind: TranscriptKind = 'final',
  revision = 1,
): TranscriptBody {
  return {
    utterance_id: 'utterance-1',
    kind,
    revision,
    transcript,
    confidence: 0.91,
    audio_start_time: 1_780_000_000.25,
    audio_end_time: 1_780_000_001.75,
    audio_start_sample: 4_000,
    audio_end_sample: 28_000,
    audio_duration_ms: 1_500,
    processing_time_ms: 41.5,
    language: 'en',
    language_confidence: 0.8,
    sentiment: kind === 'partial' ? null : 'neutral',
    sentiment_confidence: kind === 'partial' ? null : 0.6,
    pipeline_version: '0.1.0',
    sample_rate: 16_000,
    channels: 1,
    stage_latencies: { capture: 0.2, stt: 38.1 },
    audio_source: 'file',
    replicated: false,
    decision: kind === 'partial' ? null : { reason: 'hangover', silence_ms: 640 },
    engine: { name: 'moonshine', model: 'tiny', digest: 'ab'.repeat(32), provider: 'cpu' },
  };
}
