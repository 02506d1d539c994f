import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RtapClient } from '../client/rtap-client.ts';
import { websocketTarget } from '../client/target.ts';
import { describeError } from '../domain/errors.ts';
import type { EventMessage, EventType } from '../domain/messages.ts';
import { nodeModule } from '../io/processes/node-module.ts';
import { OwnedProcess } from '../io/processes/owned-process.ts';

/** An event, and when it reached the client, on the monotonic clock. */
export interface HeardEvent {
  readonly type: EventType;
  readonly metadata: EventMessage['metadata'];
  readonly atMs: number;
}

export interface DaemonSettings {
  readonly source: string;
  /** In the form of `--set`. */
  readonly set: readonly string[];
  /** Beside the paths of the programs, which it has from this process. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Something that was waited for did not come; the daemon may be in any state. */
export class NeverHeard extends Error {}

const START_DEADLINE_MS = 60_000;
const STOP_GRACE_MS = 10_000;
/** More than there can be while somebody waits. */
const MAX_HEARD = 1_000;
const LAST_EVENTS = 5;

const EPHEMERAL = [
  'output.zmq_pub_port_events=0',
  'output.zmq_pub_port_transcripts=0',
  'output.zmq_pub_port_audio=0',
  'output.websocket_port=0',
  'admin.port=0',
];

/**
 * Owns a daemon as it is shipped, in a process and a folder of its own and on ports that the system chooses, and a client
 * that notes when each event arrives. Both end with this process.
 */
export class DaemonUnderTest {
  readonly #folder: string;
  readonly #process: OwnedProcess;
  readonly #heard: HeardEvent[] = [];
  readonly #waiting = new Set<() => void>();
  #client: RtapClient | null = null;
  #end: string | null = null;

  private constructor(folder: string, { source, set, environment }: DaemonSettings) {
    this.#folder = folder;
    const settings = [...EPHEMERAL, ...set].flatMap((setting) => ['--set', setting]);
    const args = ['run', '--source', source, ...settings];
    const { PATH } = process.env;
    const env = { PATH, HOME: folder, XDG_STATE_HOME: folder, XDG_RUNTIME_DIR: folder };
    this.#process = new OwnedProcess(
      {
        ...nodeModule('../main', import.meta.url, args),
        env: { ...env, XDG_CONFIG_HOME: folder, ...environment },
        lines: true,
      },
      (event) => {
        if (event.type === 'exited') this.#note(event.status.description);
        else if (event.type === 'line' && event.from === 'stdout') this.#read(event.text);
      },
    );
  }

  /** Resolves once it hears its source. */
  static async start(settings: DaemonSettings): Promise<DaemonUnderTest> {
    const folder = await mkdtemp(join(tmpdir(), 'rtap-bench-'));
    const daemon = new DaemonUnderTest(folder, settings);
    try {
      await daemon.next('source_opened', 0, START_DEADLINE_MS);
      return daemon;
    } catch (thrown) {
      await daemon.stop();
      throw new Error(`a daemon never heard ${settings.source}: ${describeError(thrown)}`);
    }
  }

  /** Null when it does not run. */
  get pid(): number | null {
    return this.#process.pid;
  }

  /** The events of a type that have come since, the oldest first. */
  since(type: EventType, atMs: number): HeardEvent[] {
    return this.#heard.filter((event) => event.type === type && event.atMs > atMs);
  }

  /** The first event of a type after that moment; rejects with {@link NeverHeard} when there is none in time, or no daemon. */
  async next(type: EventType, atMs: number, deadlineMs: number): Promise<HeardEvent> {
    const overAtMs = performance.now() + deadlineMs;
    for (;;) {
      const [found] = this.since(type, atMs);
      if (found !== undefined) return found;
      const leftMs = overAtMs - performance.now();
      if (this.#end !== null) throw new NeverHeard(`the daemon ${this.#end}`);
      if (leftMs <= 0) {
        const limit = `within ${String(deadlineMs)} ms`;
        throw new NeverHeard(`the daemon did not tell ${type} ${limit}, but ${this.#recently()}`);
      }
      await this.#news(leftMs);
    }
  }

  async stop(): Promise<void> {
    await this.#client?.close();
    await this.#process.stop(STOP_GRACE_MS);
    await rm(this.#folder, { recursive: true, force: true });
  }

  #read(line: string): void {
    if (!line.includes('"outlet.opened"') || !line.includes('"websocket"')) return;
    const { stream } = (JSON.parse(line) as { addresses: { stream: string } }).addresses;
    this.#client = new RtapClient({ target: websocketTarget(stream) });
    this.#client.on('message', (message) => {
      const atMs = performance.now();
      if (!('event_type' in message)) return;
      this.#heard.push({ type: message.event_type, metadata: message.metadata, atMs });
      if (this.#heard.length > MAX_HEARD) this.#heard.shift();
      this.#wake();
    });
    this.#client.start();
  }

  #note(how: string): void {
    this.#end = `${how} ${this.#process.stderrTail.trim()}`;
    this.#wake();
  }

  /** What it told last, for a person who has to find out why it tells no more. */
  #recently(): string {
    const last = this.#heard.slice(-LAST_EVENTS).map(({ type, atMs }) => {
      return `${type} ${((performance.now() - atMs) / 1_000).toFixed(1)} s ago`;
    });
    return last.length === 0 ? 'nothing' : last.join(', ');
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }

  async #news(deadlineMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#waiting.add(resolve);
      timer = setTimeout(() => {
        this.#waiting.delete(resolve);
        resolve();
      }, deadlineMs);
    });
    clearTimeout(timer);
  }
}
