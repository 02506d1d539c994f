import type { Message } from '../../../src/domain/messages.ts';
import type { StreamLedger } from '../../../src/io/outlets/ledger.ts';
import { WebSocketOutlet } from '../../../src/io/outlets/websocket-outlet.ts';
import { ZeroMqOutlet } from '../../../src/io/outlets/zeromq-outlet.ts';
import { eventBody, transcriptBody } from '../io/outlets/message-bodies.ts';

export interface Ports {
  websocket: number;
  events: number;
  transcripts: number;
}

/** Both outlets of one ledger, on ports of the system's choice unless given. */
export class RunningOutlets {
  readonly ledger: StreamLedger;
  readonly ports: Ports = { websocket: 0, events: 0, transcripts: 0 };
  readonly webSocket: WebSocketOutlet;
  readonly #zeroMq: ZeroMqOutlet;

  constructor(ledger: StreamLedger, ports: Partial<Ports> = {}) {
    this.ledger = ledger;
    this.webSocket = new WebSocketOutlet({
      ledger,
      port: ports.websocket ?? 0,
      health: () => ({ state: 'listening', healthy: true, reasons: [] }),
    });
    this.#zeroMq = new ZeroMqOutlet({
      eventsPort: ports.events ?? 0,
      transcriptsPort: ports.transcripts ?? 0,
    });
  }

  async open(): Promise<this> {
    this.ports.websocket = (await this.webSocket.open()).port;
    const endpoints = await this.#zeroMq.open();
    this.ports.events = Number(new URL(endpoints.events).port);
    this.ports.transcripts = Number(new URL(endpoints.transcripts).port);
    return this;
  }

  async close(): Promise<void> {
    await Promise.all([this.webSocket.close(500), this.#zeroMq.close(500)]);
  }

  get url(): string {
    return `ws://127.0.0.1:${this.ports.websocket}/stream`;
  }

  get endpoints(): string[] {
    const { events, transcripts } = this.ports;
    return [`tcp://127.0.0.1:${events}`, `tcp://127.0.0.1:${transcripts}`];
  }

  publish(message: Message): void {
    this.webSocket.publish(message);
    this.#zeroMq.publish(message);
  }

  event(metadata: Record<string, unknown> = {}): void {
    this.publish(this.ledger.stamp('events', eventBody(metadata)));
  }

  partial(text: string): void {
    this.publish(this.ledger.stamp('transcripts', transcriptBody(text, 'partial')));
  }

  final(text: string): void {
    this.publish(this.ledger.stamp('transcripts', transcriptBody(text)));
  }
}
