import { tmpdir } from 'node:os';
import type { Duplex } from 'node:stream';
import { nodeModule } from '../processes/node-module.ts';
import { OwnedProcess } from '../processes/owned-process.ts';
import type { ProcessEvent } from '../processes/owned-process.ts';
import { PCM_FD, isPortAudioAnswer } from './portaudio-protocol.ts';
import type { PortAudioAnswer, PortAudioRequest } from './portaudio-protocol.ts';

export interface PortAudioEvents {
  answer(message: PortAudioAnswer): void;
  /** The native code wrote a line to its standard error. */
  complained(line: string): void;
  /** The process has ended, or could not be started; comes once, last. */
  ended(end: { how: string; isKilled: boolean }): void;
}

/**
 * Owns one PortAudio process, which ends with `kill`, with its IPC channel, and with this process. It does not guarantee
 * that the process ever answers: deadlines are the caller's. What it prints besides is passed over.
 */
export class PortAudioChild {
  readonly #process: OwnedProcess;
  readonly #events: PortAudioEvents;
  #complaint = '';

  constructor(request: PortAudioRequest, events: PortAudioEvents) {
    this.#events = events;
    this.#process = new OwnedProcess(
      {
        ...nodeModule('portaudio-process', import.meta.url, [JSON.stringify(request)]),
        // The binding leaves its crash report in the working directory.
        cwd: tmpdir(),
        pipes: 1,
        ipc: 'json',
        lines: true,
      },
      (event) => {
        this.#hear(event);
      },
    );
  }

  /** Null when it does not run. */
  get pid(): number | null {
    return this.#process.pid;
  }

  /** The samples; a pause holds the process back, which then drops and counts. Undefined when it could not be started. */
  get pcm(): Duplex | undefined {
    return this.#process.pipe(PCM_FD);
  }

  /** The last thing that the native code complained of, one line, or the empty string. */
  get complaint(): string {
    return this.#complaint;
  }

  /** Ends the process; resolves when it is gone. */
  kill(): Promise<void> {
    // Samples that nobody reads would hold its end back.
    this.pcm?.destroy();
    return this.#process.kill();
  }

  #hear(event: ProcessEvent): void {
    if (event.type === 'exited') {
      const { description, signal } = event.status;
      this.#events.ended({ how: description, isKilled: signal !== null });
    } else if (event.type === 'message' && isPortAudioAnswer(event.message)) {
      this.#events.answer(event.message);
    } else if (event.type === 'line' && event.from === 'stderr' && event.text.trim() !== '') {
      this.#complaint = event.text.trim();
      this.#events.complained(this.#complaint);
    }
  }
}
