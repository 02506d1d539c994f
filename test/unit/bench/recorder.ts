import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';

/** `parec`, a client that is none of ours, and what it says about its stream. */
export class Recorder {
  readonly exited: Promise<number | null>;
  readonly #child: ChildProcess;
  #chunks: Buffer[] = [];
  #said = '';
  #isOver = false;

  constructor(environment: Readonly<Record<string, string>>, device = 'mic') {
    const format = ['--format=s16le', '--rate=16000', '--channels=1', '--latency-msec=20'];
    this.#child = spawn('parec', ['-v', `--device=${device}`, ...format], {
      env: { ...process.env, ...environment, LC_ALL: 'C' },
    });
    this.#child.stdout?.on('data', (chunk: Buffer) => this.#chunks.push(chunk));
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      this.#said += chunk.toString();
    });
    this.exited = once(this.#child, 'close').then(([code]) => {
      this.#isOver = true;
      return code as number | null;
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Where its stream is, and was, and why there is none. */
  get said(): string[] {
    return this.#said.split(/[\r\n]+/).filter((line) => /device|failure|error/.test(line));
  }

  get byteCount(): number {
    return this.#chunks.reduce((sum, { length }) => sum + length, 0);
  }

  async says(what: string): Promise<void> {
    await this.#until(() => this.said.some((line) => line.includes(what)));
  }

  /** The next samples, for so long. */
  async hears(durationMs: number): Promise<Int16Array> {
    this.#chunks = [];
    await this.#until(() => this.byteCount >= durationMs * 32);
    const bytes = Buffer.concat(this.#chunks);
    return Int16Array.from({ length: bytes.length >> 1 }, (_, index) =>
      bytes.readInt16LE(2 * index),
    );
  }

  /** How many bytes come within a while, once those on their way have come. */
  async bytesWithin(durationMs: number): Promise<number> {
    await setTimeout(100);
    const before = this.byteCount;
    await setTimeout(durationMs);
    return this.byteCount - before;
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.exited;
  }

  async #until(isSo: () => boolean): Promise<void> {
    while (!isSo()) {
      if (this.#isOver) throw new Error(`parec has ended: ${this.said.join(', ')}`);
      await setTimeout(5);
    }
  }
}
