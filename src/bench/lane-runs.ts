import { OwnedProcess } from '../io/processes/owned-process.ts';
import { nodeModule } from '../io/processes/node-module.ts';
import type { FromLane } from './lane-process.ts';
import type { LaneSpec } from './lanes.ts';

/** Longer than any repetition on any machine; past it a lane hangs. */
const DEADLINE_MS = 60_000;

export interface RunsOptions {
  /** Each round has fresh processes: what the compiler makes of a program differs from one to the next. */
  readonly rounds: number;
  /** Within a round. */
  readonly repetitions: number;
  onProgress(share: number): void;
}

/** The values of one repetition, and where it stood. */
export interface Repetition {
  readonly round: number;
  /** Counts from 0 in each round; 0 is the first that its process did. */
  readonly index: number;
  readonly values: readonly number[];
}

/**
 * Runs lanes in turn, A B C A B C, each in a process of its own, so that a machine which slows down does so for all.
 * Returns the repetitions of each lane, in the order of the lanes.
 */
export async function runLanes(
  specs: readonly LaneSpec[],
  options: RunsOptions,
): Promise<Repetition[][]> {
  const { rounds, repetitions } = options;
  const results: Repetition[][] = specs.map(() => []);
  for (let round = 0; round < rounds; round += 1) {
    const lanes: LaneProcess[] = [];
    try {
      for (const spec of specs) {
        const lane = new LaneProcess(spec);
        lanes.push(lane);
        await lane.next();
      }
      for (let index = 0; index < repetitions; index += 1) {
        for (const [place, lane] of lanes.entries()) {
          const values = await lane.repeat();
          results[place]?.push({ round, index, values });
        }
        options.onProgress((round * repetitions + index + 1) / (rounds * repetitions));
      }
    } finally {
      await Promise.all(lanes.map((lane) => lane.close()));
    }
  }
  return results;
}

/** One lane's process; it does one thing at a time. */
class LaneProcess {
  readonly #process: OwnedProcess;
  readonly #kind: string;
  #failure: Error | null = null;
  #waiting: { resolve(values: readonly number[]): void; reject(error: Error): void } | null = null;

  constructor(spec: LaneSpec) {
    this.#kind = spec.kind;
    const command = nodeModule('lane-process', import.meta.url, [JSON.stringify(spec)]);
    this.#process = new OwnedProcess({ ...command, ipc: 'json' }, (event) => {
      if (event.type === 'message') {
        const message = event.message as FromLane;
        this.#waiting?.resolve(message.type === 'values' ? message.values : []);
      } else if (event.type === 'exited') {
        this.#fail(`ended: ${this.#process.stderrTail}`);
      }
    });
  }

  repeat(): Promise<readonly number[]> {
    const values = this.next();
    this.#process.send({ type: 'repeat' });
    return values;
  }

  /** What it says next; nothing else may be waited for. */
  async next(): Promise<readonly number[]> {
    const deadline = setTimeout(() => {
      this.#fail('hangs');
    }, DEADLINE_MS);
    try {
      return await new Promise((resolve, reject) => {
        if (this.#failure === null) this.#waiting = { resolve, reject };
        else reject(this.#failure);
      });
    } finally {
      clearTimeout(deadline);
      this.#waiting = null;
    }
  }

  close(): Promise<void> {
    return this.#process.kill();
  }

  #fail(problem: string): void {
    this.#failure = new Error(`a process that measures (${this.#kind}) ${problem}`);
    this.#waiting?.reject(this.#failure);
  }
}
