import type { CaptureGap, DeviceLoss } from '../src/domain/capture.ts';
import { sourceMetadata } from '../src/domain/events.ts';
import type { ErrorFact, OpenedSource, PublishEvent } from '../src/domain/events.ts';
import type { EventBody } from '../src/domain/messages.ts';

/** The source was opened, for the first time or again. */
export function openedNews(
  source: OpenedSource,
  baseSample: number,
  gap: CaptureGap | null,
): PublishEvent {
  return news('source_opened', 'info', {
    ...sourceMetadata(source),
    base_sample: baseSample,
    is_reopened: gap !== null,
    outage_ms: gap === null ? 0 : Math.round(gap.durationMs),
  });
}

/** A source that is no device could not be opened, or failed. */
export function failedNews(error: ErrorFact, endSample: number): PublishEvent {
  return news('source_failed', 'error', { ...error, end_sample: endSample });
}

/** A device that was heard is heard no more. */
export function lostNews(loss: DeviceLoss, endSample: number): PublishEvent {
  return news('device_lost', 'error', {
    device: loss.device,
    backend: loss.backend,
    cause: loss.cause,
    message: loss.message,
    end_sample: endSample,
    frame_age_ms: loss.frameAgeMs,
    moved_to: loss.movedTo,
    complaint: loss.complaint,
  });
}

/** A device could not be opened, so many times by now. */
export function unavailableNews(
  error: ErrorFact,
  backend: string | null,
  attempts: number,
): PublishEvent {
  return news('device_unavailable', 'error', { ...error, backend, attempts });
}

/** A backend failed too often in a row, and the next one is tried. */
export function givenUpNews(backend: string, next: string, message: string): PublishEvent {
  return news('backend_given_up', 'warning', { backend, next, message });
}

/** Positions that were never captured. */
export function captureGapNews(gap: CaptureGap): PublishEvent {
  return news('audio_gap', 'warning', {
    first_sample: gap.firstSample,
    last_sample: gap.lastSample,
    samples: gap.lastSample - gap.firstSample + 1,
    duration_ms: Math.round(gap.durationMs * 10) / 10,
    cause: gap.cause,
    stage: 'capture',
  });
}

/** Another device stands in for the one that was asked for. */
export function degradedNews(wanted: string, source: OpenedSource): PublishEvent {
  return news('capture_degraded', 'warning', { device: wanted, heard: source.name });
}

/** The device that was asked for is heard again. */
export function restoredNews(source: OpenedSource): PublishEvent {
  return news('capture_restored', 'info', { device: source.name });
}

/** The signal is exactly zero: a muted or a virtual microphone, which is no loss. */
export function silentNews(device: string, zeroMs: number): PublishEvent {
  return news('signal_silent', 'warning', { device, zero_ms: Math.round(zeroMs) });
}

export function audibleNews(device: string): PublishEvent {
  return news('signal_restored', 'info', { device });
}

function news(
  event_type: EventBody['event_type'],
  level: EventBody['level'],
  metadata: EventBody['metadata'],
): PublishEvent {
  return { type: 'publish.event', body: { event_type, level, metadata } };
}
