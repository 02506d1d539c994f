import { Subscriber } from 'zeromq';
import { describeError, RtapError } from '../../domain/errors.ts';
import type { Feed, FeedListener } from './feed.ts';

const MAX_MESSAGE_BYTES = 8 * 1024 * 1024;

/**
 * Opens one SUB socket for each endpoint, subscribed to everything. ZeroMQ reconnects by itself
 * and never tells what it missed; only the sequence numbers do. It is up while all endpoints are.
 * Throws `USAGE` for an endpoint that ZeroMQ does not take.
 */
export function openZeroMqFeed(endpoints: readonly string[], listener: FeedListener): Feed {
  const up = new Set<string>();
  const gate = new Gate();
  let isUp = false;
  let isToldDown = false;
  let isClosed = false;

  const onDown = (endpoint: string, reason: string) => {
    up.delete(endpoint);
    if (isClosed || isToldDown) return;
    isUp = false;
    isToldDown = true;
    listener.onDown(`${endpoint}: ${reason}`);
  };
  const sockets = endpoints.map((endpoint) => {
    const socket = new Subscriber({
      linger: 0,
      receiveHighWaterMark: 10_000,
      maxMessageSize: MAX_MESSAGE_BYTES,
      reconnectInterval: 100,
      reconnectMaxInterval: 5_000,
    });
    if (endpoint.includes('[')) socket.ipv6 = true;
    socket.events.on('handshake', () => {
      up.add(endpoint);
      if (isClosed || isUp || up.size < endpoints.length) return;
      isUp = true;
      isToldDown = false;
      listener.onUp();
    });
    socket.events.on('disconnect', () => {
      onDown(endpoint, 'the connection was lost');
    });
    socket.events.on('connect:retry', () => {
      onDown(endpoint, 'nothing answers there');
    });
    return socket;
  });
  try {
    sockets.forEach((socket, index) => {
      socket.subscribe('');
      socket.connect(endpoints[index] ?? '');
    });
  } catch (thrown) {
    for (const socket of sockets) socket.close();
    throw new RtapError(
      'USAGE',
      `ZeroMQ cannot connect to ${endpoints.join(' and ')}: ${describeError(thrown)}.`,
    );
  }
  const loops = sockets.map((socket) => receiveAll(socket, gate, listener, () => isClosed));

  return {
    reconnects: true,
    pause: () => {
      gate.close();
    },
    resume: () => {
      gate.open();
    },
    close: async () => {
      isClosed = true;
      gate.open();
      for (const socket of sockets) socket.close();
      await Promise.all(loops);
    },
  };
}

async function receiveAll(
  socket: Subscriber,
  gate: Gate,
  listener: FeedListener,
  isClosed: () => boolean,
): Promise<void> {
  while (!socket.closed) {
    let parts: readonly Buffer[];
    try {
      parts = await socket.receive();
    } catch (thrown) {
      if (!isClosed()) listener.onGarbage(describeError(thrown));
      return;
    }
    await gate.passed();
    if (isClosed()) return;
    const [, json] = parts;
    if (json === undefined || parts.length !== 2) {
      listener.onGarbage(`A message came in ${parts.length} parts, where every one has two.`);
    } else {
      listener.onText(json.toString('utf8'));
    }
  }
}

/** Holds the receivers back while it is closed. */
class Gate {
  #waiting: (() => void)[] | null = null;

  close(): void {
    this.#waiting ??= [];
  }

  open(): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = null;
    for (const go of waiting) go();
  }

  async passed(): Promise<void> {
    while (this.#waiting !== null) {
      const waiting = this.#waiting;
      await new Promise<void>((resolve) => waiting.push(resolve));
    }
  }
}
