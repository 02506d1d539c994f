import { SampleRing } from '../audio/sample-ring.ts';

const FRAME_SAMPLES = 320;
const HOP_SAMPLES = 512;
const MOST_HOPS = 16;
/** The longest utterance. */
const COPY_SAMPLES = 28 * 16_000;

/** What is measured; `nothing` is what measuring takes by itself. */
export const OPERATIONS = ['append', 'overtake', 'skip', 'hop', 'hops', 'copy', 'nothing'] as const;
export type RingOperation = (typeof OPERATIONS)[number];

/** A ring that is full, and what its window looks like. */
export interface RingCase {
  readonly capacitySamples: number;
  /** `gaps`: every other position is missing, in as much of the window as the operation leaves. */
  readonly window: 'whole' | 'gaps';
}

/** One thing that a ring does, again and again. */
export interface PreparedOperation {
  /** What has to happen before each time, and is not measured. */
  prepare(): void;
  operate(): unknown;
  /** Missing ranges in the window now. */
  gaps(): number;
}

/** A full ring before the operation; each time it finds the ring as it was, but for the positions. */
export function prepareOperation(
  operation: RingOperation,
  { capacitySamples, window }: RingCase,
): PreparedOperation {
  const ring = new SampleRing(capacitySamples);
  const frame = new Int16Array(FRAME_SAMPLES).fill(1);
  const sample = frame.subarray(0, 1);

  /** Moves the clock on by so many positions, whole or every other one missing. */
  function fill(positions: number): void {
    if (window === 'whole') ring.append(new Int16Array(positions).fill(1));
    else {
      for (let left = positions; left > 0; left -= 2) {
        ring.append(sample);
        ring.skip(1);
      }
    }
  }

  /** What moves the clock is measured with readers that keep up, or that never read. */
  function moving(operate: () => void, readers: readonly string[], isRead: boolean) {
    const open = readers.map((name) => ring.reader(name));
    fill(2 * capacitySamples);
    return {
      operate,
      gaps: () => countGaps(ring),
      prepare: () => {
        fill(FRAME_SAMPLES);
        ring.append(sample);
        if (isRead) for (const reader of open) reader.seek(ring.end);
      },
    };
  }

  /** The same samples are read each time: those behind all the gaps. */
  function reading(count: number) {
    fill(2 * capacitySamples);
    const reader = ring.reader('one');
    const first = ring.end;
    ring.append(new Int16Array(count).fill(1));
    return {
      prepare: () => void reader.rewind(first),
      operate: () => reader.read(count),
      gaps: () => countGaps(ring),
    };
  }

  function copying() {
    const half = Math.floor(capacitySamples / 2);
    const count = Math.min(COPY_SAMPLES, window === 'whole' ? capacitySamples : half);
    fill(2 * capacitySamples);
    ring.append(new Int16Array(half).fill(1));
    const from = ring.end - count;
    const target = new Int16Array(count);
    return {
      prepare: () => undefined,
      operate: () => {
        ring.copyInto(target, from);
        return target;
      },
      gaps: () => countGaps(ring),
    };
  }

  switch (operation) {
    case 'append':
      return moving(
        () => {
          ring.append(frame);
        },
        ['one', 'two', 'three'],
        true,
      );
    case 'overtake':
      return moving(
        () => {
          ring.append(frame);
        },
        ['one', 'two', 'three'],
        false,
      );
    case 'skip':
      return moving(
        () => {
          ring.skip(FRAME_SAMPLES);
        },
        ['one', 'two', 'three'],
        true,
      );
    case 'hop':
      return reading(HOP_SAMPLES);
    case 'hops':
      return reading(HOP_SAMPLES * MOST_HOPS);
    case 'copy':
      return copying();
    case 'nothing':
      return { prepare: () => undefined, operate: () => undefined, gaps: () => 0 };
  }
}

function countGaps(ring: SampleRing): number {
  let count = 0;
  for (let { to } = ring.stretchAt(ring.oldest); to < ring.end; count += 1) {
    ({ to } = ring.stretchAt(to));
  }
  return count;
}
