import type { DaemonReport } from '../daemon.ts';
import type { EventLevel, Message } from '../domain/messages.ts';
import type { SupervisionRecord } from '../../supervisors/records.ts';
import type { Logger } from '../telemetry/logger.ts';

const LEVELS: Readonly<Record<EventLevel, 'debug' | 'info' | 'warn' | 'error'>> = {
  debug: 'debug',
  info: 'info',
  warning: 'warn',
  error: 'error',
};

/**
 * The same as the screen, for a machine: one structured line for each report. What was said stays out of it, by
 * length alone, unless `showsText`; the words of the bundled recording are nobody's secret.
 */
export class RunLog {
  readonly #log: Logger;
  readonly #showsText: boolean;

  constructor(log: Logger, showsText: boolean) {
    this.#log = log;
    this.#showsText = showsText;
  }

  show(report: DaemonReport): void {
    const { type, ...rest } = report;
    switch (report.type) {
      case 'supervised':
        this.#supervised(report.record);
        break;
      case 'message':
        this.#message(report.message);
        break;
      case 'engine.warming':
      case 'outlet.opened':
      case 'readiness.changed':
        this.#log.info(rest, type);
        break;
      // Each of these is an event of the stream as well, and is logged as that.
      case 'engine.ready':
      case 'engine.lost':
      case 'engine.unusable':
      case 'source.opened':
      case 'source.broke':
      case 'source.warned':
      case 'source.flushed':
    }
  }

  #supervised({ kind, ...rest }: SupervisionRecord): void {
    switch (kind) {
      case 'fell':
        this.#log.warn(rest, 'actor fell');
        break;
      case 'started':
        if ('incarnation' in rest && rest.incarnation > 1) this.#log.info(rest, 'actor restarted');
        break;
      case 'stopped':
        if ('reason' in rest && rest.reason !== 'stopped') this.#log.warn(rest, 'actor stopped');
        break;
      case 'escalated':
        this.#log.error(rest, 'supervisor gave up');
        break;
      case 'dead_letter':
        this.#log.warn(rest, 'dead letter');
        break;
      case 'auto_shutdown':
    }
  }

  #message(message: Message): void {
    if ('event_type' in message) {
      const { event_type, level, metadata, sequence_number } = message;
      this.#log[LEVELS[level]]({ sequence_number, metadata }, event_type);
      return;
    }
    const { kind, utterance_id, sequence_number, transcript, language, audio_source } = message;
    const isShown = this.#showsText || audio_source === 'recording';
    const facts = {
      utterance_id,
      sequence_number,
      language,
      processing_time_ms: message.processing_time_ms,
      confidence: message.confidence,
      ...(isShown ? { said: transcript } : { characters: transcript.length }),
    };
    this.#log[kind === 'final' ? 'info' : 'debug'](facts, `transcript ${kind}`);
  }
}
