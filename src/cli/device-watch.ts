import { loadConfig } from '../../config/load.ts';
import type { ConfigRequest } from '../../config/load.ts';
import { EXIT } from '../domain/errors.ts';
import { deviceChanges } from '../io/devices/device-changes.ts';
import type { DeviceTurn, SeenDevice } from '../io/devices/device-changes.ts';
import { backendOf } from '../io/devices/device-list.ts';
import { SoundWatch } from '../io/devices/sound-watch.ts';
import { writeLine } from './command-io.ts';
import type { CommandIo } from './command-io.ts';
import { deviceCells, deviceFields } from './devices.ts';

/** Where nothing announces devices, and for a sound server that freezes without a word. */
const LOOK_MS = 5_000;

export interface DeviceWatchOptions {
  readonly request: ConfigRequest;
  readonly json: boolean;
  readonly signal: AbortSignal;
}

type Event = 'listed' | 'added' | 'removed' | 'changed' | 'server_lost' | 'server_found';

const EVENT_WORDS: Readonly<Record<Event, string>> = {
  listed: 'there',
  added: 'new',
  removed: 'gone',
  changed: 'now',
  server_lost: 'lost',
  server_found: 'found',
};

const TURN_WORDS: Readonly<Record<DeviceTurn, string>> = {
  suspended: 'suspended',
  resumed: 'resumed',
  default: 'the default',
};

/**
 * `rtap devices --watch`: the input devices, and then a line for each that comes, goes or changes, until the signal.
 * Returns 0, or 1 where this machine has no means to list devices. Throws RtapError for a bad configuration.
 */
export async function runDeviceWatch(options: DeviceWatchOptions, io: CommandIo): Promise<number> {
  const names = loadConfig(options.request).config.audio.backends;
  const problems = [];
  const lines = new WatchLines(options.json, io);
  for (const name of ['parec', 'portaudio'] as const) {
    if (!names.includes(name)) continue;
    const problem = backendOf(name).problem();
    if (problem === null) {
      await (name === 'parec' ? follow(lines, options.signal) : poll(lines, io, options.signal));
      return EXIT.done;
    }
    problems.push(problem);
  }
  for (const problem of problems) writeLine(io.stderr, `${problem}.`);
  return EXIT.failed;
}

/** By the sound server's own announcements. */
function follow(lines: WatchLines, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const watch = new SoundWatch({
      onSnapshot: (snapshot) => {
        if (snapshot === null) lines.lost();
        else lines.see(snapshot.devices);
      },
    });
    const timer = setInterval(() => {
      watch.ask();
    }, LOOK_MS);
    const end = (): void => {
      clearInterval(timer);
      watch.close();
      resolve();
    };
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
    else watch.start();
  });
}

/** By asking again and again. */
async function poll(lines: WatchLines, io: CommandIo, signal: AbortSignal): Promise<void> {
  writeLine(
    io.stderr,
    `No sound server announces devices here: PortAudio is asked every ${String(LOOK_MS / 1000)} s.`,
  );
  let told: string | null = null;
  while (!signal.aborted) {
    const { devices, problem } = await backendOf('portaudio').list(signal);
    // An interrupted question has no answer.
    if (aborted(signal)) return;
    if (problem === null) lines.see(devices);
    else if (problem !== told) writeLine(io.stderr, `${problem}.`);
    told = problem;
    await pause(signal);
  }
}

/** Writes what has become of the list that was seen last. */
class WatchLines {
  readonly #isJson: boolean;
  readonly #io: CommandIo;
  /** Null until the first list. */
  #seen: readonly SeenDevice[] | null = null;
  #isLost = false;

  constructor(isJson: boolean, io: CommandIo) {
    this.#isJson = isJson;
    this.#io = io;
  }

  see(devices: readonly SeenDevice[]): void {
    if (this.#isLost) this.#server('server_found', 'the sound server answers again');
    this.#isLost = false;
    if (this.#seen === null) {
      if (devices.length === 0 && !this.#isJson) this.#line('listed', 'no input device');
      for (const device of devices) this.#device('listed', device, deviceCells(device));
    } else {
      for (const change of deviceChanges(this.#seen, devices)) {
        const { device, event } = change;
        if (event === 'changed') {
          const words = change.turns.map((turn) => TURN_WORDS[turn]);
          this.#device(event, device, [device.name, words.join(', ')], { changes: change.turns });
        } else {
          this.#device(event, device, event === 'added' ? deviceCells(device) : [device.name]);
        }
      }
    }
    this.#seen = devices;
  }

  /** What it had is compared with what it has once it is back. */
  lost(): void {
    if (this.#isLost) return;
    this.#isLost = true;
    this.#server('server_lost', 'the sound server does not answer, or is not there');
  }

  #device(
    event: Event,
    device: SeenDevice,
    cells: readonly string[],
    more: Readonly<Record<string, unknown>> = {},
  ): void {
    if (this.#isJson) this.#json(event, { ...more, device: deviceFields(device) });
    else this.#line(event, cells.filter((cell) => cell !== '').join('  '));
  }

  #server(event: Event, sentence: string): void {
    if (this.#isJson) this.#json(event, {});
    else this.#line(event, sentence);
  }

  #line(event: Event, text: string): void {
    writeLine(
      this.#io.stdout,
      `${timeOfDay(new Date())}  ${EVENT_WORDS[event].padEnd(5)}  ${text}`,
    );
  }

  #json(event: Event, rest: Readonly<Record<string, unknown>>): void {
    writeLine(this.#io.stdout, JSON.stringify({ time: Date.now() / 1000, event, ...rest }));
  }
}

function timeOfDay(time: Date): string {
  return [time.getHours(), time.getMinutes(), time.getSeconds()]
    .map((part) => String(part).padStart(2, '0'))
    .join(':');
}

/** TypeScript cannot see that it is aborted while something is awaited. */
function aborted(signal: AbortSignal): boolean {
  return signal.aborted;
}

function pause(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(end, LOOK_MS);
    function end(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    }
    signal.addEventListener('abort', end);
  });
}
