import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { tmpdir } from 'node:os';
import type { Duplex } from 'node:stream';
import { childCommand } from '../child-command.ts';
import { PCM_FD, isPortAudioAnswer } from './portaudio-protocol.ts';
import type { PortAudioAnswer, PortAudioRequest } from './portaudio-protocol.ts';

/** What is kept of the native code's complaints: enough to name the last failed call. */
const MAX_COMPLAINT_CHARACTERS = 4_096;

export interface PortAudioEvents {
  answer(message: PortAudioAnswer): void;
  /** The process has ended, or could not be started; comes once, last. */
  ended(how: string): void;
}

/**
 * Owns one PortAudio process. It guarantees that the process dies with `kill`, with its IPC channel and, where `setpriv` is installed,
 * with this process even when that is killed; it does not guarantee that the process ever answers: deadlines are the caller's.
 */
export class PortAudioChild {
  readonly #child: ChildProcess;
  readonly #gone: Promise<void>;
  #complaint = '';

  constructor(request: PortAudioRequest, events: PortAudioEvents) {
    const { execPath, execArgv, modulePath } = childCommand('portaudio-process', import.meta.url);
    this.#child = spawn(execPath, [...execArgv, modulePath, JSON.stringify(request)], {
      // The binding leaves its crash report in the working directory.
      cwd: tmpdir(),
      stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'ipc'],
    });
    this.pcm?.on('error', () => {
      // The end of the process says it all.
    });
    this.#child.stdout?.resume();
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#complaint = (this.#complaint + text).slice(-MAX_COMPLAINT_CHARACTERS);
    });
    this.#child.on('message', (message) => {
      if (isPortAudioAnswer(message)) events.answer(message);
    });
    this.#gone = new Promise((resolve) => {
      let isGone = false;
      const end = (how: string): void => {
        if (isGone) return;
        isGone = true;
        resolve();
        events.ended(how);
      };
      this.#child.on('error', (error) => {
        end(`it could not be started: ${error.message}`);
      });
      this.#child.once('exit', (code, signal) => {
        end(signal === null ? `it exited with code ${String(code)}` : `it was ended by ${signal}`);
      });
    });
  }

  /** The samples; a pause holds the process back, which then drops and counts. Undefined when it could not be started. */
  get pcm(): Duplex | undefined {
    const stdio = this.#child.stdio as readonly unknown[] | undefined;
    return stdio?.[PCM_FD] as Duplex | undefined;
  }

  /** The last thing that the native code complained of, one line, or the empty string. */
  get complaint(): string {
    return this.#complaint.trim().split('\n').at(-1) ?? '';
  }

  /** Ends the process; resolves when it is gone. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#gone;
  }
}
