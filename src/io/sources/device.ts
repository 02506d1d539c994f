import { FrameCutter } from '../../audio/frame-cutter.ts';
import { PcmDecoder } from '../../audio/pcm-decoder.ts';
import { describeFormat } from '../../audio/pcm-format.ts';
import type { PcmFormat } from '../../audio/pcm-format.ts';
import { createResampler } from '../../audio/resampler.ts';
import type { Resampler } from '../../audio/resampler.ts';
import { RtapError } from '../../domain/errors.ts';
import { SAMPLE_RATE_HZ } from '../../domain/pcm.ts';
import { PortAudioChild } from './portaudio-child.ts';
import type { PortAudioAnswer } from './portaudio-protocol.ts';
import type { AudioSource, SourceClock, SourceInfo, SourceSink } from './source.ts';

/** To start a Node process and load the binding, before PortAudio is asked for anything. */
const START_DEADLINE_MS = 5_000;
/** From then to the first samples. */
const FIRST_FRAME_DEADLINE_MS = 2_000;
/** Healthy devices have been seen to pause for 218 ms; silence still delivers samples. */
const STALL_MS = 300;
const STOP_BOUND_MS = 1_000;

/** What is tried, in order; a device that refuses the pipeline's rate is converted from its own. */
const WANTED_FORMATS: readonly { sampleRateHz: number | null; channels: number }[] = [
  { sampleRateHz: SAMPLE_RATE_HZ, channels: 1 },
  { sampleRateHz: null, channels: 1 },
  { sampleRateHz: null, channels: 2 },
];

/**
 * Owns one input device, through PortAudio in a process of its own. It finds the loss of the device by that process's end, or by silence
 * on its line for 300 ms; it does not reopen the device, and cannot tell when the system moves the stream to another one.
 * Errors of `open`: DEVICE_NOT_FOUND, DEVICE_UNAVAILABLE; after that: DEVICE_LOST.
 */
export class DeviceSource implements AudioSource {
  readonly #name: string;
  readonly #clock: SourceClock;
  #capture: Capture | undefined;
  #opened = false;
  #stopped = false;
  #stopping: Promise<void> | undefined;

  constructor(name: string, clock: SourceClock) {
    this.#name = name;
    this.#clock = clock;
  }

  async open(): Promise<SourceInfo> {
    if (this.#opened) throw new Error('A source is opened once');
    this.#opened = true;
    let refusal: RtapError | undefined;
    for (const wanted of WANTED_FORMATS) {
      if (this.#stopped) throw stoppedEarly();
      this.#capture = new Capture(this.#name, wanted, this.#clock);
      try {
        return await this.#capture.open();
      } catch (thrown) {
        await this.#capture.kill();
        if (this.#isStopped()) throw stoppedEarly();
        refusal = thrown instanceof RtapError ? thrown : undefined;
        if (refusal?.details['formatRefused'] !== true) throw thrown;
      }
    }
    throw refusal ?? stoppedEarly();
  }

  start(sink: SourceSink): void {
    if (this.#stopped) return;
    if (this.#capture === undefined) throw new Error('A source is started after it is open');
    this.#capture.start(sink);
  }

  stop(): Promise<void> {
    this.#stopped = true;
    this.#stopping ??= this.#capture?.kill() ?? Promise.resolve();
    return this.#stopping;
  }

  /** TypeScript cannot see that stop() runs while open() waits. */
  #isStopped(): boolean {
    return this.#stopped;
  }
}

/** One attempt at one format: one process. */
class Capture {
  readonly #name: string;
  readonly #clock: SourceClock;
  readonly #child: PortAudioChild;
  readonly #cutter = new FrameCutter();
  readonly #losses: { atByte: number; bytes: number }[] = [];
  #deadline: unknown;
  #opened: Extract<PortAudioAnswer, { type: 'opened' }> | undefined;
  #settleOpen: ((failure: RtapError | undefined) => void) | undefined;
  #decoder: PcmDecoder | undefined;
  #resampler: Resampler | undefined;
  #sink: SourceSink | undefined;
  #hasSamples = false;
  #receivedBytes = 0;
  #lastBytesMs = 0;
  #over = false;
  #killing: Promise<void> | undefined;

  constructor(
    name: string,
    wanted: { sampleRateHz: number | null; channels: number },
    clock: SourceClock,
  ) {
    this.#name = name;
    this.#clock = clock;
    this.#child = new PortAudioChild(
      { type: 'open', device: name, ...wanted },
      {
        answer: (message) => {
          this.#hear(message);
        },
        ended: (how) => {
          this.#fail(`its process ended: ${how}`);
        },
      },
    );
  }

  /** Resolves with the first samples at hand, which wait for `start`. */
  async open(): Promise<SourceInfo> {
    await new Promise<void>((resolve, reject) => {
      this.#settleOpen = (failure) => {
        this.#settleOpen = undefined;
        this.#clock.clearTimeout(this.#deadline);
        if (failure === undefined) resolve();
        else reject(failure);
      };
      this.#expect(START_DEADLINE_MS, 'its process did not start');
      this.#child.pcm?.once('readable', () => {
        this.#hasSamples = true;
        this.#settleIfOpen();
      });
    });
    const opened = this.#opened;
    if (opened === undefined) throw this.#unavailable('it was never open');
    const { sampleRateHz, channels } = opened;
    const format: PcmFormat = { encoding: 's16le', sampleRateHz, channels };
    this.#decoder = new PcmDecoder(format);
    this.#resampler = await createResampler(sampleRateHz);
    return {
      kind: 'device',
      name: opened.device,
      sampleRateHz,
      channels,
      format: describeFormat(format),
      durationMs: null,
      realTime: true,
    };
  }

  start(sink: SourceSink): void {
    this.#sink = sink;
    this.#lastBytesMs = this.#clock.now();
    this.#child.pcm?.on('data', (bytes: Buffer) => {
      this.#receive(bytes);
    });
    this.#watch();
  }

  kill(): Promise<void> {
    this.#killing ??= this.#kill();
    return this.#killing;
  }

  async #kill(): Promise<void> {
    this.#over = true;
    this.#sink = undefined;
    this.#clock.clearTimeout(this.#deadline);
    this.#settleOpen?.(stoppedEarly());
    await new Promise<void>((resolve) => {
      const bound = this.#clock.setTimeout(resolve, STOP_BOUND_MS);
      void this.#child.kill().then(() => {
        this.#clock.clearTimeout(bound);
        resolve();
      });
    });
    this.#child.pcm?.destroy();
    this.#resampler?.close();
  }

  #hear(message: PortAudioAnswer): void {
    if (this.#over) return;
    if (message.type === 'ready') {
      this.#expect(FIRST_FRAME_DEADLINE_MS, 'it gave no samples');
    } else if (message.type === 'opened') {
      this.#opened = message;
      this.#settleIfOpen();
    } else if (message.type === 'dropped') {
      this.#losses.push({ atByte: message.atByte, bytes: message.bytes });
    } else if (message.type === 'failed') {
      const { code, message: text, formatRefused } = message;
      this.#settleOpen?.(new RtapError(code, text, { device: this.#name, formatRefused }));
    }
  }

  /** Samples and messages come on two channels, in either order. */
  #settleIfOpen(): void {
    if (this.#hasSamples && this.#opened !== undefined) this.#settleOpen?.(undefined);
  }

  #expect(deadlineMs: number, problem: string): void {
    if (this.#settleOpen === undefined) return;
    this.#clock.clearTimeout(this.#deadline);
    this.#deadline = this.#clock.setTimeout(() => {
      this.#fail(`${problem} within ${String(deadlineMs)} ms`);
    }, deadlineMs);
  }

  #receive(bytes: Uint8Array): void {
    if (this.#over || this.#decoder === undefined || this.#resampler === undefined) return;
    this.#lastBytesMs = this.#clock.now();
    this.#reportLosses();
    this.#receivedBytes += bytes.length;
    const samples = this.#resampler.push(this.#decoder.push(bytes));
    for (const frame of this.#cutter.push(samples)) this.#sink?.frame(frame);
  }

  #reportLosses(): void {
    const opened = this.#opened;
    if (opened === undefined) return;
    for (;;) {
      const loss = this.#losses[0];
      if (loss === undefined || loss.atByte > this.#receivedBytes) return;
      this.#losses.shift();
      const seconds = loss.bytes / (2 * opened.channels * opened.sampleRateHz);
      this.#sink?.gap?.(Math.round(seconds * SAMPLE_RATE_HZ));
    }
  }

  #watch(): void {
    const quietMs = this.#clock.now() - this.#lastBytesMs;
    this.#deadline = this.#clock.setTimeout(
      () => {
        // A loop that was blocked runs its timers before it reads what has come meanwhile.
        setImmediate(() => {
          if (this.#over) return;
          if (this.#clock.now() - this.#lastBytesMs < STALL_MS) this.#watch();
          else this.#fail(`it stalled: no samples for ${String(STALL_MS)} ms`);
        });
      },
      Math.max(1, STALL_MS - quietMs),
    );
  }

  /** The end of this attempt, before or after it was open. */
  #fail(problem: string): void {
    if (this.#settleOpen !== undefined) {
      this.#settleOpen(this.#unavailable(problem));
      return;
    }
    const sink = this.#sink;
    // Before start, the watch that start sets finds the line silent.
    if (sink === undefined) return;
    void this.kill();
    sink.failed(
      new RtapError('DEVICE_LOST', `The device ${JSON.stringify(this.#name)} is lost: ${problem}`, {
        device: this.#name,
        complaint: this.#child.complaint,
      }),
    );
  }

  #unavailable(problem: string): RtapError {
    return new RtapError(
      'DEVICE_UNAVAILABLE',
      `The device ${JSON.stringify(this.#name)} cannot be opened: ${problem}`,
      { device: this.#name, complaint: this.#child.complaint },
    );
  }
}

function stoppedEarly(): RtapError {
  return new RtapError('DEVICE_UNAVAILABLE', 'The device was stopped before it was open');
}
