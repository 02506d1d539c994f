import type { SourceRequest } from '../src/domain/events.ts';

/** The desk where the composition root asks for a source. It remembers the last request for a capture stage that restarts. */
export class SourceRequests {
  readonly #listeners = new Set<(request: SourceRequest) => void>();
  #last: SourceRequest | null = null;

  ask(request: SourceRequest): void {
    this.#last = request;
    for (const listener of this.#listeners) listener(request);
  }

  /** Calls back with the last request, if there was one, and with each that follows; returns how to end that. */
  onRequest(listener: (request: SourceRequest) => void): () => void {
    this.#listeners.add(listener);
    if (this.#last !== null) listener(this.#last);
    return () => this.#listeners.delete(listener);
  }
}
