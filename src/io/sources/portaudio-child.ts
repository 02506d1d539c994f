import { tmpdir } from 'node:os';
import type { Duplex } from 'node:stream';
import { nodeModule } from '../processes/node-module.ts';
import { OwnedProcess } from '../processes/owned-process.ts';
import { PCM_FD, isPortAudioAnswer } from './portaudio-protocol.ts';
import type { PortAudioAnswer, PortAudioRequest } from './portaudio-protocol.ts';

export interface PortAudioEvents {
  answer(message: PortAudioAnswer): void;
  /** The process has ended, or could not be started; comes once, last. */
  ended(how: string): void;
}

/**
 * Owns one PortAudio process, which ends with `kill`, with its IPC channel, and with this process. It does not guarantee
 * that the process ever answers: deadlines are the caller's.
 */
export class PortAudioChild {
  readonly #process: OwnedProcess;

  constructor(request: PortAudioRequest, events: PortAudioEvents) {
    this.#process = new OwnedProcess(
      {
        ...nodeModule('portaudio-process', import.meta.url, [JSON.stringify(request)]),
        // The binding leaves its crash report in the working directory.
        cwd: tmpdir(),
        pipes: 1,
        ipc: 'json',
      },
      (event) => {
        if (event.type === 'exited') events.ended(event.status.description);
        else if (event.type === 'message' && isPortAudioAnswer(event.message)) {
          events.answer(event.message);
        }
      },
    );
  }

  /** The samples; a pause holds the process back, which then drops and counts. Undefined when it could not be started. */
  get pcm(): Duplex | undefined {
    return this.#process.pipe(PCM_FD);
  }

  /** The last thing that the native code complained of, one line, or the empty string. */
  get complaint(): string {
    return this.#process.stderrTail.trim().split('\n').at(-1) ?? '';
  }

  /** Ends the process; resolves when it is gone. */
  kill(): Promise<void> {
    // Samples that nobody reads would hold its end back.
    this.pcm?.destroy();
    return this.#process.kill();
  }
}
