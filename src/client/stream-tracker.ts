import type { Message, Stream } from '../domain/messages.ts';

export const STREAMS: readonly Stream[] = ['events', 'transcripts'];

/** Messages that are missing; the range is inclusive, and `last` is null where nobody can know it. */
export interface MissingRange {
  stream: Stream;
  epoch: number;
  first: number;
  last: number | null;
}

export type StreamPositions = Record<Stream, number>;

export type Verdict =
  | { kind: 'deliver'; gap: MissingRange | null; abandoned: MissingRange[] }
  | { kind: 'duplicate' }
  | { kind: 'older_epoch' };

/**
 * Owns where a consumer is in both streams, and decides what is new, repeated, missing or from an
 * epoch that is over. Pure: it receives nothing and asks for nothing.
 */
export class StreamTracker {
  #epoch: number | null = null;
  readonly #positions: Partial<StreamPositions> = {};

  get epoch(): number | null {
    return this.#epoch;
  }

  position(stream: Stream): number | undefined {
    return this.#positions[stream];
  }

  /**
   * Takes where a server says it is. The first time that is the start; later the own position
   * holds, and a newer epoch starts at 0, because such a server gives all of it.
   */
  join(epoch: number, positions: StreamPositions): 'joined' | 'continued' | 'newer' | 'older' {
    if (this.#epoch === null) {
      this.#epoch = epoch;
      for (const stream of STREAMS) this.#positions[stream] = positions[stream];
      return 'joined';
    }
    if (epoch < this.#epoch) return 'older';
    if (epoch > this.#epoch) {
      this.#enter(epoch);
      return 'newer';
    }
    for (const stream of STREAMS) this.#positions[stream] ??= positions[stream];
    return 'continued';
  }

  /** Moves over what was told to be lost; nothing happens for another epoch. */
  skip(range: MissingRange): void {
    const { stream, epoch, last } = range;
    if (epoch !== this.#epoch || last === null) return;
    this.#positions[stream] = Math.max(this.#positions[stream] ?? 0, last);
  }

  /** Takes a position as it is, after a server has refused ours. */
  place(stream: Stream, position: number): void {
    this.#positions[stream] = position;
  }

  /** What should have come before a server said that everything up to here was sent. */
  missingBefore(epoch: number, positions: StreamPositions): MissingRange[] {
    if (epoch !== this.#epoch) return [];
    return STREAMS.flatMap((stream) => {
      const position = this.#positions[stream] ?? positions[stream];
      const last = positions[stream];
      return last > position ? [{ stream, epoch, first: position + 1, last }] : [];
    });
  }

  accept(message: Message): Verdict {
    const { stream, epoch, sequence_number: sequence } = message;
    if (this.#epoch !== null && epoch < this.#epoch) return { kind: 'older_epoch' };
    const abandoned = this.#epoch !== null && epoch > this.#epoch ? this.#enter(epoch) : [];
    this.#epoch = epoch;
    const position = this.#positions[stream] ?? sequence - 1;
    if (sequence <= position) return { kind: 'duplicate' };
    this.#positions[stream] = sequence;
    const gap =
      sequence > position + 1 ? { stream, epoch, first: position + 1, last: sequence - 1 } : null;
    return { kind: 'deliver', gap, abandoned };
  }

  /** Leaves the old epoch; whether more followed in it cannot be known any more. */
  #enter(epoch: number): MissingRange[] {
    const abandoned = STREAMS.flatMap((stream) => {
      const position = this.#positions[stream];
      if (position === undefined || this.#epoch === null) return [];
      return [{ stream, epoch: this.#epoch, first: position + 1, last: null }];
    });
    this.#epoch = epoch;
    for (const stream of STREAMS) this.#positions[stream] = 0;
    return abandoned;
  }
}
