import { RtapError } from '../src/domain/errors.ts';
import type { EngineName } from '../src/domain/events.ts';
import type { EngineIdentity } from '../src/domain/messages.ts';
import type { EngineProcess } from '../src/io/engines/engine-process.ts';
import type { EngineRequests, EngineResults } from '../src/io/engines/engine-protocol.ts';

/**
 * The port between a stage and its engine. It outlives both: an engine's actor attaches each new process, and the
 * stage's requests reach whichever is attached. It queues nothing: a stage keeps what it could not ask.
 */
export class EngineLink<TEngine extends EngineName> {
  readonly engine: TEngine;
  #process: EngineProcess<TEngine> | null = null;
  #identity: EngineIdentity | null = null;

  constructor(engine: TEngine) {
    this.engine = engine;
  }

  get isReady(): boolean {
    return this.#process !== null;
  }

  get identity(): EngineIdentity | null {
    return this.#identity;
  }

  attach(process: EngineProcess<TEngine>, identity: EngineIdentity): void {
    this.#process = process;
    this.#identity = identity;
  }

  /** Nothing happens when another process has been attached meanwhile. */
  detach(process: EngineProcess<TEngine>): void {
    if (this.#process === process) this.#process = null;
  }

  /** Rejects with `ENGINE_DOWN` while nothing is attached, else as the process does. */
  async request(
    payload: EngineRequests[TEngine],
    options: { deadlineMs: number },
  ): Promise<EngineResults[TEngine]> {
    if (this.#process === null) throw new RtapError('ENGINE_DOWN', `${this.engine} is not ready`);
    return this.#process.request(payload, options);
  }
}

export type EngineLinks = { readonly [TEngine in EngineName]: EngineLink<TEngine> };

export function createEngineLinks(): EngineLinks {
  return {
    vad: new EngineLink('vad'),
    wakeword: new EngineLink('wakeword'),
    recogniser: new EngineLink('recogniser'),
    language: new EngineLink('language'),
  };
}
