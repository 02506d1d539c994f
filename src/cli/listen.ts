import type { Writable } from 'node:stream';
import { RtapClient } from '../client/rtap-client.ts';
import type { MissingRange } from '../client/stream-tracker.ts';
import { describeTarget, websocketTarget, zeromqTarget, type Target } from '../client/target.ts';
import { describeError, EXIT, RtapError } from '../domain/errors.ts';
import { ListenView } from './listen-view.ts';

export interface ListenOptions {
  /** Address of a `/stream`; the local daemon's unless one of the two is given. */
  ws?: string | undefined;
  /** One ZeroMQ endpoint, or those of events and transcripts with a comma between them. */
  zmq?: string | undefined;
  /** One message a line instead of text for a person. */
  json?: boolean | undefined;
  /** Ends after so many finals. */
  count?: number | undefined;
}

export interface ListenIo {
  stdout: Writable & { isTTY?: boolean | undefined; columns?: number | undefined };
  stderr: { write: (text: string) => unknown };
  /** Ends the command, with success. */
  signal: AbortSignal;
}

const LOCAL_STREAM = 'ws://127.0.0.1:5802/stream';

/**
 * Prints what a daemon publishes until it is interrupted, has printed `count` finals, or its reader
 * is gone. Waits for a daemon that is not there. Resolves with the exit code.
 */
export async function runListen(options: ListenOptions, io: ListenIo): Promise<number> {
  const say = (text: string) => {
    io.stderr.write(`${text}\n`);
  };
  let target: Target;
  try {
    target = targetOf(options);
  } catch (thrown) {
    say(`rtap listen: ${describeError(thrown)}`);
    return EXIT.usage;
  }
  if (io.signal.aborted) return EXIT.done;
  const view = new ListenView(io.stdout);
  const client = new RtapClient({ target });
  const tell = (text: string) => {
    view.end();
    say(text);
  };
  let finals = 0;
  let isWaiting = false;
  let isPaused = false;

  const ended = new Promise<void>((resolve) => {
    const end = () => {
      resolve();
    };
    io.signal.addEventListener('abort', end, { once: true });
    // A reader that went away, such as `head`, is no failure.
    io.stdout.on('error', end);
    io.stdout.on('close', end);
    client.on('message', (message) => {
      if (options.count !== undefined && finals >= options.count) return;
      if (options.json === true) io.stdout.write(`${JSON.stringify(message)}\n`);
      else view.show(message);
      if (message.stream === 'transcripts' && isFinal(message)) finals += 1;
      if (finals === options.count) io.stdout.write('', end);
      // A reader that is slower than the speech must not fill this process's memory.
      if (io.stdout.writableNeedDrain && !isPaused) {
        isPaused = true;
        client.pause();
        io.stdout.once('drain', () => {
          isPaused = false;
          client.resume();
        });
      }
    });
  });
  client.on('connected', (where) => {
    isWaiting = false;
    tell(`Listening to ${where}; Ctrl-C ends it.`);
  });
  client.on('disconnected', (reason) => {
    if (isWaiting) return;
    isWaiting = true;
    tell(`Waiting for a daemon at ${describeTarget(target)} (${reason}); \`rtap run\` starts one.`);
  });
  client.on('gap', (range) => {
    tell(`Missing: ${describeRange(range)}.`);
  });
  client.on('lost', (range, reason) => {
    tell(range.last === null ? reason : `Lost: ${describeRange(range)}.`);
  });
  client.on('error', (error) => {
    tell(error.message);
  });

  try {
    client.start();
    await ended;
  } catch (thrown) {
    say(`rtap listen: ${describeError(thrown)}`);
    return thrown instanceof RtapError && thrown.code === 'USAGE' ? EXIT.usage : EXIT.failed;
  } finally {
    await client.close();
    if (!io.stdout.destroyed) view.end();
  }
  return EXIT.done;
}

function targetOf(options: ListenOptions): Target {
  const { ws, zmq, count } = options;
  if (ws !== undefined && zmq !== undefined) {
    throw new RtapError('USAGE', 'Give --ws or --zmq, not both.');
  }
  if (count !== undefined && !(Number.isInteger(count) && count > 0)) {
    throw new RtapError('USAGE', '--count takes a whole number from 1.');
  }
  return zmq === undefined ? websocketTarget(ws ?? LOCAL_STREAM) : zeromqTarget(zmq);
}

function isFinal(message: object): boolean {
  return 'kind' in message && message.kind === 'final';
}

function describeRange(range: MissingRange): string {
  const { stream, epoch, first, last } = range;
  return `${stream} ${first} to ${last ?? 'an unknown end'} of epoch ${epoch}`;
}
