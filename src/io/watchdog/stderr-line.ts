import { write } from 'node:fs';

const STDERR = 2;

/**
 * Writes lines to standard error from any thread, past the main one. At most one line is under way: a reader that has
 * stopped reading does not stop this thread; what comes meanwhile is dropped, and counted in the next line.
 */
export class StderrLine {
  #isUnderWay = false;
  #droppedLines = 0;

  /** Resolves when the line is written, could not be, or is dropped. */
  say(level: 'warn' | 'error' | 'fatal', msg: string, fields: object): Promise<void> {
    if (this.#isUnderWay) {
      this.#droppedLines += 1;
      return Promise.resolve();
    }
    this.#isUnderWay = true;
    const dropped = this.#droppedLines === 0 ? {} : { droppedLines: this.#droppedLines };
    const time = new Date().toISOString();
    const line = JSON.stringify({ level, time, ...fields, ...dropped, msg });
    return new Promise((resolve) => {
      write(STDERR, `${line}\n`, (error) => {
        this.#isUnderWay = false;
        this.#droppedLines = error === null ? 0 : this.#droppedLines + 1;
        resolve();
      });
    });
  }
}
