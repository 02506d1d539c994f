import { Writable } from 'node:stream';
import type { CommandIo } from '../../../src/cli/command-io.ts';

/** Keeps what a command writes. */
export class CapturedIo implements CommandIo {
  readonly stdout = new Kept();
  readonly stderr = new Kept();
  readonly isTty = false;

  json(): unknown {
    return JSON.parse(this.stdout.text);
  }
}

class Kept extends Writable {
  text = '';

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}
