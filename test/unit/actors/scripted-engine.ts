import { RtapError } from '../../../src/domain/errors.ts';

interface Request<TPayload, TResult> {
  readonly payload: TPayload;
  readonly resolve: (result: TResult) => void;
  readonly reject: (error: Error) => void;
}

/** An engine that answers when the test says so, or at once; and that goes away and comes back. */
export class ScriptedEngine<TPayload, TResult> {
  isReady = true;
  /** What was asked, in order, answered or not. */
  readonly asked: TPayload[] = [];
  readonly #answer: (payload: TPayload) => TResult;
  readonly #isPrompt: boolean;
  #waiting: Request<TPayload, TResult>[] = [];

  constructor(answer: (payload: TPayload) => TResult, { isPrompt = false } = {}) {
    this.#answer = answer;
    this.#isPrompt = isPrompt;
  }

  request(payload: TPayload): Promise<TResult> {
    if (!this.isReady) return Promise.reject(new RtapError('ENGINE_DOWN', 'it is away'));
    this.asked.push(payload);
    if (this.#isPrompt) return Promise.resolve(this.#answer(payload));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ payload, resolve, reject });
    });
  }

  /** Answers what waits, and what is asked upon that, until nothing does. */
  async answerAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const waiting = this.#waiting;
      this.#waiting = [];
      for (const { payload, resolve } of waiting) resolve(this.#answer(payload));
      await settled();
    }
  }

  /** What waits is never answered. */
  async lose(): Promise<void> {
    this.isReady = false;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { reject } of waiting) reject(new RtapError('ENGINE_LOST', 'it was killed'));
    await settled();
  }
}

/** All that promises lead to has happened. */
export function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
