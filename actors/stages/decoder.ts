import type { AudioPath } from '../../src/audio/audio-path.ts';
import { UtteranceBuffer } from '../../src/audio/utterance-buffer.ts';
import { describeError } from '../../src/domain/errors.ts';
import type { Recognition } from '../../src/domain/events.ts';
import { samplesToMs } from '../../src/domain/pcm.ts';
import type { TranscriptionFact } from '../../machines/transcription.ts';
import type { EngineLink } from '../engine-link.ts';
import { isEngineLoss } from './hop-pump.ts';

export interface DecoderOptions {
  readonly path: AudioPath;
  readonly link: EngineLink<'recogniser'>;
  now(): number;
  /** Audio before the first sign of speech that belongs to the utterance. */
  readonly leadingSamples: number;
  /** Audio after the last sign of speech that belongs to it; it has been heard when a pause is told. */
  readonly trailingSamples: number;
  /** New audio that makes another partial worth while; null for none. */
  readonly partialSamples: number | null;
  readonly maxUtteranceSamples: number;
  /** More finals than this may not wait: the oldest fails. */
  readonly maxWaitingFinals: number;
  /** With more than this, a source that can wait has to. */
  readonly comfortableFinals: number;
  tell(fact: Extract<TranscriptionFact, { type: 'decode.done' | 'decode.failed' }>): void;
  onFailed(thrown: unknown): void;
}

export interface DecodeRequest {
  readonly utteranceId: string;
  readonly kind: 'provisional' | 'final';
  readonly endSample: number;
  readonly isCut: boolean;
}

type Kind = 'partial' | 'provisional' | 'final';

interface Job {
  readonly utteranceId: string;
  kind: Kind;
  readonly fromSample: number;
  readonly toSample: number;
  requestedAtMs: number;
  attempts: number;
}

interface Kept {
  readonly buffer: UtteranceBuffer;
  /** What comes now does not belong to it. */
  isSealed: boolean;
  wantsPartials: boolean;
  partialAt: number;
  /** The last full answer, in case the final asks for the same samples. */
  answer: Recognition | null;
}

const MAX_ATTEMPTS = 4;
/** An utterance that is found late may have begun before the latest source; no more sources ago than this. */
const MAX_BASES = 16;
const BASE_DEADLINE_MS = 5_000;

/**
 * Keeps each utterance's audio and has it recognised, one request at a time: finals first, then what may become
 * one, then partials, which are left out when there is anything else to do. A request that its engine did not
 * survive is made again of the next engine, from the utterance's own buffer.
 */
export class Decoder {
  readonly #options: DecoderOptions;
  readonly #kept = new Map<string, Kept>();
  readonly #release: (() => void)[];
  #queue: Job[] = [];
  #running: Job | null = null;
  #floorSample = 0;
  /** Where the latest sources began, oldest first. */
  #bases: readonly number[] = [];
  #isClosed = false;

  constructor(options: DecoderOptions) {
    this.#options = options;
    this.#release = [
      options.path.onWrite(() => {
        this.#follow();
      }),
      options.path.addPressure(() => this.#waitingFinals() > options.comfortableFinals),
    ];
  }

  /** A source begins here, which nothing was written of yet: no utterance reaches from one into another. */
  open(baseSample: number): void {
    this.#bases = [...this.#bases, baseSample].slice(-MAX_BASES);
    for (const kept of this.#kept.values()) kept.isSealed = true;
  }

  keep(utteranceId: string, startSample: number): void {
    const { ring } = this.#options.path;
    const base = this.#bases.findLast((one) => one <= startSample) ?? 0;
    const nextBase = this.#bases.find((one) => one > startSample);
    const stretch = ring.stretchAt(startSample);
    const earliest = startSample - this.#options.leadingSamples;
    const from = Math.min(ring.end, Math.max(stretch.from, earliest, this.#floorSample, base));
    const to = Math.max(from, Math.min(stretch.to, nextBase ?? Infinity));
    const buffer = new UtteranceBuffer(from, this.#options.maxUtteranceSamples);
    buffer.appendFrom(ring, to);
    this.#kept.set(utteranceId, {
      buffer,
      isSealed: nextBase !== undefined,
      wantsPartials: false,
      partialAt: from + (this.#options.partialSamples ?? 0),
      answer: null,
    });
  }

  drop(utteranceId: string): void {
    this.#kept.delete(utteranceId);
    this.#queue = this.#queue.filter((job) => job.utteranceId !== utteranceId);
    this.#options.path.relieve();
  }

  wantPartials(utteranceId: string, isWanted: boolean): void {
    const kept = this.#kept.get(utteranceId);
    if (kept !== undefined) kept.wantsPartials = isWanted;
    this.#schedule();
  }

  decode(request: DecodeRequest): void {
    const { utteranceId, kind } = request;
    const kept = this.#kept.get(utteranceId);
    if (kept === undefined) return;
    const { buffer } = kept;
    const wantedEnd = request.endSample + (request.isCut ? 0 : this.#options.trailingSamples);
    const toSample = Math.min(wantedEnd, buffer.endSample);
    if (kind === 'final') this.#floorSample = Math.max(this.#floorSample, request.endSample);
    if (toSample <= buffer.firstSample) {
      this.#options.tell({ type: 'decode.failed', utteranceId, kind, reason: 'its audio is gone' });
      return;
    }
    if (kept.answer?.toSample === toSample) {
      this.#answer({ utteranceId, kind }, { ...kept.answer, turnaroundMs: 0 });
      return;
    }
    const same = [this.#running, ...this.#queue].find(
      (job) =>
        job?.utteranceId === utteranceId && job.kind !== 'partial' && job.toSample === toSample,
    );
    if (same) {
      if (same.kind !== kind)
        Object.assign(same, { kind: 'final', requestedAtMs: this.#options.now() });
      return;
    }
    this.#queue = this.#queue.filter(
      (job) => job.utteranceId !== utteranceId || job.kind === 'final',
    );
    this.#queue.push({
      utteranceId,
      kind,
      fromSample: buffer.firstSample,
      toSample,
      requestedAtMs: this.#options.now(),
      attempts: 0,
    });
    this.#shed();
    this.#schedule();
  }

  /** The engine is there again. */
  resume(): void {
    this.#schedule();
  }

  close(): void {
    this.#isClosed = true;
    for (const release of this.#release) release();
  }

  /** The utterances that are open take the samples that came in. */
  #follow(): void {
    const { ring } = this.#options.path;
    for (const { buffer, isSealed } of this.#kept.values()) {
      const from = buffer.endSample;
      // Behind a gap nothing is taken any more: an utterance never spans one.
      if (!isSealed && ring.holds(from, ring.end)) buffer.appendFrom(ring, ring.end);
    }
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isClosed || this.#running !== null || !this.#options.link.isReady) return;
    const job = this.#takeNext();
    if (job !== null) this.#run(job);
  }

  #takeNext(): Job | null {
    const index = this.#queue.findIndex((job) => job.kind === 'final');
    const [job] = this.#queue.splice(Math.max(0, index), 1);
    return job ?? this.#nextPartial();
  }

  #nextPartial(): Job | null {
    const { partialSamples } = this.#options;
    if (partialSamples === null) return null;
    for (const [utteranceId, kept] of this.#kept) {
      const { buffer } = kept;
      if (!kept.wantsPartials || buffer.endSample < kept.partialAt) continue;
      kept.partialAt = buffer.endSample + partialSamples;
      return {
        utteranceId,
        kind: 'partial',
        fromSample: buffer.firstSample,
        toSample: buffer.endSample,
        requestedAtMs: this.#options.now(),
        attempts: 0,
      };
    }
    return null;
  }

  #run(job: Job): void {
    const kept = this.#kept.get(job.utteranceId);
    if (kept === undefined) return;
    this.#running = job;
    job.attempts += 1;
    const samples = kept.buffer.slice(job.fromSample, job.toSample);
    const startedAtMs = this.#options.now();
    this.#options.link
      .request({ samples }, { deadlineMs: BASE_DEADLINE_MS + samplesToMs(samples.length) })
      .then(
        (result) => {
          this.#finish(() => {
            const { identity } = this.#options.link;
            if (identity === null) throw new Error('an engine without an identity answered');
            const recognition: Recognition = {
              text: result.text,
              confidence: result.confidence,
              fromSample: job.fromSample,
              toSample: job.toSample,
              decodeMs: this.#options.now() - startedAtMs,
              turnaroundMs: this.#options.now() - job.requestedAtMs,
              engine: identity,
            };
            if (job.kind !== 'partial') kept.answer = recognition;
            this.#answer(job, recognition);
          });
        },
        (thrown: unknown) => {
          this.#finish(() => {
            this.#retry(job, thrown);
          });
        },
      );
  }

  #finish(conclude: () => void): void {
    this.#running = null;
    if (this.#isClosed) return;
    try {
      conclude();
      this.#options.path.relieve();
      this.#schedule();
    } catch (thrown) {
      this.#options.onFailed(thrown);
    }
  }

  #retry(job: Job, thrown: unknown): void {
    if (job.kind === 'partial' || !this.#kept.has(job.utteranceId)) return;
    if (isEngineLoss(thrown) && job.attempts < MAX_ATTEMPTS) {
      this.#queue.unshift(job);
      return;
    }
    this.#fail(job, describeError(thrown));
  }

  #answer(job: { utteranceId: string; kind: Kind }, recognition: Recognition): void {
    const { utteranceId, kind } = job;
    this.#options.tell({ type: 'decode.done', utteranceId, kind, recognition });
  }

  #fail(job: Job, reason: string): void {
    this.#options.tell({
      type: 'decode.failed',
      utteranceId: job.utteranceId,
      kind: job.kind,
      reason,
    });
  }

  #waitingFinals(): number {
    return this.#queue.filter((job) => job.kind === 'final').length;
  }

  #shed(): void {
    while (this.#waitingFinals() > this.#options.maxWaitingFinals) {
      const index = this.#queue.findIndex((job) => job.kind === 'final');
      const [job] = this.#queue.splice(index, 1);
      if (job !== undefined) this.#fail(job, 'too many utterances wait for the recogniser');
    }
  }
}
