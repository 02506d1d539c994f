const MAX_LINE_CHARACTERS = 8_192;

export interface Line {
  readonly text: string;
  /** How much of a line that is too long is not in `text`. */
  readonly cutCharacters: number;
}

/**
 * Owns the unfinished line of one stream of text; what is beyond the bound of a line is counted and dropped. A carriage
 * return ends a line as well, since programs rewrite a line with it.
 */
export class LineReader {
  #text = '';
  #cutCharacters = 0;
  #endedWithReturn = false;

  /** The lines that a chunk completes. */
  push(chunk: string): Line[] {
    const isRest = this.#endedWithReturn && chunk.startsWith('\n');
    if (chunk !== '') this.#endedWithReturn = chunk.endsWith('\r');
    const parts = (isRest ? chunk.slice(1) : chunk).split(/\r\n|\r|\n/);
    const rest = parts.pop() ?? '';
    const lines = parts.map((part) => {
      this.#keep(part);
      return this.#take();
    });
    this.#keep(rest);
    return lines;
  }

  /** The line that the stream ended in, if it did not end with one. */
  end(): Line[] {
    return this.#text === '' ? [] : [this.#take()];
  }

  #keep(part: string): void {
    const room = MAX_LINE_CHARACTERS - this.#text.length;
    this.#text += part.slice(0, room);
    this.#cutCharacters += Math.max(0, part.length - room);
  }

  #take(): Line {
    const line = { text: this.#text, cutCharacters: this.#cutCharacters };
    this.#text = '';
    this.#cutCharacters = 0;
    return line;
  }
}
