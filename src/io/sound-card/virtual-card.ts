import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { OwnedProcess } from '../processes/owned-process.ts';
import { findOnPath } from '../processes/program-path.ts';
import { NoiseFloor } from './noise-floor.ts';

const PROGRAMS = ['pulseaudio', 'pactl', 'paplay', 'pacat'];
const START_DEADLINE_MS = 15_000;
/** A frozen server never answers. */
const ANSWER_DEADLINE_MS = 5_000;
const PLAY_DEADLINE_MS = 60_000;
/** PulseAudio's own limit of streams on one source; one more is refused. */
const MAX_STREAMS = 256;

/** ALSA clients, PortAudio among them, see the microphone through this. */
const ALSA_CONFIG = `
pcm.mic { type pulse
 device mic
 hint { show on
 description "mic" } }
pcm.!default { type pulse }
ctl.!default { type pulse }
`;

export interface CardOptions {
  readonly sampleRateHz?: number;
  readonly channels?: number;
  readonly format?: 's16le' | 'float32le';
  /** False for a microphone that gives exact zeros while nobody speaks. */
  readonly hasNoise?: boolean;
}

/** What is lacking for a virtual card on this machine, or null. */
export function virtualCardProblem(): string | null {
  const missing = PROGRAMS.filter((program) => findOnPath(program) === null);
  return missing.length === 0
    ? null
    : `${missing.join(', ')} (Debian's packages pulseaudio, pulseaudio-utils and libasound2-plugins)`;
}

/**
 * Owns a sound server of its own with one microphone called `mic`, without a kernel driver or a session, and every way to
 * lose it. Its clients find it through the variables of `environment`. What a method promises has happened in the server
 * when it resolves. `stop` leaves nothing behind, whatever state the server is in.
 */
export class VirtualCard {
  readonly environment: Readonly<Record<string, string>>;
  readonly #folder: string;
  #server: OwnedProcess | undefined;
  #noise: NoiseFloor | undefined;
  #card: string | undefined;
  #second: string | undefined;
  #fillers: string[] = [];

  private constructor(folder: string) {
    this.#folder = folder;
    this.environment = {
      PULSE_SERVER: `unix:${join(folder, 'native')}`,
      ALSA_CONFIG_PATH: join(folder, 'asound.conf'),
    };
  }

  /** Starts the server and plugs the card in. Rejects where the server does not start. */
  static async start(options: CardOptions = {}): Promise<VirtualCard> {
    const card = new VirtualCard(await mkdtemp(join(tmpdir(), 'virtual-card-')));
    try {
      await mkdir(join(card.#folder, 'home'));
      await writeFile(join(card.#folder, 'asound.conf'), ALSA_CONFIG);
      await card.startServer();
      await card.plug(options);
      return card;
    } catch (thrown) {
      await card.stop();
      throw thrown;
    }
  }

  /** Puts the card with the microphone in. */
  async plug(options: CardOptions = {}): Promise<void> {
    const { sampleRateHz = 48_000, channels = 2, format = 's16le', hasNoise = true } = options;
    this.#card = await this.#load(
      'module-null-sink',
      ...['sink_name=vcard', `rate=${sampleRateHz}`, `channels=${channels}`, `format=${format}`],
      // Without it the first samples come after 1.7 s instead of 0.1 s.
      'norewinds=1',
    );
    if (hasNoise) this.#noise = new NoiseFloor('vcard', this.#env);
    await this.#load('module-remap-source', 'master=vcard.monitor', 'source_name=mic', 'remix=no');
    await this.#pactl('set-default-source', 'mic');
  }

  /** Pulls the card out; where there is a second microphone, the server moves the streams to it. */
  async unplug(): Promise<void> {
    const card = this.#card;
    this.#card = undefined;
    if (card !== undefined) await this.#pactl('unload-module', card);
    await this.#stopNoise();
  }

  /** Speaks a WAV file into the microphone; resolves when it has been played. */
  async play(path: string): Promise<void> {
    await this.#run('paplay', ['--device=vcard', path], PLAY_DEADLINE_MS);
  }

  /** The source stalls, and stays listed. */
  async suspend(): Promise<void> {
    await this.#pactl('suspend-source', 'mic', '1');
  }

  async resume(): Promise<void> {
    await this.#pactl('suspend-source', 'mic', '0');
  }

  /** The server stops answering, or answers again. */
  freeze(): void {
    this.#signal('SIGSTOP');
  }

  thaw(): void {
    this.#signal('SIGCONT');
  }

  /** The server dies, and its card with it. */
  async kill(): Promise<void> {
    await this.#server?.kill();
    this.#server = undefined;
    this.#card = undefined;
    this.#second = undefined;
    this.#fillers = [];
    await this.#stopNoise();
  }

  /** The server comes back, without a card. */
  async startServer(): Promise<void> {
    const socket = `socket=${join(this.#folder, 'native')} auth-anonymous=1 auth-cookie-enabled=0`;
    const server = new OwnedProcess(
      {
        command: 'pulseaudio',
        args: [
          ...['-n', '--daemonize=no', '--fail', '--use-pid-file=no', '--disallow-exit'],
          ...['--exit-idle-time=-1', '--realtime=no', '--high-priority=no', '--log-level=error'],
          ...['-L', `module-native-protocol-unix ${socket}`],
        ],
        env: { ...process.env, HOME: join(this.#folder, 'home'), XDG_RUNTIME_DIR: this.#folder },
      },
      () => undefined,
    );
    this.#server = server;
    const deadlineMs = performance.now() + START_DEADLINE_MS;
    while (!(await this.#answers())) {
      if (performance.now() > deadlineMs || server.pid === null) {
        throw new Error(`The sound server did not start: ${server.stderrTail}`);
      }
      await delay(20);
    }
  }

  /** Another microphone, `spare`, that the server moves the streams of an unplugged one to. */
  async addSecond(): Promise<void> {
    this.#second = await this.#load(
      'module-null-sink',
      ...['sink_name=other', 'rate=48000', 'channels=2', 'norewinds=1'],
    );
    await this.#load(
      'module-remap-source',
      'master=other.monitor',
      'source_name=spare',
      'remix=no',
    );
  }

  async removeSecond(): Promise<void> {
    if (this.#second !== undefined) await this.#pactl('unload-module', this.#second);
    this.#second = undefined;
  }

  /** The microphone is busy: whoever wants to record from it is refused. Takes about two seconds. */
  async refuse(): Promise<void> {
    while (this.#fillers.length < MAX_STREAMS) {
      const name = `source_name=filler${this.#fillers.length}`;
      const filler = await this.#load('module-remap-source', 'master=mic', name, 'remix=no').catch(
        () => null,
      );
      if (filler === null) return;
      this.#fillers.push(filler);
    }
  }

  async accept(): Promise<void> {
    for (const filler of this.#fillers.splice(0)) await this.#pactl('unload-module', filler);
  }

  /** Who records from what, as the server has it. */
  async streams(): Promise<{ pid: number | null; source: string }[]> {
    const text = await this.#pactl('-f', 'json', 'list');
    const { sources, source_outputs } = JSON.parse(text) as {
      sources: { index: number; name: string }[];
      source_outputs: { source: number; properties: Record<string, string> }[];
    };
    return source_outputs.map(({ source, properties }) => ({
      pid: Number(properties['application.process.id'] ?? 0) || null,
      source: sources.find(({ index }) => index === source)?.name ?? '',
    }));
  }

  async stop(): Promise<void> {
    await this.#noise?.stop();
    await this.#server?.kill();
    await rm(this.#folder, { recursive: true, force: true });
  }

  get #env(): NodeJS.ProcessEnv {
    return { ...process.env, ...this.environment, LC_ALL: 'C' };
  }

  async #stopNoise(): Promise<void> {
    await this.#noise?.stop();
    this.#noise = undefined;
  }

  #signal(signal: NodeJS.Signals): void {
    const pid = this.#server?.pid;
    if (typeof pid === 'number') process.kill(pid, signal);
  }

  #answers(): Promise<boolean> {
    return this.#pactl('info').then(
      () => true,
      () => false,
    );
  }

  async #load(module: string, ...args: string[]): Promise<string> {
    return (await this.#pactl('load-module', module, ...args)).trim();
  }

  #pactl(...args: string[]): Promise<string> {
    return this.#run('pactl', args, ANSWER_DEADLINE_MS);
  }

  #run(program: string, args: readonly string[], timeout: number): Promise<string> {
    return new Promise((resolve, reject) => {
      const options = { env: this.#env, timeout, killSignal: 'SIGKILL' } as const;
      execFile(program, [...args], options, (failure, stdout) => {
        if (failure === null) resolve(stdout);
        else reject(failure);
      });
    });
  }
}
