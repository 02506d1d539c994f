import { WebSocket } from 'ws';
import { Subscriber } from 'zeromq';
import type { EventMessage, Message, TranscriptMessage } from '../../src/domain/messages.ts';

/** What a client that is none of ours receives, on a plain ZeroMQ SUB socket for each stream. */
export class PlainSubscriber {
  readonly topics: string[] = [];
  readonly messages: Message[] = [];
  readonly #sockets: Subscriber[];
  #waiting: { find: (message: Message) => boolean; resolve: (message: Message) => void }[] = [];

  constructor(endpoints: readonly string[]) {
    this.#sockets = endpoints.map((endpoint) => {
      const socket = new Subscriber();
      socket.connect(endpoint);
      socket.subscribe();
      void this.#read(socket);
      return socket;
    });
  }

  until(find: (message: Message) => boolean): Promise<Message> {
    const found = this.messages.find(find);
    if (found !== undefined) return Promise.resolve(found);
    return new Promise((resolve) => this.#waiting.push({ find, resolve }));
  }

  close(): void {
    for (const socket of this.#sockets) socket.close();
  }

  async #read(socket: Subscriber): Promise<void> {
    for await (const [topic, body] of socket) {
      if (topic === undefined || body === undefined) throw new Error('a message without two parts');
      this.topics.push(topic.toString());
      const message = JSON.parse(body.toString()) as Message;
      this.messages.push(message);
      this.#waiting = settle(this.#waiting, message);
    }
  }
}

/** The same on a plain WebSocket. */
export class PlainWebSocket {
  readonly frames: { message_type: string; payload: unknown }[] = [];
  readonly socket: WebSocket;
  #waiting: { find: (message: Message) => boolean; resolve: (message: Message) => void }[] = [];

  constructor(url: string) {
    this.socket = new WebSocket(url);
    this.socket.on('message', (data: Buffer) => {
      const frame = JSON.parse(data.toString()) as { message_type: string; payload: unknown };
      this.frames.push(frame);
      if (frame.message_type !== 'transcript' && frame.message_type !== 'event') return;
      this.#waiting = settle(this.#waiting, frame.payload as Message);
    });
  }

  get messages(): Message[] {
    return this.frames
      .filter(({ message_type }) => message_type === 'transcript' || message_type === 'event')
      .map(({ payload }) => payload as Message);
  }

  until(find: (message: Message) => boolean): Promise<Message> {
    const found = this.messages.find(find);
    if (found !== undefined) return Promise.resolve(found);
    return new Promise((resolve) => this.#waiting.push({ find, resolve }));
  }

  /** Resolves once so many messages have come since the source was opened. */
  async received(count: number): Promise<void> {
    await this.until(() => {
      const opened = this.messages.findIndex((message) => isEvent(message, 'source_opened'));
      return opened >= 0 && this.messages.length > opened + count;
    });
  }

  close(): void {
    this.socket.terminate();
  }
}

function settle<T extends { find: (message: Message) => boolean; resolve: (m: Message) => void }>(
  waiting: T[],
  message: Message,
): T[] {
  for (const one of waiting) if (one.find(message)) one.resolve(message);
  return waiting.filter(({ find }) => !find(message));
}

export function isEvent(message: Message, type?: string): message is EventMessage {
  return 'event_type' in message && (type === undefined || message.event_type === type);
}

export function isFinal(message: Message): message is TranscriptMessage {
  return 'kind' in message && message.kind === 'final';
}

/** Sequence numbers that are missing between the first and the last of a stream. */
export function holes(messages: readonly Message[], stream: string): number[] {
  const numbers = messages
    .filter((message) => message.stream === stream)
    .map(({ sequence_number }) => sequence_number);
  const first = numbers[0] ?? 0;
  return numbers.flatMap((number, index) => (number === first + index ? [] : [number]));
}
