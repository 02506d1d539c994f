import { Readable } from 'node:stream';
import { OwnedProcess } from '../processes/owned-process.ts';

const SAMPLE_RATE_HZ = 16_000;
/** About -70 dBFS: a quiet room through a good microphone. */
const PEAK = 25;
const LOOP_SECONDS = 4;

/**
 * Plays a quiet noise into a sink for as long as it lives, since a real microphone never gives exact zeros. The player
 * asks for more when it has room, so that nothing here keeps time.
 */
export class NoiseFloor {
  readonly #player: OwnedProcess;

  constructor(sink: string, env: NodeJS.ProcessEnv) {
    this.#player = new OwnedProcess(
      {
        command: 'pacat',
        args: [
          ...['--playback', `--device=${sink}`, '--raw', '--format=s16le', '--channels=1'],
          ...[`--rate=${SAMPLE_RATE_HZ}`, '--latency-msec=500'],
        ],
        env,
        stdin: 'pipe',
      },
      () => undefined,
    );
    const input = this.#player.pipe(0);
    if (input !== undefined) Readable.from(loop()).pipe(input);
  }

  stop(): Promise<void> {
    return this.#player.kill();
  }
}

function* loop(): Generator<Buffer> {
  const samples = Int16Array.from({ length: LOOP_SECONDS * SAMPLE_RATE_HZ }, () =>
    Math.round((Math.random() - Math.random()) * PEAK),
  );
  const bytes = Buffer.from(samples.buffer);
  for (;;) yield bytes;
}
