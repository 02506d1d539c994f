/**
 * The layout of a flight record: which actor runs and what it handles, in memory that two threads share. One thread
 * writes it; what another reads is consistent while the writer stands still, which is when it is asked.
 */
export const WORDS = { beat: 0, running: 1, last: 2, forgotten: 3 } as const;

const WORD_BYTES = 4;
const HEADER_BYTES = WORD_BYTES * Object.keys(WORDS).length;
/** One byte of length, and the name. */
export const NAME_BYTES = 64;
/** Slot 0 is for nobody and nothing. */
export const NAME_SLOTS = 1024;
const EVENT_BITS = 16;

/** Who did what; null for nobody. */
export interface Step {
  readonly actor: string;
  readonly event: string;
}

export interface FlightReading {
  readonly running: Step | null;
  /** What ran last and is over. */
  readonly last: Step | null;
  /** Names whose slot was given to another, since the table was full. */
  readonly forgottenNames: number;
}

/** An empty record. */
export function createFlightRecord(): SharedArrayBuffer {
  return new SharedArrayBuffer(HEADER_BYTES + NAME_SLOTS * NAME_BYTES);
}

export function wordsOf(record: SharedArrayBuffer): Int32Array<SharedArrayBuffer> {
  return new Int32Array(record, 0, HEADER_BYTES / WORD_BYTES);
}

export function namesOf(record: SharedArrayBuffer): Uint8Array<SharedArrayBuffer> {
  return new Uint8Array(record, HEADER_BYTES);
}

/** The slots of an actor's and an event's name in one word, so that they change together. */
export function packStep(actorSlot: number, eventSlot: number): number {
  return (actorSlot << EVENT_BITS) | eventSlot;
}

/** The slots that a packed step refers to. */
export function slotsOf(step: number): readonly [actorSlot: number, eventSlot: number] {
  return [step >>> EVENT_BITS, step & ((1 << EVENT_BITS) - 1)];
}

/** The beat, which counts up for as long as the writer's event loop turns. */
export function beatOf(words: Int32Array): number {
  return Atomics.load(words, WORDS.beat);
}

/** Reads a record from any thread. */
export function readFlight(record: SharedArrayBuffer): FlightReading {
  const words = wordsOf(record);
  const names = namesOf(record);
  return {
    running: stepAt(names, Atomics.load(words, WORDS.running)),
    last: stepAt(names, Atomics.load(words, WORDS.last)),
    forgottenNames: Atomics.load(words, WORDS.forgotten),
  };
}

function stepAt(names: Uint8Array, step: number): Step | null {
  if (step === 0) return null;
  const [actor, event] = slotsOf(step);
  return { actor: nameAt(names, actor), event: nameAt(names, event) };
}

function nameAt(names: Uint8Array, slot: number): string {
  const from = slot * NAME_BYTES;
  const length = names[from] ?? 0;
  // A decoder takes no shared memory, so the bytes are copied.
  return new TextDecoder().decode(Uint8Array.from(names.subarray(from + 1, from + 1 + length)));
}
