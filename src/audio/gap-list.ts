/**
 * Owns the missing ranges that touch a ring's window, oldest first and never adjacent. It allocates once, for as many
 * as there can be, so that nothing is allocated where samples come in; a lookup takes the logarithm of their number.
 * What it is asked about positions before the last `forget` is not guaranteed.
 */
export class GapList {
  readonly #mask: number;
  readonly #firsts: Float64Array;
  readonly #ends: Float64Array;
  /** Missing positions before each gap, since the start. */
  readonly #before: Float64Array;
  #head = 0;
  #size = 0;
  #total = 0;

  /** `most` gaps at once; one more is an error of the caller's that it does not look for. */
  constructor(most: number) {
    const places = 2 ** Math.ceil(Math.log2(most));
    this.#mask = places - 1;
    this.#firsts = new Float64Array(places);
    this.#ends = new Float64Array(places);
    this.#before = new Float64Array(places);
  }

  get size(): number {
    return this.#size;
  }

  /** Positions `first` to `end` are missing; nothing from `first` on is in the list yet. */
  add(first: number, end: number): void {
    if (this.#size > 0 && this.endOf(this.#size - 1) === first) {
      this.#ends[this.#at(this.#size - 1)] = end;
    } else {
      const place = this.#at(this.#size);
      this.#firsts[place] = first;
      this.#ends[place] = end;
      this.#before[place] = this.#total;
      this.#size += 1;
    }
    this.#total += end - first;
  }

  /** Leaves out what ends at or before `floor`. */
  forget(floor: number): void {
    while (this.#size > 0 && this.endOf(0) <= floor) {
      this.#head = (this.#head + 1) & this.#mask;
      this.#size -= 1;
    }
  }

  /** The index of the first gap that ends behind `position`; `size` when there is none. */
  find(position: number): number {
    let low = 0;
    let high = this.#size;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.endOf(middle) > position) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** Infinity behind the last one. */
  firstOf(index: number): number {
    return index < this.#size ? (this.#firsts[this.#at(index)] ?? Infinity) : Infinity;
  }

  /** Infinity behind the last one. */
  endOf(index: number): number {
    return index < this.#size ? (this.#ends[this.#at(index)] ?? Infinity) : Infinity;
  }

  /** How many positions before `position` are missing, since the start. */
  missingBefore(position: number): number {
    const index = this.find(position);
    if (index === this.#size) return this.#total;
    const before = this.#before[this.#at(index)] ?? 0;
    return before + Math.max(0, position - this.firstOf(index));
  }

  #at(index: number): number {
    return (this.#head + index) & this.#mask;
  }
}
