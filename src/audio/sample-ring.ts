/**
 * Hears what a reader lost: the positions `firstSample` to `lastSample` were overwritten before it read them.
 * `samples` counts those of them that were held; positions that were missing already are no loss.
 */
export type LossListener = (
  readerName: string,
  firstSample: number,
  lastSample: number,
  samples: number,
) => void;

interface Gap {
  first: number;
  end: number;
}

/** A reader's place, which the ring moves on when it overtakes the reader. */
interface Place {
  readonly name: string;
  position: number;
  droppedSamples: number;
}

/**
 * Owns the newest `capacity` positions of the sample clock; a full ring overwrites its oldest samples and never waits.
 * It does not guarantee that a slow reader hears everything: what a reader loses is reported and counted.
 * Positions are absolute sample counts. Appending and skipping copy at most `capacity` samples and allocate nothing.
 */
export class SampleRing {
  readonly capacity: number;
  readonly #samples: Int16Array;
  readonly #places: Place[] = [];
  readonly #onLoss: LossListener | undefined;
  /** Missing ranges that touch the window, oldest first, never adjacent; at most half of `capacity` of them. */
  readonly #gaps: Gap[] = [];
  readonly #start: number;
  #end: number;

  /** `firstSample` is the position of the first sample that will be appended. */
  constructor(capacity: number, onLoss?: LossListener, firstSample = 0) {
    if (!Number.isSafeInteger(capacity) || capacity < 1) {
      throw new RangeError(`A ring holds at least one sample, not ${String(capacity)}`);
    }
    this.capacity = capacity;
    this.#samples = new Int16Array(capacity);
    this.#onLoss = onLoss;
    this.#start = firstSample;
    this.#end = firstSample;
  }

  /** The position of the next sample to be appended. */
  get end(): number {
    return this.#end;
  }

  /** The oldest position still held; equals `end` when nothing is held. */
  get oldest(): number {
    const floor = this.#floor();
    const gap = this.#gaps[0];
    return gap !== undefined && gap.first <= floor ? Math.max(floor, gap.end) : floor;
  }

  /** The worst reader's unread share of the ring, 0 to 1. */
  get utilisation(): number {
    let unread = 0;
    for (const place of this.#places) unread = Math.max(unread, this.#end - place.position);
    return Math.min(1, unread / this.capacity);
  }

  append(samples: Int16Array): void {
    const kept = Math.min(samples.length, this.capacity);
    let from = samples.length - kept;
    this.#advance(samples.length);
    let at = (this.#end - kept) % this.capacity;
    while (from < samples.length) {
      const run = Math.min(samples.length - from, this.capacity - at);
      if (from === 0 && run === samples.length) this.#samples.set(samples, at);
      else for (let i = 0; i < run; i++) this.#samples[at + i] = samples[from + i] ?? 0;
      from += run;
      at = 0;
    }
  }

  /** The clock moves on by `count` positions that were never captured: they are missing, not zeros. */
  skip(count: number): void {
    if (!Number.isSafeInteger(count) || count < 0) {
      throw new RangeError(`A gap is a whole number of samples, not ${String(count)}`);
    }
    if (count === 0) return;
    const first = this.#end;
    const last = this.#gaps.at(-1);
    if (last?.end === first) last.end += count;
    else this.#gaps.push({ first, end: first + count });
    this.#advance(count);
  }

  /** Whether every position of `[from, to)` is held. */
  holds(from: number, to: number): boolean {
    if (from > to || from < this.#floor() || to > this.#end) return false;
    return from === to || !this.#gaps.some((gap) => gap.first < to && gap.end > from);
  }

  /** The samples of `[from, to)` in a new array; throws RangeError when they are not wholly held. */
  copy(from: number, to: number): Int16Array {
    if (!this.holds(from, to)) {
      throw new RangeError(
        `The ring does not hold samples ${String(from)} to ${String(to)}: it holds ${String(this.oldest)} to ${String(this.#end)}`,
      );
    }
    const copied = new Int16Array(to - from);
    const at = from % this.capacity;
    const run = Math.min(copied.length, this.capacity - at);
    copied.set(this.#samples.subarray(at, at + run));
    copied.set(this.#samples.subarray(0, copied.length - run), run);
    return copied;
  }

  /** A reader with a place of its own, which starts at `end`. Names are unique among the open readers. */
  reader(name: string): RingReader {
    if (this.#places.some((place) => place.name === name)) {
      throw new RangeError(`The ring has a reader named ${name} already`);
    }
    const place: Place = { name, position: this.#end, droppedSamples: 0 };
    this.#places.push(place);
    return new RingReader(
      this,
      place,
      (position) => this.#gaps.find((gap) => gap.end > position),
      () => {
        const index = this.#places.indexOf(place);
        if (index >= 0) this.#places.splice(index, 1);
      },
    );
  }

  #floor(): number {
    return Math.max(this.#start, this.#end - this.capacity);
  }

  /** Moves the clock, moves on every reader that is overtaken, then forgets the gaps that left the window. */
  #advance(count: number): void {
    this.#end += count;
    const floor = this.#floor();
    for (const place of this.#places) {
      const first = place.position;
      if (first >= floor) continue;
      const lost = this.#heldBetween(first, floor);
      place.position = floor;
      place.droppedSamples += lost;
      if (lost > 0) this.#onLoss?.(place.name, first, floor - 1, lost);
    }
    let passed = 0;
    while (passed < this.#gaps.length && (this.#gaps[passed]?.end ?? Infinity) <= floor) passed++;
    if (passed > 0) this.#gaps.splice(0, passed);
  }

  #heldBetween(from: number, to: number): number {
    let held = to - from;
    for (const gap of this.#gaps) {
      held -= Math.max(0, Math.min(gap.end, to) - Math.max(gap.first, from));
    }
    return held;
  }
}

/**
 * Owns one consumer's place in a ring. It guarantees order, and that no sample is read twice without a `rewind`;
 * it does not guarantee that positions are consecutive: a gap, or a loss, moves `position` on.
 */
export class RingReader {
  readonly #ring: SampleRing;
  readonly #place: Place;
  readonly #gapFrom: (position: number) => Gap | undefined;
  readonly #release: () => void;

  /** Made by {@link SampleRing.reader} alone. */
  constructor(
    ring: SampleRing,
    place: Place,
    gapFrom: (position: number) => Gap | undefined,
    release: () => void,
  ) {
    this.#ring = ring;
    this.#place = place;
    this.#gapFrom = gapFrom;
    this.#release = release;
  }

  get name(): string {
    return this.#place.name;
  }

  /** The next unread position that is held, or the ring's end. */
  get position(): number {
    const gap = this.#gapFrom(this.#place.position);
    if (gap === undefined || gap.first > this.#place.position) return this.#place.position;
    return gap.end;
  }

  /** Samples that can be read from `position` on without meeting a gap. */
  get available(): number {
    const position = this.position;
    return (this.#gapFrom(position)?.first ?? this.#ring.end) - position;
  }

  /** Where the samples go on after the gap that bounds `available`; undefined when no gap is ahead. */
  get resumesAt(): number | undefined {
    return this.#gapFrom(this.position)?.end;
  }

  /** Captured samples that were overwritten before this reader read them. */
  get droppedSamples(): number {
    return this.#place.droppedSamples;
  }

  /** The next `count` samples, or undefined when fewer are available; a read never spans a gap. */
  read(count: number): Int16Array | undefined {
    if (count > this.available) return undefined;
    const from = this.position;
    const samples = this.#ring.copy(from, from + count);
    this.#place.position = from + count;
    return samples;
  }

  /** Moves back to `position`, or to the oldest held position when that is gone; returns where it is now. */
  rewind(position: number): number {
    if (position > this.position) {
      throw new RangeError(
        `${this.name} cannot rewind from ${String(this.position)} forward to ${String(position)}`,
      );
    }
    this.#place.position = Math.max(position, this.#ring.oldest);
    return this.position;
  }

  /** Moves forward to `position`; what it passes over is neither read nor counted as dropped. Returns where it is now. */
  seek(position: number): number {
    if (position < this.#place.position || position > this.#ring.end) {
      throw new RangeError(
        `${this.name} cannot seek from ${String(this.position)} to ${String(position)}: the ring ends at ${String(this.#ring.end)}`,
      );
    }
    this.#place.position = position;
    return this.position;
  }

  /** The ring forgets this reader; it must not be used again. */
  close(): void {
    this.#release();
  }
}
