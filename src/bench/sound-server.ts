import { readFileSync, readdirSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { OwnedProcess } from '../io/processes/owned-process.ts';
import { findOnPath } from '../io/processes/program-path.ts';
import { runProgram } from '../io/processes/program-run.ts';
import type { ProgramRun } from '../io/processes/program-run.ts';

const PROGRAMS = ['pulseaudio', 'pactl', 'paplay', 'pacat'];
const START_DEADLINE_MS = 15_000;
/** A healthy server answers in 8 ms; a frozen one never does. */
const COMMAND_DEADLINE_MS = 5_000;
const POLL_MS = 2;

/** ALSA clients, PortAudio among them, see one device through this. */
const ALSA_CONFIG = `
pcm.mic { type pulse
 device mic
 hint { show on
 description "mic" } }
pcm.!default { type pulse }
ctl.!default { type pulse }
`;

/**
 * Every loopback has two descriptors. A quiet stream must not turn down the sink that it plays to. A card that has the
 * alternate rate stays at it; any other would be switched to that rate only for a stream of 11.025 kHz or its multiples.
 */
const SERVER_CONFIG = `
rlimit-nofile = 2048
flat-volumes = no
alternate-sample-rate = 44100
`;

/** One sentence when this machine cannot run a sound server of its own; null when it can. */
export function soundServerProblem(): string | null {
  if (process.platform !== 'linux') return 'Sound servers of their own run on Linux only';
  const missing = PROGRAMS.filter((program) => findOnPath(program) === null);
  return missing.length === 0 ? null : `There is no ${missing.join(', ')} on this machine`;
}

/**
 * Owns one PulseAudio server without any device, its clients that it ran itself, and a temporary folder that has all of
 * it: the user's own sound server is neither used nor noticed. The server dies with this process; the folder then stays.
 *
 * Not guaranteed: that what was asked of a frozen server is not done later, once it is thawed.
 */
export class SoundServer {
  /** By these its clients find it. */
  readonly environment: Readonly<Record<'PULSE_SERVER' | 'ALSA_CONFIG_PATH', string>>;
  readonly #folder: string;
  readonly #clients = new Set<Promise<unknown>>();
  #process: OwnedProcess | null = null;
  #scripts = 0;

  private constructor(folder: string) {
    this.#folder = folder;
    this.environment = {
      PULSE_SERVER: `unix:${join(folder, 'native')}`,
      ALSA_CONFIG_PATH: join(folder, 'asound.conf'),
    };
  }

  /** A server that answers. */
  static async create(): Promise<SoundServer> {
    const problem = soundServerProblem();
    if (problem !== null) throw new Error(problem);
    const server = new SoundServer(await mkdtemp(join(tmpdir(), 'virtual-card-')));
    try {
      await mkdir(join(server.#folder, 'home'));
      await writeFile(server.environment.ALSA_CONFIG_PATH, ALSA_CONFIG);
      await writeFile(join(server.#folder, 'daemon.conf'), SERVER_CONFIG);
      await server.start();
      return server;
    } catch (thrown) {
      await server.remove();
      throw thrown;
    }
  }

  /** Null when it does not run. */
  get pid(): number | null {
    return this.#process?.pid ?? null;
  }

  get clientEnvironment(): NodeJS.ProcessEnv {
    return { ...process.env, ...this.environment, LC_ALL: 'C' };
  }

  /** Starts it, again after it was killed; resolves when it answers. */
  async start(): Promise<void> {
    if (this.pid !== null) throw new Error('The sound server runs already');
    const socket = `socket=${join(this.#folder, 'native')} auth-anonymous=1 auth-cookie-enabled=0`;
    const server = new OwnedProcess(
      {
        command: 'pulseaudio',
        args: [
          ...['-n', '--daemonize=no', '--fail', '--use-pid-file=no', '--exit-idle-time=-1'],
          ...['--realtime=no', '--high-priority=no', '--log-target=stderr', '--log-level=error'],
          ...['-L', `module-native-protocol-unix ${socket}`],
          // Its input takes scripts, and ends when this process does.
          ...['-L', 'module-cli exit_on_eof=1'],
        ],
        env: {
          ...process.env,
          HOME: join(this.#folder, 'home'),
          XDG_RUNTIME_DIR: this.#folder,
          PULSE_CONFIG: join(this.#folder, 'daemon.conf'),
        },
        stdin: 'pipe',
      },
      () => undefined,
    );
    this.#process = server;
    const deadlineMs = performance.now() + START_DEADLINE_MS;
    while ((await this.#client('pactl', ['info'], COMMAND_DEADLINE_MS)).status.code !== 0) {
      if (server.pid === null || performance.now() > deadlineMs) {
        throw new Error(`The sound server did not start: ${server.stderrTail}`);
      }
      await delay(POLL_MS);
    }
  }

  /** What `pactl` prints. Rejects when the server refuses, is not there, or does not answer in time. */
  pactl(...args: string[]): Promise<string> {
    return this.run('pactl', args, COMMAND_DEADLINE_MS);
  }

  /** Runs a client of the server to its end; resolves with what it printed, and rejects when it failed. */
  async run(program: string, args: readonly string[], deadlineMs: number): Promise<string> {
    const { status, stdout, stderr } = await this.#client(program, args, deadlineMs);
    if (status.code === 0) return stdout;
    const [action = ''] = args;
    throw new Error(`${program} ${action} ${status.description}: ${stderr.trim()}`);
  }

  /**
   * Hands the server commands that it carries out together: no client is served in between. Those that fail are passed
   * over. Resolves before they are done: what tells of it has to be waited for with `until`.
   */
  async execute(commands: readonly string[]): Promise<void> {
    this.#scripts += 1;
    const path = join(this.#folder, `${String(this.#scripts)}.pa`);
    await writeFile(path, ['.nofail', ...commands, ''].join('\n'));
    this.#process?.pipe(0)?.write(`.include ${path}\n`);
  }

  /** Asks until it is so. */
  async until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
    const deadlineMs = performance.now() + COMMAND_DEADLINE_MS;
    while (!(await isSo())) {
      if (performance.now() > deadlineMs) throw new Error(`The sound server never had ${what}`);
      await delay(POLL_MS);
    }
  }

  /** The rows of `pactl list short`, by their columns. */
  async list(what: 'modules' | 'sinks' | 'sources' | 'source-outputs'): Promise<string[][]> {
    const rows = await this.pactl('list', 'short', what);
    return rows.split('\n').flatMap((row) => (row === '' ? [] : [row.split('\t')]));
  }

  /** Stops all of its threads; resolves when they stand still. */
  async freeze(): Promise<void> {
    const pid = this.#signal('SIGSTOP');
    await this.until('stopped', () => threadStates(pid).every((state) => state === 'T'));
  }

  /** Resolves when they run again. */
  async thaw(): Promise<void> {
    const pid = this.#signal('SIGCONT');
    await this.until('gone on', () => !threadStates(pid).includes('T'));
  }

  /** Kills it, frozen or not; resolves when it is gone. */
  async kill(): Promise<void> {
    await this.#process?.kill();
  }

  /** Kills it, and leaves neither a client that was run here nor the folder. */
  async remove(): Promise<void> {
    await this.kill();
    // Their connections are closed.
    await Promise.all(this.#clients);
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #client(command: string, args: readonly string[], deadlineMs: number): Promise<ProgramRun> {
    const run = runProgram({ command, args, env: this.clientEnvironment }, deadlineMs);
    this.#clients.add(run);
    const result = await run;
    this.#clients.delete(run);
    return result;
  }

  #signal(signal: NodeJS.Signals): number {
    const { pid } = this;
    if (pid === null) throw new Error('The sound server does not run');
    process.kill(pid, signal);
    return pid;
  }
}

/** As the kernel's table has them: T is stopped. */
function threadStates(pid: number): string[] {
  const folder = `/proc/${String(pid)}/task`;
  return readdirSync(folder).map((thread) => {
    const text = readFileSync(join(folder, thread, 'stat'), 'utf8');
    return text.charAt(text.lastIndexOf(')') + 2);
  });
}
