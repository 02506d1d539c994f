import {
  NAME_BYTES,
  NAME_SLOTS,
  WORDS,
  createFlightRecord,
  namesOf,
  packStep,
  slotsOf,
  wordsOf,
} from '../domain/flight-record.ts';

/** Steps within steps that are remembered; deeper ones show the name of the one at this depth. */
const MAX_DEPTH = 64;

/**
 * Writes down which actor runs and which event it handles, for another thread to read when this one no longer
 * answers. It knows nothing of time: a step is over when it is left. Names are cut at 63 bytes, and when its table is
 * full the name that was learnt first is forgotten, and counted.
 */
export class FlightRecorder {
  readonly record = createFlightRecord();
  readonly #words = wordsOf(this.record);
  readonly #names = namesOf(this.record);
  readonly #slots = new Map<string, number>();
  readonly #nameInSlot: string[] = [''];
  readonly #outer = new Int32Array(MAX_DEPTH);
  readonly #encoder = new TextEncoder();
  readonly #scratch = new Uint8Array(NAME_BYTES - 1);
  #nextSlot = 1;
  #depth = 0;
  #running = 0;

  /** The actor begins to handle the event; what was running goes on when it leaves. */
  enter(actorId: string, eventType: string): void {
    if (this.#depth < MAX_DEPTH) this.#outer[this.#depth] = this.#running;
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) return;
    // The names are in the table before the word refers to them.
    this.#running = packStep(this.#slotOf(actorId), this.#slotOf(eventType));
    Atomics.store(this.#words, WORDS.running, this.#running);
  }

  /** The one that entered last is done; with nobody inside, nothing. */
  leave(): void {
    if (this.#depth === 0) return;
    this.#depth -= 1;
    if (this.#depth >= MAX_DEPTH) return;
    // Plain, since the store behind it publishes both, and costs the most of all this.
    this.#words[WORDS.last] = this.#running;
    this.#running = this.#outer[this.#depth] ?? 0;
    Atomics.store(this.#words, WORDS.running, this.#running);
  }

  /** Tells that the event loop turns. Called from the loop itself, where nobody is inside: a leave that was forgotten ends here. */
  beat(): void {
    this.#depth = 0;
    this.#running = 0;
    Atomics.store(this.#words, WORDS.running, 0);
    Atomics.add(this.#words, WORDS.beat, 1);
  }

  #slotOf(name: string): number {
    return this.#slots.get(name) ?? this.#learn(name);
  }

  #learn(name: string): number {
    const slot = this.#freeSlot();
    const { written } = this.#encoder.encodeInto(name, this.#scratch);
    this.#names[slot * NAME_BYTES] = written;
    this.#names.set(this.#scratch.subarray(0, written), slot * NAME_BYTES + 1);
    this.#slots.set(name, slot);
    this.#nameInSlot[slot] = name;
    return slot;
  }

  #freeSlot(): number {
    while (this.#isShown(this.#nextSlot)) this.#advance();
    const slot = this.#nextSlot;
    this.#advance();
    const forgotten = this.#nameInSlot[slot];
    if (forgotten !== undefined) {
      this.#slots.delete(forgotten);
      Atomics.add(this.#words, WORDS.forgotten, 1);
    }
    return slot;
  }

  #advance(): void {
    this.#nextSlot = (this.#nextSlot % (NAME_SLOTS - 1)) + 1;
  }

  /** Whether a step that the record shows, or will show again, refers to this slot. */
  #isShown(slot: number): boolean {
    const inside = this.#outer.subarray(0, Math.min(this.#depth, MAX_DEPTH));
    const last = Atomics.load(this.#words, WORDS.last);
    return [...inside, this.#running, last].some((step) => slotsOf(step).includes(slot));
  }
}

/** The record of this process. */
export const processRecorder = new FlightRecorder();
