import type { DaemonReport } from '../daemon.ts';
import type { SupervisionRecord } from '../../supervisors/records.ts';
import type { EngineName } from '../domain/events.ts';
import type { EventMessage, TranscriptMessage } from '../domain/messages.ts';
import { CaptureLines } from './capture-lines.ts';

export interface ScreenOptions {
  readonly write: (text: string) => void;
  readonly columns: () => number;
  readonly hasColour: boolean;
  readonly now: () => number;
}

const ENGINE_WORDS: Readonly<Record<EngineName, string>> = {
  vad: 'voice activity',
  wakeword: 'wake word',
  recogniser: 'speech to text',
  language: 'language',
};

/**
 * What a person sees of a running daemon on a terminal: starting, warming up, ready, listening, what is heard, where
 * to connect and how to stop. A partial is rewritten in place until its final takes the line.
 */
export class Screen {
  readonly #options: ScreenOptions;
  readonly #startedAtMs: number;
  #hasOpenLine = false;
  #wasReady = false;
  #isShownDegraded = false;
  readonly #capture = new CaptureLines();
  readonly #addresses: Record<string, string> = {};

  constructor(options: ScreenOptions) {
    this.#options = options;
    this.#startedAtMs = options.now();
  }

  opening(version: string, wake: string): void {
    this.#line(`${this.#strong(`RTAP ${version}`)}  ${wake}`);
    this.#line(this.#faint('  starting, and warming the engines up on a known clip'));
  }

  notice(text: string): void {
    this.#line(`  ${text}`);
  }

  stopping(): void {
    this.#line(
      this.#faint('  stopping: what is being said is finished first (Ctrl-C again ends at once)'),
    );
  }

  stopped(): void {
    this.#line('  stopped');
  }

  show(report: DaemonReport): void {
    switch (report.type) {
      case 'engine.ready':
        this.#line(
          `  ${this.#good('ready')}  ${ENGINE_WORDS[report.engine].padEnd(15)}` +
            this.#faint(`${report.identity.model}, ${seconds(report.loadMs)}`),
        );
        break;
      case 'engine.lost':
        this.#line(
          `  ${this.#bad('lost')}   ${ENGINE_WORDS[report.engine]}: ${report.reason}; it is started again`,
        );
        break;
      case 'outlet.opened':
        Object.assign(this.#addresses, addressesOf(report.outlet, report.addresses));
        break;
      case 'readiness.changed':
        this.#readiness(
          report.state,
          // Its own events say more.
          report.missing.filter((name) => name !== report.trouble),
        );
        break;
      case 'source.broke':
        this.#line(`  ${this.#bad('source')} ${report.message}`);
        break;
      case 'source.warned':
        this.#line(`  ${this.#bad('source')} ${report.message}`);
        break;
      case 'source.flushed':
        this.#line(
          '  the source has ended; nothing more is heard, and the daemon stays up until Ctrl-C',
        );
        break;
      case 'message':
        if ('event_type' in report.message) this.#event(report.message);
        else this.#transcript(report.message);
        break;
      case 'supervised':
        this.#supervised(report.record);
        break;
      // Told by the event of the same name.
      case 'source.opened':
      case 'engine.warming':
      case 'engine.unusable':
    }
  }

  #supervised(record: SupervisionRecord): void {
    if (record.kind === 'fell' && !record.child.startsWith('engine-')) {
      this.#line(`  ${this.#bad('ended')}  ${record.child}: ${record.reason}`);
    } else if (record.kind === 'escalated') {
      this.#line(`  ${this.#bad('ended')}  ${record.reason}`);
    }
  }

  #readiness(state: string, missing: readonly string[]): void {
    if (state === 'degraded' && missing.length > 0) {
      this.#isShownDegraded = true;
      this.#line(`  ${this.#bad('degraded')}: ${missing.join(', ')} not ready`);
      return;
    }
    if (state !== 'ready') return;
    if (this.#wasReady) {
      if (this.#isShownDegraded) this.#line(`  ${this.#good('ready')} again`);
      this.#isShownDegraded = false;
      return;
    }
    this.#wasReady = true;
    this.#line(
      `  ${this.#good('ready')} after ${seconds(this.#options.now() - this.#startedAtMs)}`,
    );
    for (const [name, address] of Object.entries(this.#addresses)) {
      this.#line(this.#faint(`         ${name.padEnd(15)}${address}`));
    }
    this.#line(this.#faint('         to listen      npx rtap listen      to stop  Ctrl-C'));
  }

  #event(event: EventMessage): void {
    const { event_type, metadata } = event;
    if (event_type === 'wake_word_detected') {
      this.#line(
        `  ${this.#strong('wake')}   ${String(metadata['phrase'])} ` +
          this.#faint(`score ${Number(metadata['score']).toFixed(2)}`),
      );
      return;
    }
    for (const { isGood, label, text } of this.#capture.of(event)) {
      const painted = isGood ? this.#good(label) : this.#bad(label);
      this.#line(`  ${painted}${' '.repeat(Math.max(0, 6 - label.length))} ${text}`);
    }
  }

  #transcript(transcript: TranscriptMessage): void {
    if (transcript.kind === 'final') {
      const facts = [
        transcript.language,
        transcript.sentiment ?? '',
        `confidence ${transcript.confidence.toFixed(2)}`,
        `${String(Math.round(transcript.processing_time_ms))} ms`,
      ].filter((fact) => fact !== '');
      this.#line(
        `  ${this.#strong('said')}   ${transcript.transcript}  ${this.#faint(facts.join(', '))}`,
      );
      return;
    }
    const room = Math.max(20, this.#options.columns() - 12);
    const text = transcript.transcript;
    const shown = text.length > room ? `...${text.slice(3 - room)}` : text;
    this.#rewrite(`  ${this.#faint(`hears  ${shown}`)}`);
  }

  #line(text: string): void {
    this.#options.write(`${this.#hasOpenLine ? '\r\u001b[2K' : ''}${text}\n`);
    this.#hasOpenLine = false;
  }

  #rewrite(text: string): void {
    this.#options.write(`${this.#hasOpenLine ? '\r\u001b[2K' : ''}${text}`);
    this.#hasOpenLine = true;
  }

  #paint(code: string, text: string): string {
    return this.#options.hasColour ? `\u001b[${code}m${text}\u001b[0m` : text;
  }

  #strong(text: string): string {
    return this.#paint('1', text);
  }

  #faint(text: string): string {
    return this.#paint('2', text);
  }

  #good(text: string): string {
    return this.#paint('32', text);
  }

  #bad(text: string): string {
    return this.#paint('31', text);
  }
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

function addressesOf(outlet: string, addresses: Readonly<Record<string, string>>) {
  switch (outlet) {
    case 'zeromq':
      return {
        'ZeroMQ events': addresses['events'] ?? '',
        'ZeroMQ texts': addresses['transcripts'] ?? '',
      };
    case 'audio':
      return { 'ZeroMQ audio': addresses['audio'] ?? '' };
    case 'websocket':
      return { WebSocket: addresses['stream'] ?? '' };
    case 'admin':
      return { 'health, status': addresses['admin'] ?? '' };
    default:
      return {};
  }
}
