import type { CallbackActorLogic } from 'xstate';
import { createCaptureMachine } from '../../machines/capture.ts';
import type { CaptureCommand, CaptureFact } from '../../machines/capture.ts';
import type { BackendName, DeviceLoss, LossCause } from '../../src/domain/capture.ts';
import { RtapError, describeError } from '../../src/domain/errors.ts';
import { errorFact } from '../../src/domain/events.ts';
import { backendOf, usableBackends } from '../../src/io/devices/device-list.ts';
import { DeviceSource } from '../../src/io/devices/device-source.ts';
import type { OpenedDevice } from '../../src/io/devices/device-source.ts';
import { selectDevice } from '../../src/io/devices/input-device.ts';
import type { SoundSnapshot } from '../../src/io/devices/sound-server.ts';
import { SoundWatch } from '../../src/io/devices/sound-watch.ts';
import { createSource } from '../../src/io/sources/create-source.ts';
import type { DecidedSpec } from '../../src/io/sources/create-source.ts';
import type { AudioSource } from '../../src/io/sources/source.ts';
import type { Parts } from '../parts.ts';
import { fromRuntime } from '../runtime.ts';
import type { RuntimeContext } from '../runtime.ts';

/** Exact zeros for so long are told: a muted microphone, or one that is none. */
const SILENT_MS = 3_000;
/** How often wall time is read anew, so that a device's drift never adds up. */
const ANCHOR_MS = 1_000;

type Context = RuntimeContext<CaptureFact>;
type FileSpec = Exclude<DecidedSpec, { kind: 'device' }>;

/** The capture stage: opens the source that was asked for and writes its frames to the path. */
export function captureStage(parts: Parts) {
  const { backends, fallback_device } = parts.config.audio;
  const names = backends as readonly BackendName[];
  const usable = usableBackends(names);
  return createCaptureMachine({
    // With none of them, the first one says what is lacking.
    backends: usable.length === 0 ? names.slice(0, 1) : usable,
    hasSubstitute: fallback_device !== '',
  }).provide({ actors: { runtime: captureRuntime(parts) } });
}

function captureRuntime(parts: Parts): CallbackActorLogic<CaptureCommand> {
  const { intake } = parts;
  return fromRuntime<CaptureCommand, CaptureFact>((context) => {
    const device = new DeviceIntake(parts, context);
    let source: AudioSource | null = null;

    async function open(command: Extract<CaptureCommand, { type: 'source.open' }>): Promise<void> {
      await close();
      // Whoever asks has made the request from a specification, and JSON keeps it whole.
      const spec = command.request as DecidedSpec;
      if (spec.kind === 'device') await device.open(spec.name, command);
      else await openSource(spec);
    }

    async function openSource(spec: FileSpec): Promise<void> {
      const { clock, condition, path } = parts;
      intake.forget();
      source = createSource(spec, { clock, stdin: parts.stdin });
      try {
        const opened = await source.open();
        condition.source = opened;
        path.anchor(clock.epochSeconds());
        parts.report({ type: 'source.opened', source: opened });
        context.tell({
          type: 'source.ready',
          source: opened,
          baseSample: path.ring.end,
          gap: null,
        });
      } catch (thrown) {
        broke(thrown);
      }
    }

    function broke(thrown: unknown): void {
      const error = asRtapError(thrown, 'SOURCE_FAILED');
      const endSample = parts.path.ring.end;
      parts.metrics.captureUp.set(0);
      parts.metrics.errors.inc({ stage: 'capture', error_type: error.code });
      parts.report({ type: 'source.broke', message: error.message });
      context.tell({ type: 'source.broke', error: errorFact(error), endSample });
    }

    function start(): void {
      const { metrics, path } = parts;
      metrics.captureUp.set(1);
      device.start();
      source?.start({
        frame: context.guard((samples: Int16Array) => {
          device.take(samples);
        }),
        warning: context.guard((error: RtapError) => {
          metrics.errors.inc({ stage: 'capture', error_type: error.code });
          parts.report({ type: 'source.warned', message: error.message });
          context.tell({ type: 'source.warned', error: errorFact(error) });
        }),
        ended: context.guard(() => {
          metrics.captureUp.set(0);
          context.tell({ type: 'source.finished', endSample: path.ring.end });
        }),
        failed: context.guard(broke),
        room: () => path.room(),
      });
    }

    async function close(): Promise<void> {
      await Promise.all([source?.stop(), device.close()]);
      source = null;
    }

    async function closeFor(type: 'source.closed' | 'source.stopped'): Promise<void> {
      await close();
      context.tell({ type, endSample: parts.path.ring.end });
    }

    const forget = parts.sources.onRequest((request) => {
      context.tell({ type: 'source.requested', request });
    });
    intake.keepTime();
    return {
      receive: (command) => {
        switch (command.type) {
          case 'source.open':
            context.watch(open(command));
            break;
          case 'source.start':
            start();
            break;
          case 'source.close':
            context.watch(closeFor('source.closed'));
            break;
          case 'source.stop':
            intake.stopTime();
            device.dispose();
            context.watch(closeFor('source.stopped'));
            break;
          case 'device.look':
            context.watch(device.look());
        }
      },
      dispose: () => {
        forget();
        intake.stopTime();
        device.dispose();
        void close();
      },
    };
  });
}

/** The part of the runtime that has to do with devices: one at a time, and who is watched for which. */
class DeviceIntake {
  readonly #parts: Parts;
  readonly #context: Context;
  readonly #watch: SoundWatch;
  readonly #sample: () => void;
  #isWatching = false;
  #isListed: boolean | null | undefined;
  #wanted = 'default';
  #attempt: Attempt | null = null;
  #device: DeviceSource | null = null;
  #isSilent = false;
  #anchoredMs = 0;

  constructor(parts: Parts, context: Context) {
    this.#parts = parts;
    this.#context = context;
    this.#watch = new SoundWatch({
      onSnapshot: context.guard((snapshot: SoundSnapshot | null) => {
        this.#see(snapshot);
      }),
    });
    this.#sample = () => {
      this.#setGauges();
    };
    parts.samplers.add(this.#sample);
  }

  async open(
    wanted: string,
    { backend, isSubstituteAllowed }: Extract<CaptureCommand, { type: 'source.open' }>,
  ): Promise<void> {
    if (backend === null) throw new Error('a device is opened through a backend');
    this.#wanted = wanted;
    this.#parts.intake.wanted = wanted;
    if (!this.#isWatching) this.#isWatching = this.#watch.start();
    const attempt = (this.#attempt = new Attempt(this.#parts, wanted, backend));
    let failure: unknown;
    try {
      const opened = await attempt.open(isSubstituteAllowed);
      if (this.#attempt === attempt) this.#ready(opened);
      return;
    } catch (thrown) {
      failure = thrown;
    }
    // Given up meanwhile: nobody waits for this answer.
    if (this.#attempt !== attempt) return;
    this.#attempt = null;
    const error = asRtapError(failure, 'DEVICE_UNAVAILABLE');
    this.#parts.metrics.errors.inc({ stage: 'capture', error_type: error.code });
    this.#context.tell({
      type: 'device.refused',
      error: errorFact(error),
      atMs: this.#parts.clock.now(),
    });
  }

  start(): void {
    const { intake } = this.#parts;
    this.#isSilent = false;
    this.#device?.start({
      frame: this.#context.guard((samples: Int16Array) => {
        this.take(samples);
        this.#anchor();
      }),
      gap: this.#context.guard((missing, cause) => {
        this.#context.tell({ type: 'source.gap', gap: intake.skip(missing, cause) });
      }),
      lost: this.#context.guard((loss: DeviceLoss) => {
        this.#lost(loss);
      }),
    });
  }

  /** Writes a frame to the path, whatever source it comes from. */
  take(samples: Int16Array): void {
    const { metrics, path } = this.#parts;
    path.write(samples);
    metrics.framesProcessed.inc({ stage: 'capture' });
  }

  /** Where nobody announces the device: asks whether it is there. */
  async look(): Promise<void> {
    if (this.#isWatching) return;
    const { devices } = await backendOf('portaudio').list();
    this.#tellListed(selectDevice(devices, this.#wanted) !== undefined);
  }

  async close(): Promise<void> {
    this.#parts.intake.interrupt('given_back', null);
    const [attempt, device] = [this.#attempt, this.#device];
    this.#attempt = null;
    this.#device = null;
    await Promise.all([attempt?.stop(), device?.stop()]);
  }

  dispose(): void {
    this.#parts.intake.interrupt('capture_restarted', null);
    this.#parts.intake.stopTime();
    this.#parts.samplers.delete(this.#sample);
    this.#watch.close();
  }

  #ready({ device, opened, isSubstitute }: Opened): void {
    const { condition, intake, path } = this.#parts;
    this.#attempt = null;
    this.#device = device;
    const source = { ...opened.info, isSubstitute };
    const gap = intake.begin(device, opened.startMs);
    this.#anchoredMs = this.#parts.clock.now();
    condition.source = source;
    this.#parts.report({ type: 'source.opened', source });
    this.#context.tell({ type: 'source.ready', source, baseSample: path.ring.end, gap });
  }

  #lost(loss: DeviceLoss): void {
    const { clock, intake, metrics, path } = this.#parts;
    intake.interrupt(loss.cause, loss);
    metrics.deviceLosses.inc({ cause: loss.cause });
    metrics.captureUp.set(0);
    this.#context.tell({
      type: FACT_OF_CAUSE[loss.cause],
      loss,
      endSample: path.ring.end,
      atMs: clock.now(),
    });
    // What froze announces nothing, its thaw included.
    if (this.#isWatching) this.#watch.ask();
  }

  #see(snapshot: SoundSnapshot | null): void {
    if (snapshot === null) {
      this.#tellListed(null);
      return;
    }
    this.#device?.identify(snapshot);
    const found = selectDevice(snapshot.devices, this.#wanted);
    this.#tellListed(found !== undefined && !found.isSuspended);
  }

  #tellListed(isListed: boolean | null): void {
    if (this.#isListed === isListed) return;
    this.#isListed = isListed;
    this.#context.tell({ type: 'device.listed', isListed });
  }

  #anchor(): void {
    const { clock, intake } = this.#parts;
    if (this.#device === null || clock.now() - this.#anchoredMs < ANCHOR_MS) return;
    this.#anchoredMs = clock.now();
    intake.anchor(this.#device.endMs);
  }

  #setGauges(): void {
    const { metrics } = this.#parts;
    const device = this.#device;
    metrics.captureFrameAge.set((device?.frameAgeMs ?? 0) / 1000);
    metrics.captureLatency.set((device?.latencyMs ?? 0) / 1000);
    metrics.captureDrift.set(device?.driftPpm ?? 0);
  }
}

interface Opened {
  readonly device: DeviceSource;
  readonly opened: OpenedDevice;
  readonly isSubstitute: boolean;
}

/** One opening: of the device that was asked for, and where that is allowed of one that stands in. */
class Attempt {
  readonly #parts: Parts;
  readonly #wanted: string;
  readonly #backend: BackendName;
  #device: DeviceSource | null = null;
  #isStopped = false;

  constructor(parts: Parts, wanted: string, backend: BackendName) {
    this.#parts = parts;
    this.#wanted = wanted;
    this.#backend = backend;
  }

  async open(isSubstituteAllowed: boolean): Promise<Opened> {
    try {
      return { ...(await this.#try(this.#wanted)), isSubstitute: false };
    } catch (thrown) {
      const name = isSubstituteAllowed ? await this.#findSubstitute() : null;
      if (name === null) throw thrown;
      return { ...(await this.#try(name)), isSubstitute: true };
    }
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#device?.stop();
  }

  async #try(name: string): Promise<Pick<Opened, 'device' | 'opened'>> {
    const { clock } = this.#parts;
    const device = new DeviceSource({ backend: backendOf(this.#backend), device: name, clock });
    this.#device = device;
    if (this.#isStopped) await device.stop();
    return { device, opened: await device.open() };
  }

  async #findSubstitute(): Promise<string | null> {
    const { fallback_device } = this.#parts.config.audio;
    const { devices } = await backendOf(this.#backend).list();
    const found =
      fallback_device === 'any'
        ? devices.find(({ name, isMonitor }) => !isMonitor && name !== this.#wanted)
        : selectDevice(devices, fallback_device);
    return found?.name ?? null;
  }
}

const FACT_OF_CAUSE: Readonly<
  Record<LossCause, 'device.stalled' | 'device.lost' | 'device.moved'>
> = {
  stalled: 'device.stalled',
  suspended: 'device.stalled',
  server_frozen: 'device.stalled',
  moved: 'device.moved',
  server_lost: 'device.lost',
  removed: 'device.lost',
  device_failed: 'device.lost',
  process_killed: 'device.lost',
  process_exited: 'device.lost',
  capture_restarted: 'device.lost',
  given_back: 'device.lost',
};

function asRtapError(
  thrown: unknown,
  otherwise: 'SOURCE_FAILED' | 'DEVICE_UNAVAILABLE',
): RtapError {
  return thrown instanceof RtapError ? thrown : new RtapError(otherwise, describeError(thrown));
}
