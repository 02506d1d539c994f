import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { WebSocketServer, type WebSocket } from 'ws';
import { describeError, RtapError } from '../../domain/errors.ts';
import { SCHEMA_VERSION, type Message, type Stream } from '../../domain/messages.ts';
import { bindError, hostAndPort } from './bind-error.ts';
import type { StatusPayload } from './frames.ts';
import type { StreamLedger } from './ledger.ts';
import { isHostAllowed, isOriginAllowed } from './request-guard.ts';
import { readResumeRequest } from './resume-request.ts';
import { StreamClient } from './stream-client.ts';
import { SYSTEM_TIMERS, type Timers } from './timers.ts';

/** What the daemon says of itself in `status` frames and on `/health`. */
export interface DaemonHealth {
  state: string;
  healthy: boolean;
  reasons: string[];
}

export interface WebSocketOutletOptions {
  ledger: StreamLedger;
  health: () => DaemonHealth;
  /** What `/stats` adds to the outlet's own numbers. */
  stats?: () => Record<string, unknown>;
  host?: string;
  /** 0 lets the system choose; `open` tells what it chose. */
  port?: number;
  /** Origins of pages that may connect besides loopback's and this server's own. */
  allowedOrigins?: readonly string[];
  /** Names that this server may be called by besides IP literals and loopback names. */
  allowedHosts?: readonly string[];
  maxClients?: number;
  maxPayloadBytes?: number;
  maxBufferedBytes?: number;
  maxOffences?: number;
  heartbeatIntervalMs?: number;
  timers?: Timers;
  /** Seconds from the Unix epoch. */
  now?: () => number;
  onClients?: (count: number) => void;
  onRefused?: (reason: RefusalReason) => void;
  /** Messages that one client will never get because it was too slow or came too late. */
  onLost?: (stream: Stream, count: number) => void;
}

export type RefusalReason = 'path' | 'host' | 'origin' | 'full';

export interface WebSocketOutletStats {
  clients: number;
  refused: number;
  lost: number;
  stalled: number;
  dead: number;
  buffered_bytes: number;
}

/**
 * Owns the HTTP server with `/stream`, and every client's place in the streams. It delivers from
 * the ledger, in order, and tells a client what it can no longer give; it does not know whether a
 * client has read what the system took. Nothing that a client does makes it throw.
 */
export class WebSocketOutlet {
  readonly #options: Required<Omit<WebSocketOutletOptions, 'stats'>> &
    Pick<WebSocketOutletOptions, 'stats'>;
  readonly #clients = new Map<WebSocket, StreamClient>();
  readonly #totals = { refused: 0, lost: 0, stalled: 0, dead: 0 };
  #server: Server | null = null;
  #webSockets: WebSocketServer | null = null;
  #beat: unknown = null;
  #isClosing = false;
  #caughtUp: (() => void) | null = null;

  constructor(options: WebSocketOutletOptions) {
    this.#options = {
      host: '127.0.0.1',
      port: 5802,
      allowedOrigins: [],
      allowedHosts: [],
      maxClients: 64,
      maxPayloadBytes: 64 * 1024,
      maxBufferedBytes: 1024 * 1024,
      maxOffences: 5,
      heartbeatIntervalMs: 30_000,
      timers: SYSTEM_TIMERS,
      now: () => Date.now() / 1000,
      onClients: () => undefined,
      onRefused: () => undefined,
      onLost: () => undefined,
      ...options,
    };
  }

  /** Rejects with `PORT_IN_USE` or `PORT_DENIED`, naming the address. */
  async open(): Promise<{ host: string; port: number; url: string }> {
    if (this.#server !== null) {
      throw new RtapError('PROTOCOL', 'The WebSocket outlet is already open.');
    }
    const { host, port, maxClients, maxPayloadBytes, heartbeatIntervalMs, timers } = this.#options;
    const server = createServer(
      {
        maxHeaderSize: 16 * 1024,
        headersTimeout: 10_000,
        requestTimeout: 10_000,
        keepAliveTimeout: 5_000,
      },
      (request, response) => {
        this.#answer(request, response);
      },
    );
    // Leaves room to refuse in words; beyond it the system refuses without.
    server.maxConnections = maxClients + 512;
    const webSockets = new WebSocketServer({
      noServer: true,
      maxPayload: maxPayloadBytes,
      perMessageDeflate: false,
      clientTracking: false,
    });
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      this.#upgrade(webSockets, request, socket, head);
    });
    server.on('clientError', (_error, socket) => {
      refuse(socket, 400, 'Bad Request', 'That is no HTTP request.');
    });
    const boundPort = await listen(server, host, port);
    this.#server = server;
    this.#webSockets = webSockets;
    this.#isClosing = false;
    this.#beat = timers.setInterval(() => {
      this.#onBeat();
    }, heartbeatIntervalMs);
    return { host, port: boundPort, url: `ws://${hostAndPort(host, boundPort)}/stream` };
  }

  /** Delivers what the ledger holds up to this message to every client that can take it. */
  publish(message: Message): void {
    if (message.epoch !== this.#options.ledger.epoch) return;
    for (const client of this.#clients.values()) client.pump();
  }

  /** Tells every client what state the daemon is in. */
  announce(): void {
    const payload = this.#statusJson();
    for (const client of this.#clients.values()) client.sendFrame('status', payload);
  }

  /**
   * Gives clients what they lack, says goodbye (1001) and closes, within the deadline. `unsent`
   * counts messages, over all clients, that did not reach a client's connection.
   */
  async close(deadlineMs: number): Promise<{ unsent: number }> {
    const server = this.#server;
    if (server === null) return { unsent: 0 };
    const endMs = performance.now() + deadlineMs;
    this.#server = null;
    this.#isClosing = true;
    this.#options.timers.clearInterval(this.#beat);
    server.close();
    for (const client of this.#clients.values()) client.pump();
    // A part of the deadline is kept for the goodbyes.
    await this.#within(deadlineMs * 0.75, (client) => client.isCaughtUp);
    let unsent = 0;
    for (const client of this.#clients.values()) unsent += client.behind;
    for (const socket of this.#clients.keys()) socket.close(1001, 'the daemon stops');
    await this.#within(endMs - performance.now(), () => false);
    for (const socket of this.#clients.keys()) socket.terminate();
    server.closeAllConnections();
    this.#webSockets?.close();
    this.#webSockets = null;
    return { unsent };
  }

  stats(): WebSocketOutletStats {
    let buffered = 0;
    for (const client of this.#clients.values()) buffered += client.bufferedBytes;
    return { clients: this.#clients.size, ...this.#totals, buffered_bytes: buffered };
  }

  /** Waits until every client that is left satisfies the condition, or until the deadline. */
  async #within(deadlineMs: number, isDone: (client: StreamClient) => boolean): Promise<void> {
    const allDone = () => [...this.#clients.values()].every(isDone);
    if (allDone() || deadlineMs <= 0) return;
    const cancel = new AbortController();
    const changed = new Promise<void>((resolve) => {
      this.#caughtUp = () => {
        if (allDone()) resolve();
      };
    });
    const expired = delay(deadlineMs, undefined, { signal: cancel.signal }).catch(() => undefined);
    await Promise.race([changed, expired]);
    cancel.abort();
    this.#caughtUp = null;
  }

  #upgrade(
    webSockets: WebSocketServer,
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
  ): void {
    socket.on('error', () => socket.destroy());
    const url = urlOf(request);
    const refusal = this.#refusalOf(request, url);
    if (refusal !== null) {
      this.#totals.refused += 1;
      this.#options.onRefused(refusal.reason);
      refuse(socket, refusal.status, refusal.title, refusal.message);
      return;
    }
    webSockets.handleUpgrade(request, socket, head, (client) => {
      this.#accept(client, url);
    });
  }

  #refusalOf(request: IncomingMessage, url: URL | null): Refusal | null {
    const { allowedHosts, allowedOrigins, maxClients } = this.#options;
    const { host, origin } = request.headers;
    if (url?.pathname !== '/stream') {
      return { reason: 'path', ...NOT_FOUND, message: 'The only WebSocket here is /stream.' };
    }
    if (!isHostAllowed(host, allowedHosts)) {
      return { reason: 'host', ...FORBIDDEN, message: 'This host name is not allowed.' };
    }
    if (!isOriginAllowed(origin, host, allowedOrigins)) {
      return { reason: 'origin', ...FORBIDDEN, message: 'Pages of this origin are not allowed.' };
    }
    if (this.#isClosing) {
      return { reason: 'full', ...UNAVAILABLE, message: 'The daemon stops.' };
    }
    if (this.#clients.size >= maxClients) {
      const message = `There are ${maxClients} clients already, which is the limit.`;
      return { reason: 'full', ...UNAVAILABLE, message };
    }
    return null;
  }

  #accept(socket: WebSocket, url: URL | null): void {
    const client = new StreamClient(socket, {
      ledger: this.#options.ledger,
      now: this.#options.now,
      maxBufferedBytes: this.#options.maxBufferedBytes,
      maxOffences: this.#options.maxOffences,
      onLost: (stream, count) => {
        this.#totals.lost += count;
        this.#options.onLost(stream, count);
      },
      onCaughtUp: () => this.#caughtUp?.(),
    });
    this.#clients.set(socket, client);
    this.#options.onClients(this.#clients.size);
    socket.on('message', (data, isBinary) => {
      client.receive(data, isBinary);
    });
    socket.on('pong', () => {
      client.answered();
    });
    // ws closes the connection itself, with the right code, after an error of the peer's making.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#clients.delete(socket);
      this.#options.onClients(this.#clients.size);
      this.#caughtUp?.();
    });
    client.sendFrame('status', this.#statusJson());
    client.resume(readResumeRequest(url?.searchParams ?? new URLSearchParams()));
    client.pump();
  }

  #onBeat(): void {
    for (const [socket, client] of this.#clients) {
      const verdict = client.check();
      if (verdict === 'alive') {
        client.heartbeat();
        if (socket.readyState === socket.OPEN) socket.ping();
        continue;
      }
      // One that was asked to go at the last beat and is still here is not counted twice.
      const isOpen = socket.readyState === socket.OPEN;
      if (isOpen) this.#totals[verdict] += 1;
      if (isOpen && verdict === 'stalled') socket.close(1013, 'the client takes nothing');
      else socket.terminate();
    }
  }

  #statusJson(): string {
    const { ledger } = this.#options;
    const payload: StatusPayload = {
      schema_version: SCHEMA_VERSION,
      instance: ledger.instance,
      epoch: ledger.epoch,
      session_id: ledger.sessionId,
      ...this.#health(),
      positions: ledger.positions(),
    };
    return JSON.stringify(payload);
  }

  #health(): DaemonHealth {
    try {
      const { state, healthy, reasons } = this.#options.health();
      return { state, healthy, reasons };
    } catch (thrown) {
      return { state: 'error', healthy: false, reasons: [describeError(thrown)] };
    }
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    if (!isHostAllowed(request.headers.host, this.#options.allowedHosts)) {
      answerJson(response, 403, { error: 'This host name is not allowed.' });
      return;
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD');
      answerJson(response, 405, { error: 'Only GET and HEAD are answered here.' });
      return;
    }
    switch (urlOf(request)?.pathname) {
      case '/':
        answerJson(response, 200, this.#description());
        return;
      case '/health': {
        const health = this.#health();
        const status = health.healthy ? 'healthy' : 'unhealthy';
        answerJson(response, health.healthy ? 200 : 503, { status, ...health });
        return;
      }
      case '/stats':
        this.#answerStats(response);
        return;
      case '/stream':
        response.setHeader('upgrade', 'websocket');
        answerJson(response, 426, { error: 'This is a WebSocket: connect with ws://.' });
        return;
      default:
        answerJson(response, 404, { error: 'Here are only /, /health, /stats and /stream.' });
    }
  }

  #answerStats(response: ServerResponse): void {
    const { ledger, stats } = this.#options;
    try {
      answerJson(response, 200, {
        instance: ledger.instance,
        epoch: ledger.epoch,
        positions: ledger.positions(),
        websocket: this.stats(),
        ...stats?.(),
      });
    } catch (thrown) {
      answerJson(response, 500, { error: describeError(thrown) });
    }
  }

  #description(): Record<string, unknown> {
    const { ledger } = this.#options;
    return {
      service: 'rtap',
      schema_version: SCHEMA_VERSION,
      instance: ledger.instance,
      epoch: ledger.epoch,
      state: this.#health().state,
      endpoints: ['/health', '/stats', '/stream'],
    };
  }
}

interface Refusal {
  reason: RefusalReason;
  status: number;
  title: string;
  message: string;
}

const NOT_FOUND = { status: 404, title: 'Not Found' };
const FORBIDDEN = { status: 403, title: 'Forbidden' };
const UNAVAILABLE = { status: 503, title: 'Service Unavailable' };

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const onError = (failure: Error) => {
      reject(bindError(failure, 'WebSocket', hostAndPort(host, port)));
    };
    server.once('error', onError);
    server.listen({ host, port, exclusive: true }, () => {
      server.off('error', onError);
      // Later errors concern single connections, such as running out of descriptors on accept.
      server.on('error', () => undefined);
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}

function urlOf(request: IncomingMessage): URL | null {
  try {
    return new URL(request.url ?? '/', 'http://localhost');
  } catch {
    return null;
  }
}

function refuse(socket: Duplex, status: number, title: string, message: string): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const body = `${JSON.stringify({ error: message })}\n`;
  socket.end(
    `HTTP/1.1 ${status} ${title}\r\nConnection: close\r\nContent-Type: application/json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    () => socket.destroy(),
  );
}

function answerJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  response.end(`${JSON.stringify(body)}\n`);
}
