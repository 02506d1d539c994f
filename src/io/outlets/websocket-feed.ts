import { WebSocket } from 'ws';
import { describeError } from '../../domain/errors.ts';
import type { Feed, FeedListener } from './feed.ts';

const MAX_FRAME_BYTES = 8 * 1024 * 1024;

export interface WebSocketFeedOptions {
  /** A server that says nothing for so long, not even a ping, is taken for gone. */
  silenceLimitMs: number;
  handshakeDeadlineMs: number;
}

/** Opens one connection to a daemon's `/stream`; it does not come back by itself. */
export function openWebSocketFeed(
  url: string,
  listener: FeedListener,
  options: WebSocketFeedOptions,
): Feed {
  const socket = new WebSocket(url, {
    maxPayload: MAX_FRAME_BYTES,
    perMessageDeflate: false,
    handshakeTimeout: options.handshakeDeadlineMs,
  });
  let isClosed = false;
  let failure = '';
  const silence = setTimeout(() => {
    // A paused feed hears nothing by its own wish.
    if (socket.isPaused) {
      silence.refresh();
      return;
    }
    failure = `nothing was heard for ${options.silenceLimitMs} ms`;
    socket.terminate();
  }, options.silenceLimitMs);

  socket.on('open', () => {
    if (!isClosed) listener.onUp();
  });
  socket.on('ping', () => {
    silence.refresh();
  });
  socket.on('message', (data, isBinary) => {
    silence.refresh();
    if (isClosed) return;
    if (isBinary) listener.onGarbage('A binary frame came, where every frame is JSON text.');
    else listener.onText(textOf(data));
  });
  socket.on('error', (error) => {
    failure = reasonOf(error);
  });
  socket.on('close', (code, reason) => {
    clearTimeout(silence);
    if (isClosed) return;
    isClosed = true;
    const goodbye = reason.length > 0 ? reason.toString('utf8') : `closed with code ${code}`;
    listener.onDown(failure === '' ? goodbye : failure);
  });

  return {
    reconnects: false,
    pause: () => {
      socket.pause();
    },
    resume: () => {
      socket.resume();
      silence.refresh();
    },
    close: async () => {
      isClosed = true;
      clearTimeout(silence);
      await closeSocket(socket);
    },
  };
}

/** Says goodbye, but waits for the answer no longer than a moment. */
async function closeSocket(socket: WebSocket): Promise<void> {
  if (socket.readyState === WebSocket.CLOSED) return;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(() => {
      socket.terminate();
    }, 500);
    socket.once('close', () => {
      clearTimeout(timer);
      resolve();
    });
    socket.resume();
    socket.close(1000);
  });
}

function textOf(data: unknown): string {
  if (Buffer.isBuffer(data)) return data.toString('utf8');
  return Array.isArray(data) ? Buffer.concat(data as Buffer[]).toString('utf8') : '';
}

function reasonOf(error: Error): string {
  const refused = /^Unexpected server response: (\d+)$/.exec(error.message);
  if (refused?.[1] !== undefined) return `the server refused with HTTP ${refused[1]}`;
  if ('code' in error && error.code === 'ECONNREFUSED') return 'connection refused';
  // A name that resolves to several addresses fails with one error for all of them.
  return error.message === '' && 'code' in error ? String(error.code) : describeError(error);
}
