import { OwnedProcess } from '../processes/owned-process.ts';
import { askSoundServer, soundServerProblem } from './sound-server.ts';
import type { SoundSnapshot } from './sound-server.ts';

/** An answer that takes longer is none: the server is frozen. */
const DEADLINE_MS = 2_000;
/** From one vain question to the next. */
const RETRY_MS = 250;
/** A subscription has begun by then; what changed while it did is asked for once more. */
const SUBSCRIBED_MS = 300;
/** What changes within this time is asked for once. */
const SETTLE_MS = 15;

/** Things whose coming, going or changing matters; everybody who asks the server comes and goes as a client. */
const NEWS = /^Event '(?:new|remove|change)' on (?:source|source-output|server) #/;

export interface SoundWatchOptions {
  /** What the server has, at first and after each change; null while it does not answer. */
  onSnapshot(snapshot: SoundSnapshot | null): void;
}

/**
 * Follows what the sound server has: by its own announcements while it answers, and by asking every 250 ms while it does
 * not, so that its return is noticed. A server that freezes announces nothing: that is found out by whoever calls `ask`.
 * Where the machine has no sound server's programs, it says nothing at all. `onSnapshot` must not throw.
 */
export class SoundWatch {
  readonly #options: SoundWatchOptions;
  readonly #end = new AbortController();
  #subscription: OwnedProcess | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isAsking = false;
  #isStale = false;

  constructor(options: SoundWatchOptions) {
    this.#options = options;
  }

  /** False where there is nothing to be watched. */
  start(): boolean {
    if (soundServerProblem() !== null) return false;
    this.ask();
    return true;
  }

  /** Asks now; what is found comes as a snapshot. */
  ask(): void {
    if (this.#isClosed) return;
    if (this.#isAsking) {
      this.#isStale = true;
      return;
    }
    clearTimeout(this.#timer);
    this.#isAsking = true;
    this.#isStale = false;
    this.#subscribe();
    askSoundServer(DEADLINE_MS, this.#end.signal).then(
      (snapshot) => {
        this.#conclude(snapshot, this.#isStale ? 0 : null);
      },
      () => {
        this.#conclude(null, RETRY_MS);
      },
    );
  }

  close(): void {
    this.#end.abort();
    clearTimeout(this.#timer);
    void this.#subscription?.kill();
  }

  get #isClosed(): boolean {
    return this.#end.signal.aborted;
  }

  #conclude(snapshot: SoundSnapshot | null, nextMs: number | null): void {
    this.#isAsking = false;
    if (this.#isClosed) return;
    if (nextMs !== null) this.#askIn(nextMs);
    this.#options.onSnapshot(snapshot);
  }

  #askIn(delayMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.ask();
    }, delayMs);
  }

  #subscribe(): void {
    if (this.#subscription !== undefined) return;
    const subscription = new OwnedProcess(
      {
        command: 'pactl',
        args: ['subscribe'],
        env: { ...process.env, LC_ALL: 'C' },
        lines: true,
      },
      (event) => {
        if (this.#isClosed || this.#subscription !== subscription) return;
        if (event.type === 'exited') {
          this.#subscription = undefined;
          this.#askIn(RETRY_MS);
        } else if (event.type === 'line' && event.from === 'stdout' && NEWS.test(event.text)) {
          if (this.#isAsking) this.#isStale = true;
          else this.#askIn(SETTLE_MS);
        }
      },
    );
    this.#subscription = subscription;
    this.#askIn(SUBSCRIBED_MS);
  }
}
