/** A sound server with one microphone called `mic`, without a kernel driver or a session: for tests on a Debian machine, as root. */
import { execFile, spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

const PROGRAMS = ['pulseaudio', 'pactl', 'paplay'];
const PACKAGES = ['pulseaudio', 'pulseaudio-utils', 'libasound2-plugins'];
const START_DEADLINE_MS = 15_000;

/** ALSA clients, PortAudio among them, see the microphone through this. */
const ALSA_CONFIG = `
pcm.mic { type pulse
 device mic
 hint { show on
 description "mic" } }
pcm.!default { type pulse }
ctl.!default { type pulse }
`;

/** Installs what the card needs; undefined when it is there, else a line that says what is lacking. */
export function prepareVirtualCard(): string | undefined {
  const isThere = (program: string): boolean => spawnSync(program, ['--version']).status === 0;
  if (PROGRAMS.every(isThere)) return undefined;
  const lacking = `a sound server (${PACKAGES.join(', ')})`;
  if (process.getuid?.() !== 0) return `${lacking}, which only root can install`;
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const install = ['install', '-y', '-qq', '--no-install-recommends', ...PACKAGES];
  for (const args of [['update', '-qq'], install]) {
    const { status, error } = spawnSync('apt-get', args, { env, stdio: 'ignore' });
    if (status !== 0)
      return `${lacking}, which apt-get did not install${error ? ' (no apt-get)' : ''}`;
  }
  return undefined;
}

/** Owns one sound server and its folder. Its clients find it through the variables of `environment`. */
export class VirtualCard {
  readonly environment: Readonly<Record<string, string>>;
  readonly #folder: string;
  #server: ChildProcess | undefined;
  #card = '';

  constructor(folder: string) {
    this.#folder = folder;
    this.environment = {
      PULSE_SERVER: `unix:${join(folder, 'native')}`,
      ALSA_CONFIG_PATH: join(folder, 'asound.conf'),
    };
  }

  static async start(): Promise<VirtualCard> {
    const card = new VirtualCard(await mkdtemp(join(tmpdir(), 'virtual-card-')));
    await mkdir(join(card.#folder, 'home'));
    await writeFile(join(card.#folder, 'asound.conf'), ALSA_CONFIG);
    await card.#startServer();
    await card.plug();
    return card;
  }

  /** Puts the card with the microphone in. */
  async plug(): Promise<void> {
    // norewinds: without it the first samples come after 1.7 s instead of 0.1 s.
    const sink = ['sink_name=vcard', 'rate=48000', 'channels=2', 'norewinds=1'];
    this.#card = (await this.#pactl('load-module', 'module-null-sink', ...sink)).trim();
    const source = ['master=vcard.monitor', 'source_name=mic', 'remix=no'];
    await this.#pactl('load-module', 'module-remap-source', ...source);
    await this.#pactl('set-default-source', 'mic');
  }

  async unplug(): Promise<void> {
    await this.#pactl('unload-module', this.#card);
  }

  /** Speaks a WAV file into the microphone; resolves when it has been played. */
  async play(path: string): Promise<void> {
    await run('paplay', ['--device=vcard', path], { env: this.#clientEnvironment() });
  }

  /** The server stops answering, or answers again. */
  freeze(): void {
    this.#server?.kill('SIGSTOP');
  }

  thaw(): void {
    this.#server?.kill('SIGCONT');
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server?.exitCode === null && server.signalCode === null) {
      const gone = once(server, 'exit');
      server.kill('SIGKILL');
      await gone;
    }
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #startServer(): Promise<void> {
    const socket = `socket=${join(this.#folder, 'native')} auth-anonymous=1 auth-cookie-enabled=0`;
    this.#server = spawn(
      'pulseaudio',
      [
        ...['-n', '--daemonize=no', '--fail', '--use-pid-file=no', '--disallow-exit'],
        ...['--exit-idle-time=-1', '--realtime=no', '--high-priority=no', '--log-target=null'],
        ...['-L', `module-native-protocol-unix ${socket}`],
      ],
      {
        env: {
          ...process.env,
          HOME: join(this.#folder, 'home'),
          XDG_RUNTIME_DIR: this.#folder,
        },
        stdio: 'ignore',
      },
    );
    const deadlineMs = performance.now() + START_DEADLINE_MS;
    while (!(await this.#answers())) {
      if (performance.now() > deadlineMs) throw new Error('The sound server did not start');
      await setTimeout(50);
    }
  }

  #answers(): Promise<boolean> {
    return this.#pactl('info').then(
      () => true,
      () => false,
    );
  }

  async #pactl(...args: string[]): Promise<string> {
    return (await run('pactl', args, { env: this.#clientEnvironment() })).stdout;
  }

  #clientEnvironment(): NodeJS.ProcessEnv {
    return { ...process.env, ...this.environment };
  }
}
