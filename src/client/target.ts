import { RtapError } from '../domain/errors.ts';

/** Where a daemon's messages are heard. */
export type Target =
  | { transport: 'websocket'; url: string }
  /** One endpoint, or those of events and transcripts. */
  | { transport: 'zeromq'; endpoints: readonly string[] };

/** Reads a WebSocket address; without a path it means `/stream`. Throws `USAGE`. */
export function websocketTarget(text: string): Target {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new RtapError(
      'USAGE',
      `"${text}" is no WebSocket address; try ws://127.0.0.1:5802/stream.`,
    );
  }
  if (url.protocol !== 'ws:' && url.protocol !== 'wss:') {
    throw new RtapError('USAGE', `A WebSocket address begins with ws:// or wss://, not "${text}".`);
  }
  if (url.pathname === '/') url.pathname = '/stream';
  url.hash = '';
  return { transport: 'websocket', url: url.href };
}

/** Reads one ZeroMQ endpoint, or two with a comma between them. Throws `USAGE`. */
export function zeromqTarget(text: string): Target {
  const endpoints = text.split(',').map((part) => part.trim());
  if (endpoints.length > 2) {
    throw new RtapError('USAGE', 'At most two ZeroMQ endpoints: those of events and transcripts.');
  }
  for (const endpoint of endpoints) {
    if (!isEndpoint(endpoint)) {
      throw new RtapError(
        'USAGE',
        `"${endpoint}" is no ZeroMQ endpoint; try tcp://127.0.0.1:6553.`,
      );
    }
  }
  return { transport: 'zeromq', endpoints };
}

function isEndpoint(text: string): boolean {
  if (/^ipc:\/\/\S+$/.test(text)) return true;
  const port = Number(/^tcp:\/\/(?:\[[^\]\s]+\]|[^:\s/]+):(\d{1,5})$/.exec(text)?.[1]);
  return port >= 1 && port <= 65_535;
}

export function describeTarget(target: Target): string {
  return target.transport === 'websocket' ? target.url : target.endpoints.join(' and ');
}
