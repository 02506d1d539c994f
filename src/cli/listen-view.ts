import type { EventMessage, Message, TranscriptMessage } from '../domain/messages.ts';

/** What a view writes to; `columns` is there on a terminal. */
export interface ViewOutput {
  write: (text: string) => unknown;
  isTTY?: boolean | undefined;
  columns?: number | undefined;
}

const CLEAR_LINE = '\r\x1b[2K';

/**
 * Prints messages for a person. On a terminal the text of a running utterance is rewritten on one
 * line until its final takes the line's place; elsewhere only finals and events are printed.
 */
export class ListenView {
  readonly #output: ViewOutput;
  #isLineOpen = false;

  constructor(output: ViewOutput) {
    this.#output = output;
  }

  show(message: Message): void {
    if ('event_type' in message) this.#showEvent(message);
    else if (message.kind === 'final') this.#line(finalLine(message));
    else this.#rewrite(message.transcript);
  }

  /** Leaves the terminal with no half line. */
  end(): void {
    if (this.#isLineOpen) this.#output.write(CLEAR_LINE);
    this.#isLineOpen = false;
  }

  #showEvent(event: EventMessage): void {
    if (event.event_type === 'transcript_retracted') this.end();
    if (event.level !== 'debug') this.#line(eventLine(event));
  }

  #line(text: string): void {
    this.end();
    this.#output.write(`${text}\n`);
  }

  #rewrite(text: string): void {
    if (this.#output.isTTY !== true) return;
    // The end of what is being said matters, so a long text loses its beginning.
    const room = Math.max(10, (this.#output.columns ?? 80) - 3);
    const letters = Array.from(printable(text));
    const shown = letters.length > room ? `…${letters.slice(1 - room).join('')}` : letters.join('');
    this.#output.write(`${CLEAR_LINE}${shown}`);
    this.#isLineOpen = true;
  }
}

function finalLine(message: TranscriptMessage): string {
  const { timestamp, language, transcript, audio_source: source } = message;
  const mark = source === 'device' ? '' : ` (${source})`;
  return `${clockTime(timestamp)} ${language}${mark}: ${printable(transcript)}`;
}

function eventLine(event: EventMessage): string {
  const details = Object.entries(event.metadata)
    .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ');
  const level = event.level === 'info' ? '' : ` ${event.level}`;
  const line = `${clockTime(event.timestamp)} *${level} ${event.event_type} ${details}`;
  return printable(line).trimEnd();
}

function clockTime(timestamp: number): string {
  const date = new Date(timestamp * 1000);
  return [date.getHours(), date.getMinutes(), date.getSeconds()]
    .map((part) => String(part).padStart(2, '0'))
    .join(':');
}

/** Text of the wire must not drive the terminal. */
function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, ' ');
}
