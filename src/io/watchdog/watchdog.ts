import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { FromWatchdog, ToWatchdog, WatchdogSetup } from './watchdog-messages.ts';

/** A block of the event loop that is over. */
export interface Block {
  readonly durationMs: number;
  /** Who was running when it was noticed; null where nobody had entered. */
  readonly actor: string | null;
  readonly event: string | null;
}

export interface WatchdogOptions {
  /** Where this thread writes what it does. */
  readonly recorder: { readonly record: SharedArrayBuffer; beat(): void };
  /** Time that the event loop may be blocked before the process is ended; 0 never ends it. */
  readonly limitMs: number;
  /** Told after the fact, since the one who is told was blocked. */
  onBlocked(block: Block): void;
  /** systemd asked to be told how we are, and cannot be. */
  onUnable(reason: string): void;
}

const BEAT_MS = 100;

/**
 * Watches this thread's event loop from another one, until the process ends. That one says on standard error when the
 * loop is blocked, by whom and for how long; past the limit it kills the process; and while the loop turns it gives systemd the signs of life that the unit asks for. Time in
 * which the machine sleeps or the process is stopped counts for nothing; a debugger that halts the program does block it.
 */
export class Watchdog {
  readonly #options: WatchdogOptions;
  #worker: Worker | null = null;

  constructor(options: WatchdogOptions) {
    this.#options = options;
  }

  /** Resolves when the thread watches; from then on it keeps no process alive. */
  start(): Promise<void> {
    if (this.#worker !== null) throw new Error('a watchdog is started once');
    const { recorder, limitMs } = this.#options;
    recorder.beat();
    setInterval(() => {
      recorder.beat();
    }, BEAT_MS).unref();
    const setup: WatchdogSetup = { record: recorder.record, limitMs };
    const extension = extname(fileURLToPath(import.meta.url));
    const worker = new Worker(new URL(`./watchdog-thread${extension}`, import.meta.url), {
      workerData: setup,
      ...(extension === '.ts' ? { execArgv: typescriptLoader() } : {}),
    });
    this.#worker = worker;
    // Errors of the thread have no listener, so that one is an error that nothing caught: nobody runs unwatched.
    return new Promise((resolve) => {
      worker.on('message', (message: FromWatchdog) => {
        if (message.type !== 'watching') {
          this.#receive(message);
          return;
        }
        worker.unref();
        resolve();
      });
    });
  }

  /** Tells systemd that the daemon does its work from now on. */
  ready(): void {
    this.#tell({ type: 'ready' });
  }

  /** Tells systemd that the daemon has begun to stop. */
  stopping(): void {
    this.#tell({ type: 'stopping' });
  }

  #tell(message: ToWatchdog): void {
    this.#worker?.postMessage(message);
  }

  #receive(message: Exclude<FromWatchdog, { type: 'watching' }>): void {
    if (message.type === 'unable') {
      this.#options.onUnable(message.reason);
      return;
    }
    const { durationMs, running } = message;
    this.#options.onBlocked({
      durationMs,
      actor: running?.actor ?? null,
      event: running?.event ?? null,
    });
  }
}

/** The loader of the sources leaves threads alone unless each asks for it. */
function typescriptLoader(): string[] {
  const api = import.meta.resolve('tsx/esm/api');
  return ['--import', `data:text/javascript,import { register } from '${api}'; register();`];
}
