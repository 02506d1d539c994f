import type { Duplex } from 'node:stream';
import type { PcmFormat } from '../../audio/pcm-format.ts';
import type { LossCause } from '../../domain/capture.ts';
import { describeError } from '../../domain/errors.ts';
import { SAMPLE_RATE_HZ } from '../../domain/pcm.ts';
import { OwnedProcess } from '../processes/owned-process.ts';
import type { ProcessEvent } from '../processes/owned-process.ts';
import type { DeviceBackend, DeviceEvent, DeviceProcess, OpenRequest } from './backend.ts';
import { describeMissing, selectDevice } from './input-device.ts';
import { readParec } from './parec-words.ts';
import { askSoundServer, soundServerProblem } from './sound-server.ts';

const LIST_DEADLINE_MS = 2_000;
/** Less, since the first samples have a deadline of their own after it. */
const FIND_DEADLINE_MS = 1_000;
/** One frame of the pipeline: what is asked of the server, which may give more at once. */
const LATENCY_MS = 20;
const PCM_FD = 3;

/**
 * PulseAudio and PipeWire, through `parec`: the server converts to the pipeline's format, and the program itself tells
 * when its stream is suspended or moved. Needs no compiler and no package of ours.
 */
export const parecBackend: DeviceBackend = {
  name: 'parec',
  formats: [{ sampleRateHz: SAMPLE_RATE_HZ, channels: 1 }],
  problem: soundServerProblem,
  list: async (signal) => {
    const problem = soundServerProblem();
    if (problem !== null) return { devices: [], problem };
    try {
      const { devices } = await askSoundServer(LIST_DEADLINE_MS, signal);
      return { devices, problem: null };
    } catch (thrown) {
      return { devices: [], problem: describeError(thrown) };
    }
  },
  open: (request, onEvent) => new ParecProcess(request, onEvent),
};

/** Finds the device by its name, and records from it; the program would take another one without a word. */
class ParecProcess implements DeviceProcess {
  readonly #tell: (event: DeviceEvent) => void;
  readonly #asking = new AbortController();
  readonly #starting: Promise<void>;
  #process: OwnedProcess | undefined;
  #format: PcmFormat | undefined;
  #description = '';
  #cause: LossCause | undefined;
  #complaint = '';
  #isOver = false;

  constructor(request: OpenRequest, onEvent: (event: DeviceEvent) => void) {
    this.#tell = (event) => {
      if (!this.#isOver) onEvent(event);
    };
    this.#starting = this.#start(request);
  }

  get pid(): number | null {
    return this.#process?.pid ?? null;
  }

  get pcm(): Duplex | undefined {
    return this.#process?.pipe(PCM_FD);
  }

  get complaint(): string {
    return this.#complaint;
  }

  async kill(): Promise<void> {
    this.#isOver = true;
    this.#asking.abort();
    await this.#starting;
    // Samples that nobody reads would hold its end back.
    this.pcm?.destroy();
    await this.#process?.kill();
  }

  async #start(request: OpenRequest): Promise<void> {
    // Whoever opens it has it in hand before it says anything.
    await Promise.resolve();
    const device = await this.#find(request.device);
    if (device === null || this.#isOver) return;
    const { sampleRateHz, channels } = request;
    this.#process = new OwnedProcess(
      {
        command: 'sh',
        args: [
          ...['-c', `exec parec "$@" >&${PCM_FD}`, 'parec'],
          ...['--verbose', '--client-name=rtap', `--device=${device}`, '--format=s16le'],
          ...(sampleRateHz === null ? ['--fix-rate'] : [`--rate=${sampleRateHz}`]),
          ...[`--channels=${channels}`, `--latency-msec=${LATENCY_MS}`],
        ],
        env: { ...process.env, LC_ALL: 'C' },
        pipes: 1,
        lines: true,
      },
      (event) => {
        this.#hear(event);
      },
    );
    this.#tell({ type: 'started' });
  }

  async #find(wanted: string): Promise<string | null> {
    try {
      const { devices } = await askSoundServer(FIND_DEADLINE_MS, this.#asking.signal);
      const device = selectDevice(devices, wanted);
      if (device !== undefined) {
        this.#description = device.description;
        return device.name;
      }
      this.#refuse('DEVICE_NOT_FOUND', describeMissing(devices, wanted));
    } catch (thrown) {
      this.#refuse('DEVICE_UNAVAILABLE', describeError(thrown));
    }
    return null;
  }

  #refuse(code: 'DEVICE_NOT_FOUND' | 'DEVICE_UNAVAILABLE', message: string): void {
    this.#tell({ type: 'refused', code, message, isFormatRefused: false });
  }

  #hear(event: ProcessEvent): void {
    if (event.type === 'exited') {
      const { signal, description } = event.status;
      const cause = signal === null ? (this.#cause ?? 'process_exited') : 'process_killed';
      this.#tell({ type: 'exited', cause, how: this.#words(description) });
    } else if (event.type === 'line' && event.from === 'stderr') {
      this.#read(event.text);
    }
  }

  #words(description: string): string {
    return this.#complaint === '' ? description : `${description}, saying "${this.#complaint}"`;
  }

  #read(line: string): void {
    const word = readParec(line);
    switch (word?.says) {
      case undefined:
        break;
      case 'format':
        this.#format = word.format;
        break;
      case 'connected':
        if (this.#format === undefined) break;
        this.#tell({
          type: 'opened',
          device: word.device,
          description: this.#description,
          format: this.#format,
        });
        break;
      case 'latency':
        this.#tell({ type: 'latency', latencyMs: word.latencyMs });
        break;
      case 'lost':
        this.#tell({
          type: 'lost',
          cause: word.cause,
          problem:
            word.movedTo === null
              ? 'the sound server suspended it'
              : `the sound server moved the stream to ${JSON.stringify(word.movedTo)}`,
          movedTo: word.movedTo,
        });
        break;
      case 'complaint':
        this.#cause ??= word.cause;
        this.#complaint = line.slice(0, 200);
    }
  }
}
