import { spawn } from 'node:child_process';
import type { ChildProcess, StdioOptions } from 'node:child_process';
import type { Duplex, Readable } from 'node:stream';
import { describeError } from '../../domain/errors.ts';
import { exitStatus, neverStarted } from './exit-status.ts';
import type { ExitStatus } from './exit-status.ts';
import { LineReader } from './line-reader.ts';
import type { Line } from './line-reader.ts';
import { dyingWithParent } from './parent-death.ts';
import { programProblem } from './program-path.ts';

/** What tells that a process is ready: that it runs, a line on one of its outputs, or a message over its channel. */
export type Readiness =
  | { readonly when: 'spawned' }
  /** A text is found anywhere in the line. */
  | { readonly when: 'line'; readonly matching: string | RegExp }
  | { readonly when: 'message'; readonly matching?: (message: unknown) => boolean };

export interface ProcessOptions {
  /** A program's path, or its name on the `PATH` of `env`. */
  readonly command: string;
  readonly args?: readonly string[];
  /** In place of this process's environment. */
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** `spawned` when left out. */
  readonly readiness?: Readiness;
  /** `pipe` holds a pipe open as its input, which ends when this process does; `ignore` when left out. */
  readonly stdin?: 'ignore' | 'pipe';
  /** How many pipes it gets beyond its outputs, from file descriptor 3 on. */
  readonly pipes?: number;
  /** How messages to a Node program are written; no channel when left out, unless its readiness is a message. */
  readonly ipc?: 'json' | 'advanced';
  /** Tells each line that it prints. */
  readonly lines?: boolean;
  /** Gives it a process group of its own, and signals all of the group. */
  readonly group?: boolean;
}

export type ProcessEvent =
  | { type: 'spawned'; pid: number }
  | { type: 'ready' }
  | ({ type: 'line'; from: 'stdout' | 'stderr' } & Line)
  | { type: 'message'; message: unknown }
  /** Comes once, last, and also when it could not be started. */
  | { type: 'exited'; status: ExitStatus };

const STDERR_TAIL_CHARACTERS = 4_096;
/** For what is left in the pipes of a process that has ended, when a process that it started holds them open. */
const DRAIN_MS = 100;
/** The longest that a timer can wait; 24 days. */
const MAX_TIMER_MS = 2_147_483_647;

/**
 * Owns one process of the operating system, from its start to its exit, after which no listener, timer or descriptor of
 * it is left. It dies with this process as far as {@link dyingWithParent} can promise it.
 *
 * Not guaranteed: that it becomes ready (the deadline is the caller's); that processes it starts end with it, unless
 * `group` is set, they stay in that group, and this process is alive to signal it; that a process dies of SIGKILL at
 * once, when the kernel cannot let go of it. `onEvent` is called asynchronously and must not throw.
 */
export class OwnedProcess {
  readonly #options: ProcessOptions;
  readonly #tell: (event: ProcessEvent) => void;
  readonly #child: ChildProcess | null;
  /** Why we sent a signal, by the signal. */
  readonly #reasons = new Map<NodeJS.Signals, string>();
  readonly #gone: Promise<void>;
  #reportGone: () => void = () => undefined;
  #status: ExitStatus | null = null;
  #isReady = false;
  #isOver = false;
  #stderrTail = '';
  #drainTimer: NodeJS.Timeout | undefined;

  constructor(options: ProcessOptions, onEvent: (event: ProcessEvent) => void) {
    this.#options = options;
    this.#tell = onEvent;
    this.#gone = new Promise((resolve) => {
      this.#reportGone = resolve;
    });
    this.#child = this.#start();
  }

  /** Null when it does not run. */
  get pid(): number | null {
    return this.#status === null ? (this.#child?.pid ?? null) : null;
  }

  /** The last of what it wrote to its standard error. */
  get stderrTail(): string {
    return this.#stderrTail;
  }

  /** A pipe that was asked for; undefined when there is none, or when the process could not be started. */
  pipe(fd: number): Duplex | undefined {
    const stdio = this.#child?.stdio as readonly unknown[] | undefined;
    return (stdio?.[fd] ?? undefined) as Duplex | undefined;
  }

  /** Sends a message; one to a process that is gone, or has closed its channel, is lost. */
  send(message: object): void {
    if (this.#child?.connected === true) this.#child.send(message, () => undefined);
  }

  /**
   * Asks it to end, by SIGTERM where the caller has no better way to `ask`, and kills it after the grace. Resolves when it
   * is gone. A frozen process hears nothing before it is continued, and so takes all of the grace.
   */
  async stop(graceMs: number, ask?: () => void): Promise<void> {
    if (this.#isOver) return;
    if (ask === undefined) this.#signal('SIGTERM', 'asked to stop');
    else ask();
    const timer = setTimeout(
      () => {
        this.#signal('SIGKILL', `did not stop within ${String(graceMs)} ms`);
      },
      Math.min(graceMs, MAX_TIMER_MS),
    );
    await this.#gone;
    clearTimeout(timer);
  }

  /** Ends it at once; resolves when it is gone. */
  async kill(): Promise<void> {
    this.#signal('SIGKILL', 'by its owner');
    await this.#gone;
  }

  #signal(signal: NodeJS.Signals, reason: string): void {
    const { pid } = this;
    if (pid === null) return;
    if (!this.#reasons.has(signal)) this.#reasons.set(signal, reason);
    send(signal, this.#options.group === true ? -pid : pid);
  }

  #start(): ChildProcess | null {
    const { command, env = process.env, cwd = '.' } = this.#options;
    const problem = programProblem(command, cwd, env['PATH'] ?? '/usr/bin:/bin');
    if (problem === null) {
      try {
        const child = spawnChild(this.#options);
        this.#follow(child);
        return child;
      } catch (thrown) {
        this.#failSoon(describeError(thrown));
      }
    } else {
      this.#failSoon(problem);
    }
    return null;
  }

  #failSoon(problem: string): void {
    setImmediate(() => {
      this.#end(neverStarted(problem));
    });
  }

  #follow(child: ChildProcess): void {
    child.on('spawn', () => {
      this.#tell({ type: 'spawned', pid: child.pid ?? 0 });
      if ((this.#options.readiness?.when ?? 'spawned') === 'spawned') this.#becomeReady();
    });
    child.on('error', (thrown) => {
      if (child.pid === undefined) this.#end(neverStarted(describeError(thrown)));
    });
    child.on('message', (message) => {
      this.#hear(message);
    });
    child.on('exit', (code, signal) => {
      // Nobody is left who could be asked; and its number may soon be another's.
      if (this.#options.group === true && child.pid !== undefined) send('SIGKILL', -child.pid);
      const why = signal === null ? null : (this.#reasons.get(signal) ?? null);
      const status = exitStatus(code, signal, why);
      this.#status = status;
      this.#drainTimer = setTimeout(() => {
        letGo(child);
        this.#end(status);
      }, DRAIN_MS);
    });
    // What it has said before its exit has been heard by now.
    child.on('close', () => {
      if (this.#status !== null) this.#end(this.#status);
    });
    for (const stream of streamsOf(child)) {
      stream.on('error', () => {
        // Its exit says it all.
      });
    }
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderrTail = (this.#stderrTail + text).slice(-STDERR_TAIL_CHARACTERS);
    });
    if (hearsLines(this.#options)) {
      this.#read('stdout', child.stdout);
      this.#read('stderr', child.stderr);
    }
  }

  #read(from: 'stdout' | 'stderr', stream: Readable | null): void {
    const reader = new LineReader();
    const tell = (lines: readonly Line[]): void => {
      for (const line of lines) {
        if (this.#options.lines === true) this.#tell({ type: 'line', from, ...line });
        const { readiness } = this.#options;
        if (readiness?.when === 'line' && isFound(readiness.matching, line.text)) {
          this.#becomeReady();
        }
      }
    };
    stream?.setEncoding('utf8');
    stream?.on('data', (text: string) => {
      tell(reader.push(text));
    });
    stream?.on('end', () => {
      tell(reader.end());
    });
  }

  #hear(message: unknown): void {
    this.#tell({ type: 'message', message });
    const { readiness } = this.#options;
    if (readiness?.when === 'message' && (readiness.matching?.(message) ?? true)) {
      this.#becomeReady();
    }
  }

  #becomeReady(): void {
    if (this.#isReady) return;
    this.#isReady = true;
    this.#tell({ type: 'ready' });
  }

  #end(status: ExitStatus): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#status = status;
    clearTimeout(this.#drainTimer);
    this.#tell({ type: 'exited', status });
    this.#reportGone();
  }
}

function spawnChild(options: ProcessOptions): ChildProcess {
  const { args = [], env, cwd, stdin = 'ignore', pipes = 0, group = false } = options;
  const ipc = options.ipc ?? (options.readiness?.when === 'message' ? 'json' : null);
  const stdio: StdioOptions = [
    stdin,
    hearsLines(options) ? 'pipe' : 'ignore',
    'pipe',
    ...new Array<'pipe'>(pipes).fill('pipe'),
    ...(ipc === null ? [] : (['ipc'] as const)),
  ];
  const command = dyingWithParent({ command: options.command, args });
  return spawn(command.command, [...command.args], {
    env,
    cwd,
    stdio,
    detached: group,
    serialization: ipc ?? 'json',
  });
}

function hearsLines({ lines, readiness }: ProcessOptions): boolean {
  return lines === true || readiness?.when === 'line';
}

function isFound(wanted: string | RegExp, text: string): boolean {
  // Not `test`, which remembers where it was.
  return typeof wanted === 'string' ? text.includes(wanted) : text.search(wanted) !== -1;
}

function streamsOf(child: ChildProcess): Duplex[] {
  const stdio = child.stdio as readonly (Duplex | null | undefined)[] | undefined;
  return (stdio ?? []).filter((stream) => stream !== null && stream !== undefined);
}

function letGo(child: ChildProcess): void {
  for (const stream of streamsOf(child)) stream.destroy();
  if (child.connected) child.disconnect();
}

/** A negative number is a group's. */
function send(signal: NodeJS.Signals, pid: number): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It is gone already, or has become another user's.
  }
}
