import { RtapError } from '../../domain/errors.ts';
import type { EngineName } from '../../domain/events.ts';
import type { EngineIdentity } from '../../domain/messages.ts';
import type { ExitStatus } from '../processes/exit-status.ts';
import { nodeModule } from '../processes/node-module.ts';
import { OwnedProcess } from '../processes/owned-process.ts';
import type { ProcessEvent } from '../processes/owned-process.ts';
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

/**
 * Owns one engine's process, from its spawning to its end; a process is not started twice. Requests are answered in
 * order. One that outlives its deadline means that the process is hung: it is killed, and its exit is reported.
 */
export class EngineProcess<TEngine extends EngineName> {
  readonly #options: EngineProcessOptions<TEngine>;
  readonly #outstanding = new Map<number, Outstanding>();
  #process: OwnedProcess | null = null;
  #isReady = false;
  #lastId = 0;

  constructor(options: EngineProcessOptions<TEngine>) {
    this.#options = options;
  }

  /** Null when it does not run. */
  get pid(): number | null {
    return this.#process?.pid ?? null;
  }

  start(): void {
    if (this.#process !== null) throw new Error('an engine process is started once');
    const { engine, options } = this.#options;
    // Native code prints where it likes; none of it belongs into our own output.
    this.#process = new OwnedProcess(
      { ...nodeModule('engine-host', import.meta.url, [engine]), ipc: 'advanced' },
      (event) => {
        this.#follow(event);
      },
    );
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
    if (!this.#isReady) {
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
    const wasReady = this.#isReady;
    this.#isReady = false;
    if (!wasReady) {
      await this.#process?.kill();
      return;
    }
    await this.#process?.stop(graceMs, () => {
      this.#send({ type: 'stop' });
    });
  }

  kill(): void {
    void this.#process?.kill();
  }

  #send(message: ToEngine): void {
    // A process that is gone reports it by its exit.
    this.#process?.send(message);
  }

  #follow(event: ProcessEvent): void {
    if (event.type === 'spawned') this.#options.onEvent(event);
    else if (event.type === 'message') this.#receive(event.message as FromEngine);
    else if (event.type === 'exited') this.#end(event.status);
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

  #end({ code, signal, description }: ExitStatus): void {
    const { engine } = this.#options;
    this.#isReady = false;
    for (const id of [...this.#outstanding.keys()]) {
      this.#settle(id)?.reject(
        new RtapError('ENGINE_LOST', `${engine} ended while it was working: ${description}`),
      );
    }
    if (code === null && signal === null) {
      const error = new RtapError('ENGINE_LOAD', `${engine}: the process ${description}`);
      this.#options.onEvent({ type: 'failed', error });
    } else {
      const stderrTail = this.#process?.stderrTail ?? '';
      this.#options.onEvent({ type: 'exited', code, signal, stderrTail });
    }
  }
}
