import type { VirtualCard } from './virtual-card.ts';

/** What a fault is done to. */
export interface Bench {
  readonly card: VirtualCard;
  /** The process that holds the microphone open for the daemon. */
  readonly capturePid: number;
}

/** The microphone could be opened again from some moment between these, on the monotonic clock. */
export interface Return {
  /** When the server was asked to have it. */
  readonly askedMs: number;
  /** When it was seen that it has. */
  readonly seenMs: number;
}

/** A way to lose the microphone, and to give it back. */
export interface Fault {
  readonly name: string;
  /** Before the loss, and no part of it. */
  readonly prepare?: (card: VirtualCard) => Promise<unknown>;
  /** The loss begins when this is called; it may resolve long after. */
  readonly lose: (bench: Bench) => unknown;
  /** Gives it back; null where nothing has to come back, since the device was there all the time. */
  readonly restore: ((card: VirtualCard) => Promise<Return>) | null;
  /** After it is heard again. */
  readonly tidy?: (card: VirtualCard) => Promise<unknown>;
}

export const FAULTS: readonly Fault[] = [
  {
    name: 'unplugged',
    lose: ({ card }) => card.unplug(),
    restore: plug,
  },
  {
    name: 'suspended',
    lose: ({ card }) => card.suspend(),
    restore: (card) => stamped(() => card.resume()),
  },
  {
    name: 'server frozen',
    lose: ({ card }) => card.freeze(),
    restore: (card) => stamped(() => card.thaw()),
  },
  {
    name: 'server killed',
    lose: ({ card }) => card.kill(),
    restore: async (card) => {
      await card.startServer();
      return plug(card);
    },
  },
  {
    name: 'moved to spare',
    prepare: (card) => card.second(),
    lose: ({ card }) => card.unplug(),
    restore: plug,
    tidy: (card) => card.removeSecond(),
  },
  {
    name: 'process killed',
    lose: ({ capturePid }) => process.kill(capturePid, 'SIGKILL'),
    restore: null,
  },
  {
    name: 'process frozen',
    lose: ({ capturePid }) => process.kill(capturePid, 'SIGSTOP'),
    restore: null,
  },
];

async function plug(card: VirtualCard): Promise<Return> {
  await card.plug();
  return { askedMs: card.offeredMs, seenMs: performance.now() };
}

async function stamped(action: () => Promise<void>): Promise<Return> {
  const askedMs = performance.now();
  await action();
  return { askedMs, seenMs: performance.now() };
}
