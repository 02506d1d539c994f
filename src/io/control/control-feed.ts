import type { Socket } from 'node:net';

/** What may wait for a client that does not read, before events are dropped. */
const MAX_WAITING_BYTES = 256 * 1024;

/** One line of a feed: an event, or how many were dropped before the next one. */
export type FeedLine =
  { id: string | number; event: unknown } | { id: string | number; dropped: number };

/** Sends events to one client, one a line, and drops and counts what it does not read in time. */
export class FeedWriter {
  readonly #socket: Socket;
  readonly #id: string | number;
  #dropped = 0;

  constructor(socket: Socket, id: string | number) {
    this.#socket = socket;
    this.#id = id;
  }

  write(event: unknown): void {
    if (this.#socket.destroyed) return;
    if (this.#socket.writableLength > MAX_WAITING_BYTES) {
      this.#dropped += 1;
      return;
    }
    if (this.#dropped > 0) {
      this.#line({ id: this.#id, dropped: this.#dropped });
      this.#dropped = 0;
    }
    this.#line({ id: this.#id, event });
  }

  #line(line: FeedLine): void {
    this.#socket.write(`${JSON.stringify(line)}\n`);
  }
}
