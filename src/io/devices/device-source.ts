import { CaptureClock } from '../../audio/capture-clock.ts';
import { FrameCutter } from '../../audio/frame-cutter.ts';
import { PcmDecoder } from '../../audio/pcm-decoder.ts';
import { bytesPerFrame, describeFormat } from '../../audio/pcm-format.ts';
import { createResampler } from '../../audio/resampler.ts';
import type { Resampler } from '../../audio/resampler.ts';
import type { DeviceLoss, LossCause, SlipCause } from '../../domain/capture.ts';
import { RtapError } from '../../domain/errors.ts';
import { SAMPLE_RATE_HZ } from '../../domain/pcm.ts';
import type { SourceClock, SourceInfo } from '../sources/source.ts';
import type { DeviceBackend, DeviceEvent, DeviceProcess, WantedFormat } from './backend.ts';
import { diagnoseStall } from './diagnosis.ts';
import type { SoundSnapshot } from './sound-server.ts';

/** To start a process and load what it needs, before the device is asked for anything. */
const START_DEADLINE_MS = 5_000;
/** From then to the first samples. */
const FIRST_FRAME_DEADLINE_MS = 2_000;
/** Healthy devices have been seen to pause for 218 ms; silence still delivers samples. */
const STALL_MS = 300;
const STOP_BOUND_MS = 1_000;

/** Receives what a device hears; `lost` comes once, last, unless the source is stopped before. */
export interface DeviceSink {
  /** FRAME_SAMPLES each, owned by the receiver; only the last before a loss may be shorter. */
  frame(samples: Int16Array): void;
  /** Samples that the device captured and nobody received, before the next frame: their place is right to within a few frames. */
  gap(missingSamples: number, cause: SlipCause): void;
  lost(loss: DeviceLoss): void;
}

/** A device as it was opened. */
export interface OpenedDevice {
  readonly info: SourceInfo;
  /** When its first sample was captured, on the source's clock and but for the way here. */
  readonly startMs: number;
}

export interface DeviceSourceOptions {
  readonly backend: DeviceBackend;
  /** The device's name or a part of it, or `default`. */
  readonly device: string;
  readonly clock: SourceClock;
}

/**
 * Owns one input device, in a process of its own, from its opening to its loss. A loss is found by the end of that process,
 * by what it says, by samples that do not come for 300 ms, and by the sound server's word that the stream was moved; it
 * is named, and never mended here: open another source. Errors of `open`: DEVICE_NOT_FOUND, DEVICE_UNAVAILABLE.
 */
export class DeviceSource {
  readonly #options: DeviceSourceOptions;
  #capture: Capture | undefined;
  #isOpened = false;
  #isStopped = false;
  #stopping: Promise<void> | undefined;

  constructor(options: DeviceSourceOptions) {
    this.#options = options;
  }

  /** Resolves with the first samples at hand, which wait for `start`. */
  async open(): Promise<OpenedDevice> {
    if (this.#isOpened) throw new Error('A source is opened once');
    this.#isOpened = true;
    let refusal: RtapError | undefined;
    for (const wanted of this.#options.backend.formats) {
      if (this.#isStopped) throw stoppedEarly();
      this.#capture = new Capture(this.#options, wanted);
      try {
        return await this.#capture.open();
      } catch (thrown) {
        await this.#capture.kill();
        if (this.#wasStopped()) throw stoppedEarly();
        refusal = thrown instanceof RtapError ? thrown : undefined;
        if (!this.#capture.isFormatRefused) throw thrown;
      }
    }
    throw refusal ?? stoppedEarly();
  }

  start(sink: DeviceSink): void {
    if (this.#isStopped) return;
    if (this.#capture === undefined) throw new Error('A source is started after it is open');
    this.#capture.start(sink);
  }

  /** Idempotent and bounded, also before `open` has settled; after it resolves nothing reaches the sink. */
  stop(): Promise<void> {
    this.#isStopped = true;
    this.#stopping ??= this.#capture?.kill() ?? Promise.resolve();
    return this.#stopping;
  }

  /** When the sample after its last one was, or would have been, captured. */
  get endMs(): number {
    return this.#capture?.endMs ?? this.#options.clock.now();
  }

  /** By how much later than `startMs` said the first sample was captured, as it turned out. */
  get startLagMs(): number {
    return this.#capture?.startLagMs ?? 0;
  }

  /** By how much the device's clock is fast; null until it is known. */
  get driftPpm(): number | null {
    return this.#capture?.driftPpm ?? null;
  }

  /** How old samples are when they come, as the backend knows it; null where it does not. */
  get latencyMs(): number | null {
    return this.#capture?.latencyMs ?? null;
  }

  /** Since samples came last. */
  get frameAgeMs(): number {
    return this.#capture?.frameAgeMs ?? 0;
  }

  /** Holds the stream against what the sound server says of it. */
  identify(snapshot: SoundSnapshot): void {
    this.#capture?.identify(snapshot);
  }

  /** TypeScript cannot see that stop() runs while open() waits. */
  #wasStopped(): boolean {
    return this.#isStopped;
  }
}

/** One attempt at one format: one process. */
class Capture {
  readonly #options: DeviceSourceOptions;
  readonly #clock: SourceClock;
  readonly #process: DeviceProcess;
  readonly #cutter = new FrameCutter();
  readonly #backlog: { atByte: number; bytes: number }[] = [];
  #deadline: unknown;
  #opened: Extract<DeviceEvent, { type: 'opened' }> | undefined;
  #settleOpen: ((failure: RtapError | undefined) => void) | undefined;
  #decoder: PcmDecoder | undefined;
  #resampler: Resampler | undefined;
  #captureClock: CaptureClock | undefined;
  #sink: DeviceSink | undefined;
  #servedFrom: string | null = null;
  #firstBytesMs: number | null = null;
  #receivedBytes = 0;
  #lastBytesMs = 0;
  #isOver = false;
  #killing: Promise<void> | undefined;
  latencyMs: number | null = null;
  /** The device is there, and might be opened in another format. */
  isFormatRefused = false;

  constructor(options: DeviceSourceOptions, wanted: WantedFormat) {
    this.#options = options;
    this.#clock = options.clock;
    this.#process = options.backend.open({ device: options.device, ...wanted }, (event) => {
      this.#hear(event);
    });
  }

  get endMs(): number {
    return this.#captureClock?.endMs ?? this.#clock.now();
  }

  get startLagMs(): number {
    return this.#captureClock?.startLagMs ?? 0;
  }

  get driftPpm(): number | null {
    return this.#captureClock?.driftPpm ?? null;
  }

  get frameAgeMs(): number {
    return this.#clock.now() - this.#lastBytesMs;
  }

  async open(): Promise<OpenedDevice> {
    await new Promise<void>((resolve, reject) => {
      this.#settleOpen = (failure) => {
        this.#settleOpen = undefined;
        this.#clock.clearTimeout(this.#deadline);
        if (failure === undefined) resolve();
        else reject(failure);
      };
      this.#expect(START_DEADLINE_MS, 'its process did not start');
    });
    const { device, description, format } = this.#opened ?? never();
    this.#decoder = new PcmDecoder(format);
    this.#resampler = await createResampler(format.sampleRateHz);
    const startMs = this.#firstBytesMs ?? never();
    this.#captureClock = new CaptureClock(startMs);
    return {
      info: {
        kind: 'device',
        name: device,
        description,
        sampleRateHz: format.sampleRateHz,
        channels: format.channels,
        format: describeFormat(format),
        durationMs: null,
        realTime: true,
        backend: this.#options.backend.name,
      },
      startMs,
    };
  }

  start(sink: DeviceSink): void {
    this.#sink = sink;
    this.#lastBytesMs = this.#clock.now();
    this.#process.pcm?.on('data', (bytes: Buffer) => {
      this.#receive(bytes);
    });
    this.#watch();
  }

  kill(): Promise<void> {
    this.#killing ??= this.#kill();
    return this.#killing;
  }

  identify({ devices, streams }: SoundSnapshot): void {
    const { pid } = this.#process;
    if (pid === null || this.#opened === undefined) return;
    const stream = streams.find((one) => one.pid === pid);
    if (stream === undefined) return;
    const { device } = this.#opened;
    // Where the server has none of that name, it was opened by another, and what is seen first is what it is.
    this.#servedFrom ??= devices.some(({ name }) => name === device) ? device : stream.device;
    if (stream.device === this.#servedFrom) return;
    const where = JSON.stringify(stream.device);
    this.#lose('moved', `the sound server moved the stream to ${where}`, stream.device);
  }

  async #kill(): Promise<void> {
    this.#isOver = true;
    this.#sink = undefined;
    this.#clock.clearTimeout(this.#deadline);
    this.#settleOpen?.(stoppedEarly());
    await new Promise<void>((resolve) => {
      const bound = this.#clock.setTimeout(resolve, STOP_BOUND_MS);
      void this.#process.kill().then(() => {
        this.#clock.clearTimeout(bound);
        resolve();
      });
    });
    this.#resampler?.close();
  }

  #hear(event: DeviceEvent): void {
    if (this.#isOver) return;
    switch (event.type) {
      case 'started':
        this.#expect(FIRST_FRAME_DEADLINE_MS, 'it gave no samples');
        this.#process.pcm?.once('readable', () => {
          this.#firstBytesMs = this.#clock.now();
          this.#settleIfOpen();
        });
        break;
      case 'opened':
        this.#opened = event;
        this.#settleIfOpen();
        break;
      case 'dropped':
        this.#backlog.push({ atByte: event.atByte, bytes: event.bytes });
        break;
      case 'latency':
        this.latencyMs = event.latencyMs;
        break;
      case 'refused':
        this.isFormatRefused = event.isFormatRefused;
        this.#settleOpen?.(
          new RtapError(event.code, event.message, { device: this.#options.device }),
        );
        break;
      case 'lost':
        this.#lose(event.cause, event.problem, event.movedTo);
        break;
      case 'exited':
        this.#lose(event.cause, exitWords(event), null);
    }
  }

  /** Samples and messages come on two channels, in either order. */
  #settleIfOpen(): void {
    if (this.#firstBytesMs === null || this.#opened === undefined) return;
    if (this.#settleOpen === undefined) return;
    const { format } = this.#opened;
    const frames = (this.#process.pcm?.readableLength ?? 0) / bytesPerFrame(format);
    this.#firstBytesMs -= (frames * 1000) / format.sampleRateHz;
    if (this.#options.backend.name === 'parec') this.#servedFrom = this.#opened.device;
    this.#settleOpen(undefined);
  }

  #expect(deadlineMs: number, problem: string): void {
    if (this.#settleOpen === undefined) return;
    this.#clock.clearTimeout(this.#deadline);
    this.#deadline = this.#clock.setTimeout(() => {
      this.#settleOpen?.(this.#unavailable(`${problem} within ${deadlineMs} ms`));
    }, deadlineMs);
  }

  #receive(bytes: Uint8Array): void {
    const [decoder, resampler, clock] = [this.#decoder, this.#resampler, this.#captureClock];
    if (this.#isOver || !decoder || !resampler || !clock) return;
    this.#lastBytesMs = this.#clock.now();
    this.#tellBacklog(clock);
    this.#receivedBytes += bytes.length;
    const samples = resampler.push(decoder.push(bytes));
    const missing = clock.note(samples.length, this.#lastBytesMs);
    if (missing > 0) this.#sink?.gap(missing, 'xrun');
    for (const frame of this.#cutter.push(samples)) this.#sink?.frame(frame);
  }

  #tellBacklog(clock: CaptureClock): void {
    const { format } = this.#opened ?? never();
    for (;;) {
      const [loss] = this.#backlog;
      if (loss === undefined || loss.atByte > this.#receivedBytes) return;
      this.#backlog.shift();
      const seconds = loss.bytes / (bytesPerFrame(format) * format.sampleRateHz);
      const missing = Math.round(seconds * SAMPLE_RATE_HZ);
      clock.skip(missing);
      this.#sink?.gap(missing, 'backlog');
    }
  }

  #watch(): void {
    this.#deadline = this.#clock.setTimeout(
      () => {
        // A loop that was blocked runs its timers before it reads what has come meanwhile.
        setImmediate(() => {
          if (this.#isOver) return;
          if (this.frameAgeMs < STALL_MS) this.#watch();
          else void this.#diagnose();
        });
      },
      Math.max(1, STALL_MS - this.frameAgeMs),
    );
  }

  async #diagnose(): Promise<void> {
    const name = this.#opened?.device ?? this.#options.device;
    const sinceMs = this.#lastBytesMs;
    const found = await diagnoseStall(name, this.#process.pid, this.frameAgeMs);
    if (this.#isOver) return;
    // It was a long pause, no more.
    if (this.#lastBytesMs !== sinceMs) this.#watch();
    else this.#lose(found.cause, found.problem, found.movedTo);
  }

  /** The end of this attempt, before or after it was open. */
  #lose(cause: LossCause, problem: string, movedTo: string | null): void {
    if (this.#settleOpen !== undefined) {
      this.#settleOpen(this.#unavailable(problem));
      return;
    }
    const sink = this.#sink;
    // Before start, the watch that start sets finds the line silent.
    if (sink === undefined || this.#isOver) return;
    const frameAgeMs = this.frameAgeMs;
    const rest = this.#cutter.rest();
    if (rest !== undefined) sink.frame(rest);
    void this.kill();
    const device = this.#opened?.device ?? this.#options.device;
    sink.lost({
      device,
      backend: this.#options.backend.name,
      cause,
      message: `The device ${JSON.stringify(device)} is lost: ${problem}`,
      movedTo,
      frameAgeMs: Math.round(frameAgeMs),
      complaint: this.#process.complaint,
    });
  }

  #unavailable(problem: string): RtapError {
    return new RtapError(
      'DEVICE_UNAVAILABLE',
      `The device ${JSON.stringify(this.#options.device)} cannot be opened: ${problem}`,
      { device: this.#options.device, complaint: this.#process.complaint },
    );
  }
}

function exitWords({ cause, how }: Extract<DeviceEvent, { type: 'exited' }>): string {
  if (cause === 'removed') return `it was removed (its process ${how})`;
  if (cause === 'server_lost') return `the sound server is gone (its process ${how})`;
  return `its process ended: ${how}`;
}

function stoppedEarly(): RtapError {
  return new RtapError('DEVICE_UNAVAILABLE', 'The device was stopped before it was open');
}

/** Of what open() has set before anything is received. */
function never(): never {
  throw new Error('the device was never open');
}
