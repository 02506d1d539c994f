import { WebSocket, type ClientOptions } from 'ws';
import type { Message, WebSocketFrame } from '../../../../src/domain/messages.ts';
import type { ErrorPayload, StatusPayload } from '../../../../src/io/outlets/frames.ts';
import type { Timers } from '../../../../src/io/outlets/timers.ts';

/** A consumer that keeps every frame, and lets a test wait for one. */
export class FramePeer {
  readonly frames: WebSocketFrame[] = [];
  readonly socket: WebSocket;
  readonly closed: Promise<number>;
  #waiters: (() => void)[] = [];

  constructor(url: string, options: ClientOptions = {}) {
    this.socket = new WebSocket(url, options);
    this.socket.on('message', (data) => {
      this.frames.push(JSON.parse((data as Buffer).toString('utf8')) as WebSocketFrame);
      this.#wake();
    });
    this.socket.on('error', () => undefined);
    this.closed = new Promise((resolve) => {
      this.socket.on('close', (code) => {
        this.#wake();
        resolve(code);
      });
    });
  }

  async frame(isWanted: (frame: WebSocketFrame) => boolean = () => true): Promise<WebSocketFrame> {
    await this.until(() => this.frames.some(isWanted));
    const found = this.frames.find(isWanted);
    if (found === undefined) throw new Error('the connection closed before the frame came');
    return found;
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition() && this.socket.readyState !== WebSocket.CLOSED) {
      await new Promise<void>((resolve) => this.#waiters.push(resolve));
    }
  }

  async status(): Promise<StatusPayload> {
    return (await this.frame((frame) => frame.message_type === 'status')).payload as StatusPayload;
  }

  get messages(): Message[] {
    return this.frames
      .filter(({ message_type: type }) => type === 'event' || type === 'transcript')
      .map((frame) => frame.payload as Message);
  }

  get errors(): ErrorPayload[] {
    return this.frames
      .filter((frame) => frame.message_type === 'error')
      .map((frame) => frame.payload as ErrorPayload);
  }

  #wake(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const wake of waiters) wake();
  }
}

/** A timer that beats when the test says so. */
export class HandBeat implements Timers {
  #callback: (() => void) | null = null;

  setInterval(callback: () => void): unknown {
    this.#callback = callback;
    return this;
  }

  clearInterval(): void {
    this.#callback = null;
  }

  beat(): void {
    this.#callback?.();
  }
}

/** Waits until something that no event announces is true; mocha's limit bounds it. */
export async function eventually(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise<void>((resolve) => setImmediate(resolve));
}
