import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Readable } from 'node:stream';

export interface Line {
  readonly type?: string;
  readonly msg?: string;
  readonly durationMs?: number;
  readonly [field: string]: unknown;
}

/** The JSON lines of a stream, past and to come. */
export class Lines {
  readonly all: Line[] = [];
  readonly ended: Promise<void>;
  #onLine: (() => void)[] = [];
  #hasEnded = false;

  constructor(stream: Readable) {
    const reader = createInterface({ input: stream });
    reader.on('line', (text) => {
      if (text.startsWith('{')) this.all.push(JSON.parse(text) as Line);
      this.#wake();
    });
    this.ended = new Promise((resolve) => {
      reader.on('close', () => {
        this.#hasEnded = true;
        this.#wake();
        resolve();
      });
    });
  }

  /** The first that fits; rejects when the stream ends without it. */
  async find(fits: (line: Line) => boolean): Promise<Line> {
    for (;;) {
      const found = this.all.find(fits);
      if (found !== undefined) return found;
      if (this.#hasEnded)
        throw new Error(`it ended without that line: ${JSON.stringify(this.all)}`);
      await new Promise<void>((resolve) => this.#onLine.push(resolve));
    }
  }

  /** Resolves when there are so many of a type. */
  async count(type: string, wanted: number): Promise<void> {
    const ofType = (): Line[] => this.all.filter((line) => line.type === type);
    await this.find(() => ofType().length >= wanted);
  }

  #wake(): void {
    const waiting = this.#onLine;
    this.#onLine = [];
    for (const resolve of waiting) resolve();
  }
}

export interface WatchedOptions {
  readonly limitMs: number;
  readonly env?: NodeJS.ProcessEnv;
  /** What is its standard error instead of a pipe that is read. */
  readonly stderrFd?: number;
}

/** A process of ours under a watchdog: `watched-process.ts`. */
export class Watched {
  readonly child: ChildProcess;
  readonly stdout: Lines;
  readonly stderr: Lines | null;
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;

  constructor({ limitMs, env = {}, stderrFd }: WatchedOptions) {
    const script = fileURLToPath(new URL('./watched-process.ts', import.meta.url));
    const child = spawn(process.execPath, ['--import', 'tsx', script, String(limitMs)], {
      env: { ...process.env, ...env },
      stdio: ['pipe', 'pipe', stderrFd ?? 'pipe'],
    });
    if (child.stdout === null) throw new Error('it has no output');
    this.child = child;
    this.stdout = new Lines(child.stdout);
    this.stderr = child.stderr === null ? null : new Lines(child.stderr);
    this.exited = new Promise((resolve) => {
      child.on('exit', (code, signal) => {
        resolve({ code, signal });
      });
    });
  }

  /** Resolves when the watchdog runs. */
  static async start(options: WatchedOptions): Promise<Watched> {
    const watched = new Watched(options);
    await watched.stdout.find(({ type }) => type === 'watched');
    return watched;
  }

  tell(order: object | 'ready' | 'stopping'): void {
    this.child.stdin?.write(`${typeof order === 'string' ? order : JSON.stringify(order)}\n`);
  }

  said(msg: string): Promise<Line> {
    if (this.stderr === null) throw new Error('nobody reads its standard error');
    return this.stderr.find((line) => line.msg === msg);
  }

  kill(): void {
    this.child.stdin?.destroy();
    this.child.kill('SIGKILL');
  }
}
