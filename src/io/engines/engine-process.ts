import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { RtapError, describeError } from '../../domain/errors.ts';
import type { EngineName } from '../../domain/events.ts';
import type { EngineIdentity } from '../../domain/messages.ts';
import { childCommand } from '../child-command.ts';
import type {
  EngineOptions,
  EngineRequests,
  EngineResults,
  FromEngine,
  ToEngine,
} from './engine-protocol.ts';

export type EngineProcessEvent =
  | { type: 'spawned'; pid: number }
  | { type: 'ready'; identity: EngineIdentity; loadMs: number; warmUpMs: number }
  /** It could not be loaded, or not be spawned; its exit follows where there was one to exit. */
  | { type: 'failed'; error: RtapError }
  | { type: 'exited'; code: number | null; signal: NodeJS.Signals | null; stderrTail: string };

export interface EngineProcessOptions<TEngine extends EngineName> {
  readonly engine: TEngine;
  readonly options: EngineOptions[TEngine];
  onEvent(event: EngineProcessEvent): void;
}

interface Outstanding {
  resolve(result: unknown): void;
  reject(error: RtapError): void;
  readonly timer: NodeJS.Timeout;
}

const MAX_OUTSTANDING = 64;
const STDERR_TAIL_BYTES = 4_096;

/**
 * Owns one engine's process, from its spawning to its end; a process is not started twice. Requests are answered in
 * order. One that outlives its deadline means that the process is hung: it is killed, and its exit is reported.
 */
export class EngineProcess<TEngine extends EngineName> {
  readonly #options: EngineProcessOptions<TEngine>;
  readonly #outstanding = new Map<number, Outstanding>();
  #child: ChildProcess | null = null;
  #isReady = false;
  #hasExited = false;
  #lastId = 0;
  #stderrTail = '';
  readonly #exit: Promise<void>;
  #reportExit: () => void = () => undefined;

  constructor(options: EngineProcessOptions<TEngine>) {
    this.#options = options;
    this.#exit = new Promise((resolve) => {
      this.#reportExit = resolve;
    });
  }

  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  start(): void {
    if (this.#child !== null) throw new Error('an engine process is started once');
    const { engine, options } = this.#options;
    const { modulePath, execPath, execArgv } = childCommand('engine-host', import.meta.url);
    const child = fork(modulePath, [engine], {
      execPath,
      execArgv: [...execArgv],
      serialization: 'advanced',
      // Native code prints where it likes; none of it belongs into our own output.
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.#child = child;
    child.on('spawn', () => {
      this.#options.onEvent({ type: 'spawned', pid: child.pid ?? 0 });
    });
    child.on('error', (thrown) => {
      if (child.pid !== undefined) return;
      this.#end('it could not be started');
      const error = new RtapError(
        'ENGINE_LOAD',
        `${engine}: the process could not be started: ${describeError(thrown)}`,
      );
      this.#options.onEvent({ type: 'failed', error });
    });
    child.on('message', (message) => {
      this.#receive(message as FromEngine);
    });
    child.stderr?.on('data', (chunk: Buffer) => {
      this.#stderrTail = (this.#stderrTail + chunk.toString()).slice(-STDERR_TAIL_BYTES);
    });
    child.on('exit', (code, signal) => {
      this.#end(
        signal === null ? `it exited with code ${String(code)}` : `it was killed by ${signal}`,
      );
      this.#options.onEvent({ type: 'exited', code, signal, stderrTail: this.#stderrTail });
    });
    this.#send({ type: 'load', engine, options });
  }

  /**
   * Rejects with `ENGINE_DOWN` before it is ready and after it has ended, `ENGINE_LOST` when it ends meanwhile,
   * `ENGINE_DEADLINE`, or with what the engine refused it for.
   */
  request(
    payload: EngineRequests[TEngine],
    { deadlineMs }: { deadlineMs: number },
  ): Promise<EngineResults[TEngine]> {
    const { engine } = this.#options;
    if (!this.#isReady || this.#hasExited) {
      return Promise.reject(new RtapError('ENGINE_DOWN', `${engine} is not ready`));
    }
    if (this.#outstanding.size >= MAX_OUTSTANDING) {
      return Promise.reject(
        new RtapError('ENGINE_REQUEST', `${engine} has too many requests at once`),
      );
    }
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#outstanding.delete(id);
        reject(
          new RtapError(
            'ENGINE_DEADLINE',
            `${engine} did not answer within ${String(deadlineMs)} ms`,
          ),
        );
        this.kill();
      }, deadlineMs);
      this.#outstanding.set(id, {
        resolve: (result) => {
          resolve(result as EngineResults[TEngine]);
        },
        reject,
        timer,
      });
      this.#send({ type: 'request', id, payload });
    });
  }

  /**
   * Takes no more requests, lets those that it has be answered, and kills what is left after the grace; one that is
   * still loading ends at once. Resolves when the process is gone.
   */
  async stop(graceMs: number): Promise<void> {
    if (this.#child === null || this.#hasExited) return;
    if (this.#isReady) this.#send({ type: 'stop' });
    else this.#child.kill('SIGTERM');
    this.#isReady = false;
    const timer = setTimeout(() => {
      this.kill();
    }, graceMs);
    await this.#exit;
    clearTimeout(timer);
  }

  kill(): void {
    if (!this.#hasExited) this.#child?.kill('SIGKILL');
  }

  #send(message: ToEngine): void {
    // A process that is gone reports it by its exit.
    this.#child?.send(message, () => undefined);
  }

  #receive(message: FromEngine): void {
    switch (message.type) {
      case 'ready':
        this.#isReady = true;
        this.#options.onEvent(message);
        break;
      case 'result':
        this.#settle(message.id)?.resolve(message.result);
        break;
      case 'failed': {
        const error = new RtapError(message.code, message.message);
        if (message.id === null) this.#options.onEvent({ type: 'failed', error });
        else this.#settle(message.id)?.reject(error);
      }
    }
  }

  #settle(id: number): Outstanding | undefined {
    const outstanding = this.#outstanding.get(id);
    if (outstanding === undefined) return undefined;
    this.#outstanding.delete(id);
    clearTimeout(outstanding.timer);
    return outstanding;
  }

  #end(how: string): void {
    this.#hasExited = true;
    for (const id of [...this.#outstanding.keys()]) {
      this.#settle(id)?.reject(
        new RtapError('ENGINE_LOST', `${this.#options.engine} ended while it was working: ${how}`),
      );
    }
    this.#reportExit();
  }
}
