import { LOSS_CAUSES } from '../domain/capture.ts';
import type { EventMessage } from '../domain/messages.ts';
import { samplesToMs } from '../domain/pcm.ts';
import { causeWords, lossWords } from './capture-words.ts';

/** A line for a person: what it is about, and what happened. */
export interface CaptureLine {
  readonly isGood: boolean;
  /** At most six characters. */
  readonly label: string;
  readonly text: string;
}

/** The stages that tell their losses themselves, once each is over, by the names of their readers. */
const STAGE_WORDS: Readonly<Record<string, string>> = {
  'voice-activity': 'voice activity',
  wakeword: 'the wake word',
};

/**
 * What the events of the capture and of lost audio mean to a person, each told once: a gap by the opening that ends it,
 * a stage's losses when they begin and, with their sum, when they are over.
 */
export class CaptureLines {
  /** Why there is a gap before the device that is opened next. */
  #gapCause: unknown = null;
  /** What people call the devices that were opened, by their names. */
  readonly #titles = new Map<unknown, string>();
  readonly #late = new Set<string>();

  /** Nothing for an event that is about something else, or that another line tells. */
  of({ event_type, metadata }: EventMessage): CaptureLine[] {
    switch (event_type) {
      case 'source_opened':
        return [good('source', this.#opened(metadata))];
      case 'device_lost':
        return [
          bad(
            'lost',
            `microphone ${this.#titleOf(metadata['device'])}: ${lossWords(metadata['cause'], metadata['moved_to'])}`,
          ),
        ];
      case 'device_unavailable':
        return [bad('source', unavailableWords(metadata))];
      case 'backend_given_up':
        return [
          bad(
            'source',
            `${String(metadata['backend'])} failed too often; ${String(metadata['next'])} is tried in its place`,
          ),
        ];
      case 'capture_degraded':
        return [
          bad(
            'source',
            `${this.#titleOf(metadata['heard'])} stands in until ${this.#titleOf(metadata['device'])} is back`,
          ),
        ];
      case 'signal_silent':
        return [
          bad(
            'silent',
            `microphone ${this.#titleOf(metadata['device'])} gives no sound at all: is it muted?`,
          ),
        ];
      case 'signal_restored':
        return [good('sound', `microphone ${this.#titleOf(metadata['device'])} gives sound again`)];
      case 'audio_gap':
        return this.#gap(metadata);
      case 'buffer_overflow':
        return this.#overflow(metadata);
      default:
        // capture_restored too: the opening that follows it says as much.
        return [];
    }
  }

  #opened(metadata: EventMessage['metadata']): string {
    const cause = this.#gapCause;
    this.#gapCause = null;
    const { name, description } = metadata;
    if (typeof description === 'string' && description !== '') this.#titles.set(name, description);
    const title = this.#titleOf(name);
    if (metadata['is_reopened'] !== true) return sourceWords(metadata, title);
    const outage = `${seconds(Number(metadata['outage_ms']))} were not heard`;
    const why = cause === null || cause === 'given_back' ? '' : ` (${causeWords(cause)})`;
    const isBack = metadata['is_substitute'] === true ? '' : ' is back';
    return `microphone ${title}${isBack}: ${outage}${why}`;
  }

  #titleOf(name: unknown): string {
    return this.#titles.get(name) ?? String(name);
  }

  #gap(metadata: EventMessage['metadata']): CaptureLine[] {
    const { cause, stage, samples } = metadata;
    if (isLoss(cause)) {
      this.#gapCause = cause;
      return [];
    }
    const name = String(stage);
    this.#late.delete(name);
    const length = seconds(samplesToMs(Number(samples)));
    const whose = stage === 'capture' ? '' : ` for ${STAGE_WORDS[name] ?? name}`;
    return [bad('lost', `${length} of sound${whose}: ${causeWords(cause)}`)];
  }

  #overflow(metadata: EventMessage['metadata']): CaptureLine[] {
    const { reader, dropped_samples: dropped, utilisation } = metadata;
    if (dropped === 0) {
      const full = `${String(Math.round(Number(utilisation) * 100))} %`;
      return [bad('late', `sound waits to be processed, its buffer is ${full} full`)];
    }
    const name = typeof reader === 'string' ? reader : 'subscribers';
    const words = STAGE_WORDS[name];
    if (words === undefined) {
      return [
        bad(
          'lost',
          `${seconds(samplesToMs(Number(dropped)))} of sound for ${name}: they are too slow`,
        ),
      ];
    }
    if (this.#late.has(name)) return [];
    this.#late.add(name);
    return [bad('late', `${words} does not keep up, and sound is being lost for it`)];
  }
}

function unavailableWords({ message, attempts }: EventMessage['metadata']): string {
  const tried = attempts === 1 ? 'it is tried again' : `tried ${String(attempts)} times`;
  return `${String(message)} (${tried})`;
}

function sourceWords(metadata: EventMessage['metadata'], title: string): string {
  const { kind, sample_rate_hz: sampleRateHz, channels, duration_ms: durationMs } = metadata;
  const format = `${String(sampleRateHz)} Hz, ${String(channels)} channel${channels === 1 ? '' : 's'}`;
  const length = typeof durationMs === 'number' ? `, ${seconds(durationMs)}` : '';
  const what = kind === 'device' ? 'microphone' : String(kind);
  return `${what} ${title} (${format}${length})`;
}

function isLoss(cause: unknown): boolean {
  return (LOSS_CAUSES as readonly unknown[]).includes(cause);
}

/** To the hundredth where it is short, so that nothing that was lost reads as none. */
function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(ms < 1_000 ? 2 : 1)} s`;
}

function good(label: string, text: string): CaptureLine {
  return { isGood: true, label, text };
}

function bad(label: string, text: string): CaptureLine {
  return { isGood: false, label, text };
}
