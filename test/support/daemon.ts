import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MAIN = join(ROOT, 'dist/src/main.js');

/** The path of a clip in the fixtures. */
export function clip(name: string): string {
  return join(ROOT, 'test/fixtures/audio', `${name}.wav`);
}

/** Nothing that a healthy daemon does takes this long; it only keeps a hanging test from hanging for ever. */
export const LIVENESS_MS = 50_000;

export interface LogLine {
  readonly msg: string;
  readonly level: string;
  readonly [field: string]: unknown;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A folder of its own for a daemon's state and sockets, and the environment that points there. */
export class Sandbox {
  readonly folder = mkdtempSync(join(tmpdir(), 'rtap-test-'));

  get env(): NodeJS.ProcessEnv {
    const { PATH, HOME, ALSA_CONFIG_PATH, PULSE_SERVER } = process.env;
    return {
      PATH,
      HOME,
      ALSA_CONFIG_PATH,
      PULSE_SERVER,
      XDG_STATE_HOME: this.folder,
      XDG_RUNTIME_DIR: this.folder,
    };
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

const EPHEMERAL = [
  'output.zmq_pub_port_events=0',
  'output.zmq_pub_port_transcripts=0',
  'output.zmq_pub_port_audio=0',
  'output.websocket_port=0',
  'admin.port=0',
];

export interface DaemonFlags {
  readonly source: string;
  readonly set?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
}

/** The real daemon as a process, on ports that the system chooses, and what it logs. */
export class DaemonProcess {
  readonly child: ChildProcess;
  readonly lines: LogLine[] = [];
  readonly exited: Promise<Exit>;
  stderr = '';
  #waiting: { find: (line: LogLine) => boolean; resolve: (line: LogLine) => void }[] = [];

  constructor(sandbox: Sandbox, { source, set = [], args = [], env = {} }: DaemonFlags) {
    const settings = [...EPHEMERAL, ...set].flatMap((setting) => ['--set', setting]);
    this.child = spawn(process.execPath, [MAIN, 'run', '--source', source, ...settings, ...args], {
      env: { ...sandbox.env, ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.child.stdin?.on('error', () => undefined);
    this.exited = new Promise((resolve) => {
      this.child.on('close', (code, signal) => {
        resolve({ code, signal });
      });
    });
    this.child.stderr?.on('data', (chunk: Buffer) => {
      this.stderr += chunk.toString();
    });
    if (this.child.stdout === null) throw new Error('the daemon has no output');
    createInterface({ input: this.child.stdout }).on('line', (text) => {
      const line = JSON.parse(text) as LogLine;
      this.lines.push(line);
      const [done, waiting] = [
        this.#waiting.filter(({ find }) => find(line)),
        this.#waiting.filter(({ find }) => !find(line)),
      ];
      this.#waiting = waiting;
      for (const { resolve } of done) resolve(line);
    });
  }

  get pid(): number {
    if (this.child.pid === undefined) throw new Error('the daemon did not start');
    return this.child.pid;
  }

  /** The first line that fits, of those that were logged and those to come. Rejects when the daemon ends without it. */
  async line(find: (line: LogLine) => boolean): Promise<LogLine> {
    const found = this.lines.find(find);
    if (found !== undefined) return found;
    const coming = new Promise<LogLine>((resolve) => this.#waiting.push({ find, resolve }));
    const ended = this.exited.then(({ code, signal }) => {
      const last = this.lines.slice(-8).map((line) => JSON.stringify(line));
      throw new Error(
        `the daemon ended (${String(code ?? signal)}) without that line: ${this.stderr}\n${last.join('\n')}`,
      );
    });
    return Promise.race([coming, ended]);
  }

  message(msg: string): Promise<LogLine> {
    return this.line((line) => line.msg === msg);
  }

  async ready(): Promise<void> {
    await this.line((line) => line.msg === 'readiness.changed' && line['state'] === 'ready');
  }

  /** Addresses of an outlet by what is served there. */
  async addresses(outlet: string): Promise<Record<string, string>> {
    const line = await this.line(
      ({ msg, ...rest }) => msg === 'outlet.opened' && rest['outlet'] === outlet,
    );
    return line['addresses'] as Record<string, string>;
  }

  async enginePid(engine: string): Promise<number> {
    const line = await this.line(
      ({ msg, ...rest }) => msg === 'engine.warming' && rest['engine'] === engine,
    );
    return line['pid'] as number;
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  async stop(): Promise<Exit> {
    this.signal('SIGTERM');
    return this.exited;
  }
}

/** The processes whose parent this is, from the kernel's own table. */
export function childrenOf(pid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((candidate) => parentOf(candidate) === pid);
}

/** Resolves when none of them runs any more; the kernel tells nobody but their parent when it is. */
export async function gone(pids: readonly number[]): Promise<void> {
  while (pids.some(isRunning)) await new Promise((resolve) => setTimeout(resolve, 10));
}

export function isRunning(pid: number): boolean {
  const state = statOf(pid)?.at(0);
  return state !== undefined && state !== 'Z' && state !== 'X';
}

function parentOf(pid: number): number | null {
  const parent = statOf(pid)?.at(1);
  return parent === undefined ? null : Number(parent);
}

/** State, parent and what follows; the name before them may hold anything. */
function statOf(pid: number): string[] | null {
  try {
    const text = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return null;
  }
}

export interface CommandResult extends Exit {
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `rtap` to its end. */
export async function rtap(
  sandbox: Sandbox,
  args: readonly string[],
  input?: Uint8Array,
): Promise<CommandResult> {
  const child = spawn(process.execPath, [MAIN, ...args], { env: sandbox.env, stdio: 'pipe' });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  return new Promise((resolve) => {
    child.on('close', (code, signal) => {
      resolve({ code, signal, stdout, stderr });
    });
  });
}
