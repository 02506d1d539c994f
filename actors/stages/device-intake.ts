import type { CaptureCommand, CaptureFact } from '../../machines/capture-events.ts';
import type { BackendName, DeviceLoss, LossCause } from '../../src/domain/capture.ts';
import { RtapError, describeError } from '../../src/domain/errors.ts';
import { errorFact } from '../../src/domain/events.ts';
import { backendOf } from '../../src/io/devices/device-list.ts';
import { isListedFor, isNearer, presenceOf } from '../../src/io/devices/device-presence.ts';
import type { DevicePresence } from '../../src/io/devices/device-presence.ts';
import { DeviceSource } from '../../src/io/devices/device-source.ts';
import type { OpenedDevice } from '../../src/io/devices/device-source.ts';
import { FolderWatch, SOUND_NODES } from '../../src/io/devices/folder-watch.ts';
import { selectDevice } from '../../src/io/devices/input-device.ts';
import type { SoundSnapshot } from '../../src/io/devices/sound-server.ts';
import { SoundWatch } from '../../src/io/devices/sound-watch.ts';
import type { Parts } from '../parts.ts';
import type { RuntimeContext } from '../runtime.ts';

/** Exact zeros for so long are told: a muted microphone, or one that is none. */
const SILENT_MS = 3_000;
/** How often wall time is read anew, so that a device's drift never adds up. */
const ANCHOR_MS = 1_000;

type Context = RuntimeContext<CaptureFact>;

/** The devices of the capture stage: one at a time, opened, watched, and given up when it is lost. */
export class DeviceIntake {
  readonly #parts: Parts;
  readonly #context: Context;
  readonly #watch: SoundWatch;
  readonly #sample: () => void;
  #isWatching = false;
  #nodes: FolderWatch | null = null;
  #presence: DevicePresence | null = null;
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
    this.#follow();
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
    const error =
      failure instanceof RtapError
        ? failure
        : new RtapError('DEVICE_UNAVAILABLE', describeError(failure));
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
        intake.take(samples);
        this.#noteSignal();
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

  /** Where nobody announces the device: asks whether it is there. */
  async look(): Promise<void> {
    if (this.#isWatching) return;
    const { devices } = await backendOf('portaudio').list();
    this.#note(selectDevice(devices, this.#wanted) === undefined ? 'absent' : 'present');
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
    this.#nodes?.close();
  }

  /** Where there is a sound server it announces its devices; elsewhere the kernel makes files for them. */
  #follow(): void {
    if (this.#isWatching) return;
    this.#isWatching = this.#watch.start();
    if (this.#isWatching) return;
    this.#nodes ??= new FolderWatch(
      SOUND_NODES,
      this.#context.guard(() => {
        this.#context.watch(this.look());
      }),
    );
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
    // What the server records from is looked at once, before it can change.
    if (this.#isWatching) this.#watch.ask();
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
    const presence = presenceOf(snapshot, this.#wanted);
    this.#note(presence);
    if (snapshot !== null) this.#device?.identify(snapshot);
  }

  /** Told when it changes what may be opened: one that goes to sleep is there all the same. */
  #note(presence: DevicePresence): void {
    const before = this.#presence;
    if (before === presence) return;
    this.#presence = presence;
    const isListed = isListedFor(this.#parts.config.audio.backends, presence);
    if (isListed === true && !isNearer(before, presence)) return;
    this.#context.tell({ type: 'device.listed', isListed });
  }

  #noteSignal(): void {
    const { zeroMs } = this.#parts.intake.meter;
    const isSilent = zeroMs >= SILENT_MS;
    if (isSilent === this.#isSilent) return;
    this.#isSilent = isSilent;
    this.#context.tell(isSilent ? { type: 'signal.silent', zeroMs } : { type: 'signal.audible' });
  }

  #anchor(): void {
    const { clock, intake } = this.#parts;
    if (this.#device === null || clock.now() - this.#anchoredMs < ANCHOR_MS) return;
    this.#anchoredMs = clock.now();
    intake.anchor(this.#device.endMs);
  }

  #setGauges(): void {
    const { intake, metrics } = this.#parts;
    metrics.captureLevel.set(intake.meter.level().rmsDbfs);
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
