import { GapList } from './gap-list.ts';

/**
 * Hears what a reader lost: positions `firstSample` to `lastSample` will not be read by it. `samples` counts those of
 * them that were captured; positions that were missing already are no loss.
 */
export type LossListener = (
  readerName: string,
  firstSample: number,
  lastSample: number,
  samples: number,
) => void;

/**
 * What became of the samples that were appended since a reader of this name was first opened: the three add up to
 * them. Missing positions are no samples.
 */
export interface ReaderAccount {
  readonly name: string;
  /** It has read them, and has not given them back. */
  readonly processed: number;
  /** It will never read them: overwritten, passed over, or appended while it was closed. */
  readonly dropped: number;
  /** Held, and yet to be read. */
  readonly unread: number;
}

/** A stretch of positions, `to` excluded. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** The place and the account of a name; they outlive the reader. */
interface Place {
  readonly name: string;
  isOpen: boolean;
  position: number;
  processed: number;
  dropped: number;
  /** What it read last without a break, which is all that it may give back. */
  runFirst: number;
  runEnd: number;
}

/**
 * Owns the newest `capacity` positions of the sample clock; a full ring overwrites its oldest samples and never waits.
 * It does not guarantee that a slow reader hears everything: what a reader loses is reported and counted.
 * Positions are absolute sample counts. Appending and skipping copy at most `capacity` samples and allocate nothing;
 * what they take besides grows with the readers, the gaps that leave, and the logarithm of the gaps that stay.
 */
export class SampleRing {
  readonly capacity: number;
  readonly #samples: Int16Array;
  readonly #places: Place[] = [];
  readonly #onLoss: LossListener;
  readonly #gaps: GapList;
  readonly #start: number;
  #end: number;
  #appended = 0;

  /** `firstSample` is the position of the first sample that will be appended. */
  constructor(capacity: number, onLoss: LossListener = () => undefined, firstSample = 0) {
    if (!Number.isSafeInteger(capacity) || capacity < 1) {
      throw new RangeError(`A ring holds at least one sample, not ${String(capacity)}`);
    }
    this.capacity = capacity;
    this.#samples = new Int16Array(capacity);
    this.#onLoss = onLoss;
    // Between two gaps lies a sample at least; one comes in before others leave.
    this.#gaps = new GapList(Math.ceil(capacity / 2) + 2);
    this.#start = firstSample;
    this.#end = firstSample;
  }

  /** The position of the next sample to be appended. */
  get end(): number {
    return this.#end;
  }

  /** The oldest position still held; equals `end` when nothing is held. */
  get oldest(): number {
    return this.#heldFrom(this.#floor());
  }

  /** Samples appended since the start. */
  get appendedSamples(): number {
    return this.#appended;
  }

  /** How far the worst reader's next sample is from being overwritten: 0 is read, at 1 it goes next. */
  get utilisation(): number {
    let distance = 0;
    for (const { isOpen, position } of this.#places) {
      if (isOpen) distance = Math.max(distance, this.#end - this.#heldFrom(position));
    }
    return Math.min(1, distance / this.capacity);
  }

  /** One account for each name that ever had a reader, in the order of their first opening. */
  accounts(): ReaderAccount[] {
    return this.#places.map(({ name, processed, dropped, isOpen, position }) => ({
      name,
      processed,
      dropped,
      unread: isOpen ? this.#heldBetween(position, this.#end) : 0,
    }));
  }

  append(samples: Int16Array): void {
    const kept = Math.min(samples.length, this.capacity);
    let from = samples.length - kept;
    this.#appended += samples.length;
    this.#refuseForClosed(samples.length);
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
    this.#gaps.add(this.#end, this.#end + count);
    this.#advance(count);
  }

  /** Whether every position of `[from, to)` is held. */
  holds(from: number, to: number): boolean {
    if (from > to || from < this.#floor() || to > this.#end) return false;
    return from === to || this.#gaps.firstOf(this.#gaps.find(from)) >= to;
  }

  /** The unbroken stretch of held samples that `position` lies in or at the end of, or else the next one; it may be empty. */
  stretchAt(position: number): Stretch {
    const floor = this.#floor();
    const at = this.#heldFrom(Math.min(Math.max(position, floor), this.#end));
    const next = this.#gaps.find(at);
    return {
      from: next === 0 ? floor : Math.max(floor, this.#gaps.endOf(next - 1)),
      to: Math.min(this.#gaps.firstOf(next), this.#end),
    };
  }

  /** The samples of `[from, to)` in a new array; throws RangeError when they are not wholly held. */
  copy(from: number, to: number): Int16Array {
    this.#expectHeld(from, to);
    const copied = new Int16Array(to - from);
    this.copyInto(copied, from);
    return copied;
  }

  /** Fills `target` with the samples from `from` on; throws RangeError when they are not wholly held. */
  copyInto(target: Int16Array, from: number): void {
    this.#expectHeld(from, from + target.length);
    const at = from % this.capacity;
    const run = Math.min(target.length, this.capacity - at);
    target.set(this.#samples.subarray(at, at + run));
    target.set(this.#samples.subarray(0, target.length - run), run);
  }

  /** A reader that starts at `end`, with the account of its name. Names are unique among the open readers. */
  reader(name: string): RingReader {
    const known = this.#places.find((place) => place.name === name);
    if (known?.isOpen === true) {
      throw new RangeError(`The ring has a reader named ${name} already`);
    }
    const place = known ?? {
      name,
      isOpen: true,
      position: this.#end,
      processed: 0,
      dropped: 0,
      runFirst: this.#end,
      runEnd: this.#end,
    };
    if (known === undefined) this.#places.push(place);
    place.isOpen = true;
    return new RingReader(this, place, this.#gaps, {
      passOver: (to) => {
        this.#passOver(place, to);
      },
      drop: (first, end) => {
        this.#drop(place, first, end, end - first);
      },
    });
  }

  #floor(): number {
    return Math.max(this.#start, this.#end - this.capacity);
  }

  #expectHeld(from: number, to: number): void {
    if (this.holds(from, to)) return;
    throw new RangeError(
      `The ring does not hold samples ${String(from)} to ${String(to)}: it holds ${String(this.oldest)} to ${String(this.#end)}`,
    );
  }

  /** `position`, or the end of the gap that it lies in. */
  #heldFrom(position: number): number {
    const gap = this.#gaps.find(position);
    return this.#gaps.firstOf(gap) <= position ? this.#gaps.endOf(gap) : position;
  }

  #refuseForClosed(count: number): void {
    for (const place of this.#places) {
      if (place.isOpen || count === 0) continue;
      place.dropped += count;
      this.#onLoss(place.name, this.#end, this.#end + count - 1, count);
    }
  }

  /** Moves the clock, moves on every reader that is overtaken, then forgets the gaps that left the window. */
  #advance(count: number): void {
    this.#end += count;
    const floor = this.#floor();
    for (const place of this.#places) {
      if (!place.isOpen) moveTo(place, this.#end);
      else if (place.position < floor) this.#overtake(place, floor);
    }
    this.#gaps.forget(floor);
  }

  /** The run that it may give back stays as it is: a request with it may still be on its way. */
  #overtake(place: Place, floor: number): void {
    const first = place.position;
    const lost = this.#heldBetween(first, floor);
    place.position = floor;
    this.#drop(place, first, floor, lost);
  }

  #passOver(place: Place, to: number): void {
    const first = place.position;
    const lost = this.#heldBetween(first, to);
    moveTo(place, to);
    this.#drop(place, first, to, lost);
  }

  #drop(place: Place, first: number, end: number, samples: number): void {
    place.dropped += samples;
    if (samples > 0) this.#onLoss(place.name, first, end - 1, samples);
  }

  #heldBetween(from: number, to: number): number {
    return to - from - (this.#gaps.missingBefore(to) - this.#gaps.missingBefore(from));
  }
}

function moveTo(place: Place, position: number): void {
  place.position = position;
  place.runFirst = position;
  place.runEnd = position;
}

/** What the ring does for a reader. */
interface Dropping {
  /** The reader goes on at `to`, and drops what is held before it. */
  passOver(to: number): void;
  /** The samples of `[first, end)` were read and given back, and have been overwritten meanwhile. */
  drop(first: number, end: number): void;
}

/**
 * Owns one consumer's place in a ring. It guarantees order, and that no sample is read twice without a `rewind`;
 * it does not guarantee that positions are consecutive: a gap, or a loss, moves `position` on.
 */
export class RingReader {
  readonly #ring: SampleRing;
  readonly #place: Place;
  readonly #gaps: GapList;
  readonly #dropping: Dropping;
  #isClosed = false;

  /** Made by {@link SampleRing.reader} alone. */
  constructor(ring: SampleRing, place: Place, gaps: GapList, dropping: Dropping) {
    this.#ring = ring;
    this.#place = place;
    this.#gaps = gaps;
    this.#dropping = dropping;
  }

  get name(): string {
    return this.#place.name;
  }

  /** The next unread position that is held, or the ring's end. */
  get position(): number {
    const { position } = this.#place;
    const gap = this.#gaps.find(position);
    return this.#gaps.firstOf(gap) <= position ? this.#gaps.endOf(gap) : position;
  }

  /** Samples that can be read from `position` on without meeting a gap. */
  get available(): number {
    const { position } = this;
    return Math.min(this.#gaps.firstOf(this.#gaps.find(position)), this.#ring.end) - position;
  }

  /** Where the samples go on after the gap that bounds `available`; undefined when no gap is ahead. */
  get resumesAt(): number | undefined {
    const gap = this.#gaps.find(this.position);
    return gap < this.#gaps.size ? this.#gaps.endOf(gap) : undefined;
  }

  /** Captured samples that no reader of this name will read any more. */
  get droppedSamples(): number {
    return this.#place.dropped;
  }

  /** The next `count` samples, or undefined when fewer are available; a read never spans a gap. */
  read(count: number): Int16Array | undefined {
    const place = this.#open();
    if (count > this.available) return undefined;
    const from = this.position;
    const samples = this.#ring.copy(from, from + count);
    if (from !== place.runEnd) place.runFirst = from;
    place.position = from + count;
    place.runEnd = from + count;
    place.processed += count;
    return samples;
  }

  /**
   * Gives back what was read from `position` on, so that it is read again, and returns where it is now. It gives back
   * no more than it read without a break; what is not held any more is dropped.
   */
  rewind(position: number): number {
    const place = this.#open();
    if (position > this.position) {
      throw new RangeError(
        `${this.name} cannot rewind from ${String(this.position)} forward to ${String(position)}`,
      );
    }
    const { runEnd } = place;
    const first = Math.min(Math.max(position, place.runFirst), runEnd);
    const held = Math.min(Math.max(first, this.#ring.end - this.#ring.capacity), runEnd);
    place.processed -= runEnd - first;
    place.runEnd = first;
    if (held < runEnd) place.position = held;
    if (held > first) this.#dropping.drop(first, held);
    return this.position;
  }

  /** Moves forward to `position`; what is held before it is dropped. Returns where it is now. */
  seek(position: number): number {
    const place = this.#open();
    if (position < place.position || position > this.#ring.end) {
      throw new RangeError(
        `${this.name} cannot seek from ${String(this.position)} to ${String(position)}: the ring ends at ${String(this.#ring.end)}`,
      );
    }
    this.#dropping.passOver(position);
    return this.position;
  }

  /** What is unread is dropped, and what comes before the next reader of this name is opened; this one is of no more use. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#dropping.passOver(this.#ring.end);
    this.#place.isOpen = false;
  }

  #open(): Place {
    if (this.#isClosed) throw new Error(`the reader ${this.name} is closed`);
    return this.#place;
  }
}
