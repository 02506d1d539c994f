import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { describeError, RtapError } from '../../domain/errors.ts';
import { bindError, hostAndPort } from '../outlets/bind-error.ts';
import { isHostAllowed } from '../outlets/request-guard.ts';

/** What the daemon answers to those who watch it; each is asked anew for every request. */
export interface AdminSources {
  /** Whether the process can go on at all; false asks for its restart. */
  liveness: () => { alive: boolean; reasons: string[] };
  /** Whether it does its job now. */
  readiness: () => { ready: boolean; reasons: string[] };
  /** The tree and whatever else belongs to the status, as JSON. */
  status: () => unknown;
  /** The metrics in the Prometheus text format. */
  metrics: () => Promise<string>;
}

export interface AdminServerOptions extends AdminSources {
  host?: string;
  /** 0 lets the system choose; `open` tells what it chose. */
  port?: number;
  /** Names that this server may be called by besides IP literals and loopback names. */
  allowedHosts?: readonly string[];
  maxConnections?: number;
  /** How long the metrics may take. */
  metricsDeadlineMs?: number;
}

interface Answer {
  status: number;
  contentType: string;
  body: string;
}

const PATHS = ['/livez', '/readyz', '/health', '/metrics', '/status'] as const;

/**
 * Owns the admin port: `/livez`, `/readyz`, `/health`, `/metrics`, `/status`. It only reads; it
 * knows nothing of its own, and a source that fails becomes a 500 that says so.
 */
export class AdminServer {
  readonly #options: Required<AdminServerOptions>;
  #server: Server | null = null;

  constructor(options: AdminServerOptions) {
    this.#options = {
      host: '127.0.0.1',
      port: 8080,
      allowedHosts: [],
      maxConnections: 128,
      metricsDeadlineMs: 5_000,
      ...options,
    };
  }

  /** Rejects with `PORT_IN_USE` or `PORT_DENIED`, naming the address. */
  async open(): Promise<{ host: string; port: number; url: string }> {
    if (this.#server !== null) throw new RtapError('PROTOCOL', 'The admin server is already open.');
    const { host, port, maxConnections } = this.#options;
    const server = createServer(
      {
        maxHeaderSize: 16 * 1024,
        headersTimeout: 10_000,
        requestTimeout: 10_000,
        keepAliveTimeout: 5_000,
      },
      (request, response) => {
        void this.#respond(request, response);
      },
    );
    server.maxConnections = maxConnections;
    server.on('clientError', (_error, socket) => {
      if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
      else socket.destroy();
    });
    const boundPort = await new Promise<number>((resolve, reject) => {
      const onError = (failure: Error) => {
        reject(bindError(failure, 'Admin', hostAndPort(host, port)));
      };
      server.once('error', onError);
      server.listen({ host, port, exclusive: true }, () => {
        server.off('error', onError);
        server.on('error', () => undefined);
        const address = server.address();
        resolve(typeof address === 'object' && address !== null ? address.port : port);
      });
    });
    this.#server = server;
    return { host, port: boundPort, url: `http://${hostAndPort(host, boundPort)}` };
  }

  /** Answers what is being answered and closes, within the deadline. */
  async close(deadlineMs: number): Promise<void> {
    const server = this.#server;
    if (server === null) return;
    this.#server = null;
    const closed = new Promise<void>((resolve) => {
      server.close(() => {
        resolve();
      });
    });
    server.closeIdleConnections();
    const cancel = new AbortController();
    const expired = delay(deadlineMs, undefined, { signal: cancel.signal }).catch(() => undefined);
    await Promise.race([closed, expired]);
    cancel.abort();
    server.closeAllConnections();
    await closed;
  }

  async #respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const answer = await this.#answer(request).catch((thrown: unknown) =>
      json(500, { error: describeError(thrown) }),
    );
    if (answer.status === 405) response.setHeader('allow', 'GET, HEAD');
    response.writeHead(answer.status, {
      'content-type': answer.contentType,
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    });
    response.end(answer.body);
  }

  async #answer(request: IncomingMessage): Promise<Answer> {
    if (!isHostAllowed(request.headers.host, this.#options.allowedHosts)) {
      return json(403, { error: 'This host name is not allowed.' });
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return json(405, { error: 'Only GET and HEAD are answered here.' });
    }
    switch (pathOf(request)) {
      case '/livez': {
        const { alive, reasons } = this.#options.liveness();
        return json(alive ? 200 : 503, { alive, reasons });
      }
      case '/readyz': {
        const { ready, reasons } = this.#options.readiness();
        return json(ready ? 200 : 503, { ready, reasons });
      }
      case '/health':
        return this.#health();
      case '/metrics':
        return this.#metrics();
      case '/status':
        return json(200, this.#options.status() ?? null);
      default:
        return json(404, { error: `Here are only ${PATHS.join(', ')}.` });
    }
  }

  #health(): Answer {
    const { alive, reasons: deadly } = this.#options.liveness();
    const { ready, reasons } = this.#options.readiness();
    const status = alive ? (ready ? 'healthy' : 'not_ready') : 'dead';
    return json(alive && ready ? 200 : 503, {
      status,
      alive,
      ready,
      reasons: [...deadly, ...reasons],
    });
  }

  async #metrics(): Promise<Answer> {
    const cancel = new AbortController();
    const { metricsDeadlineMs } = this.#options;
    const expired = delay(metricsDeadlineMs, null, { signal: cancel.signal }).catch(() => null);
    const body = await Promise.race([this.#options.metrics(), expired]);
    cancel.abort();
    if (body === null) {
      return json(503, { error: `The metrics took longer than ${metricsDeadlineMs} ms.` });
    }
    return { status: 200, contentType: 'text/plain; version=0.0.4; charset=utf-8', body };
  }
}

function pathOf(request: IncomingMessage): string {
  try {
    return new URL(request.url ?? '/', 'http://localhost').pathname;
  } catch {
    return '';
  }
}

function json(status: number, body: unknown): Answer {
  return {
    status,
    contentType: 'application/json; charset=utf-8',
    body: `${JSON.stringify(body)}\n`,
  };
}
