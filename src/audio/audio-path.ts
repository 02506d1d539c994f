import { LossLedger } from './loss-ledger.ts';
import { SampleRing } from './sample-ring.ts';
import { SAMPLE_RATE_HZ } from '../domain/pcm.ts';

/** Samples by their fate; `captured` counts those that came in, `missing` those of gaps. */
export interface SampleCounters {
  captured: number;
  /** Came while the ring's stage was down, or before any reader could take them. */
  refused: number;
  missing: number;
}

/**
 * The data plane's trunk: the ring, the sample clock, and who is told of new samples. It outlives the stages, so
 * that a restarted stage finds the clock where it was. Everything here is synchronous and bounded.
 */
export class AudioPath {
  readonly ring: SampleRing;
  readonly counters: SampleCounters = { captured: 0, refused: 0, missing: 0 };
  /** What readers lost, and nobody has told of yet. */
  readonly losses = new LossLedger();
  readonly #listeners = new Set<() => void>();
  readonly #lossListeners = new Set<(reader: string) => void>();
  readonly #waiters = new Set<() => void>();
  readonly #pressures = new Set<() => boolean>();
  #isOpen = false;
  #anchorSample = 0;
  #anchorSeconds = 0;

  constructor(capacitySamples: number) {
    this.ring = new SampleRing(capacitySamples, (reader, firstSample, lastSample, samples) => {
      this.losses.note({ reader, firstSample, lastSample, samples });
      for (const listener of this.#lossListeners) listener(reader);
    });
  }

  /** Calls back when a reader has lost something, which is in `losses`; returns how to end that. */
  onLoss(listener: (reader: string) => void): () => void {
    this.#lossListeners.add(listener);
    return () => this.#lossListeners.delete(listener);
  }

  /** The ring stage lets samples in. */
  open(): void {
    this.#isOpen = true;
  }

  /** From here on the clock runs and the samples are counted as refused. */
  close(): void {
    this.#isOpen = false;
  }

  write(samples: Int16Array): void {
    this.counters.captured += samples.length;
    if (!this.#isOpen) {
      this.counters.refused += samples.length;
      this.ring.skip(samples.length);
      return;
    }
    this.ring.append(samples);
    for (const listener of this.#listeners) listener();
  }

  /** The clock moves on by samples that were never captured. */
  skip(samples: number): void {
    this.counters.missing += samples;
    this.ring.skip(samples);
    for (const listener of this.#listeners) listener();
  }

  /** Calls back after each write; returns how to end that. */
  onWrite(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The sample now at the end of the ring was captured at this moment, in seconds from the Unix epoch. */
  anchor(seconds: number): void {
    this.#anchorSample = this.ring.end;
    this.#anchorSeconds = seconds;
  }

  /** When a sample was captured, in seconds from the Unix epoch, counted from the anchor. */
  secondsAt(sample: number): number {
    return this.#anchorSeconds + (sample - this.#anchorSample) / SAMPLE_RATE_HZ;
  }

  /** A consumer that can fall behind says here whether it has; returns how to end that. */
  addPressure(isBehind: () => boolean): () => void {
    this.#pressures.add(isBehind);
    return () => {
      this.#pressures.delete(isBehind);
      this.relieve();
    };
  }

  /** For a source that can wait: undefined when there is room, else a promise of it. */
  room(): Promise<void> | undefined {
    if (!this.#isBehind()) return undefined;
    return new Promise((resolve) => this.#waiters.add(resolve));
  }

  /** A consumer has caught up somewhat. */
  relieve(): void {
    if (this.#waiters.size === 0 || this.#isBehind()) return;
    const waiters = [...this.#waiters];
    this.#waiters.clear();
    for (const wake of waiters) wake();
  }

  #isBehind(): boolean {
    for (const isBehind of this.#pressures) if (isBehind()) return true;
    return false;
  }
}
