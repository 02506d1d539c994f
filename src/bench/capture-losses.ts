import { setTimeout as delay } from 'node:timers/promises';
import { BACKENDS } from '../domain/capture.ts';
import type { BackendName } from '../domain/capture.ts';
import type { Fault, Return } from './capture-faults.ts';
import { DaemonUnderTest, NeverHeard } from './daemon-under-test.ts';
import type { HeardEvent } from './daemon-under-test.ts';
import { capturePids } from './process-table.ts';
import { VirtualCard } from './virtual-card.ts';

/** The backends that a daemon is given: one alone, or all in their default order. */
export type BackendOrder = BackendName | 'default';

/** What one fault did, time after time, to a daemon of one order. */
export interface FaultRuns {
  readonly order: BackendOrder;
  readonly fault: string;
  /** From the fault to the event. */
  readonly lossMs: number[];
  /** From when it was asked to be there again to the event that is told with the first samples at hand. */
  readonly returnMs: number[];
  /** By how much less that may be: it was there when this was over. */
  readonly unsureMs: number[];
  /** How often each cause was told, and each backend was opened afterwards. */
  readonly causes: Record<string, number>;
  readonly openedThrough: Record<string, number>;
  /** Why a loss or a return was not told, or told of wrongly, time by time. */
  readonly failures: string[];
  /** Losses beside the one that was made. */
  furtherLosses: number;
}

export interface LossEffort {
  /** Fresh daemons and cards. */
  readonly rounds: number;
  /** In each round, of each fault. */
  readonly repetitions: number;
}

/** Until every stage is at rest again. */
const SETTLE_MS = 300;
/** Past these an event is not slow, it does not come: the longest wait of the daemon itself is 30 s. */
const LOSS_DEADLINE_MS = 10_000;
const RETURN_DEADLINE_MS = 40_000;
/** The device is away for up to so long, after its loss was told. */
const MAX_AWAY_MS = 1_000;
/** Multiples of it fall everywhere between 0 and 1, and never twice on the same place. */
const GOLDEN = 0.618_033_988_75;

/** Makes every fault to a daemon of every order, in turn, and notes what the daemon tells and when. */
export async function measureLosses(
  orders: readonly BackendOrder[],
  faults: readonly Fault[],
  { rounds, repetitions }: LossEffort,
  onProgress: (share: number) => void,
): Promise<FaultRuns[]> {
  const runs = orders.flatMap((order) => faults.map((fault) => emptyRuns(order, fault)));
  const total = rounds * orders.length * repetitions;
  let done = 0;
  for (let round = 0; round < rounds; round += 1) {
    for (const order of orders) {
      const session = new Session(order);
      try {
        for (let index = 0; index < repetitions; index += 1) {
          const awayMs = MAX_AWAY_MS * (((round * repetitions + index) * GOLDEN) % 1);
          for (const fault of faults) {
            const one = runs.find((run) => run.order === order && run.fault === fault.name);
            if (one !== undefined) await session.lose(fault, awayMs, one);
          }
          onProgress((done += 1) / total);
        }
      } finally {
        await session.end();
      }
    }
  }
  return runs;
}

function emptyRuns(order: BackendOrder, { name }: Fault): FaultRuns {
  const nothing = { causes: {}, openedThrough: {}, failures: [], furtherLosses: 0 };
  return { order, fault: name, lossMs: [], returnMs: [], unsureMs: [], ...nothing };
}

/** A daemon that hears a card; both are made anew after a failure, since nobody knows what state they are in. */
class Session {
  readonly #order: BackendOrder;
  #pair: { readonly card: VirtualCard; readonly daemon: DaemonUnderTest } | null = null;
  /** What came before it has been counted. */
  #countedToMs = 0;

  constructor(order: BackendOrder) {
    this.#order = order;
  }

  async lose(fault: Fault, awayMs: number, runs: FaultRuns): Promise<void> {
    try {
      await this.#lose(fault, awayMs, runs);
    } catch (thrown) {
      if (!(thrown instanceof NeverHeard)) throw thrown;
      runs.failures.push(thrown.message);
      await this.end();
    }
  }

  async end(): Promise<void> {
    const pair = this.#pair;
    this.#pair = null;
    await pair?.daemon.stop();
    await pair?.card.stop();
  }

  async #lose(fault: Fault, awayMs: number, runs: FaultRuns): Promise<void> {
    const { card, daemon } = (this.#pair ??= await start(this.#order));
    await delay(SETTLE_MS);
    await fault.prepare?.(card);
    // A loss that nobody made must not be taken for the one that is.
    const earlier = daemon.since('device_lost', this.#countedToMs).at(-1);
    if (earlier !== undefined) {
      await daemon.next('source_opened', earlier.atMs, RETURN_DEADLINE_MS);
    }
    const [capturePid, ...others] = capturePids(daemon.pid ?? 0);
    if (capturePid === undefined || others.length > 0) {
      throw new NeverHeard('no one process had the microphone open before the loss');
    }
    const furtherBefore = daemon.since('device_lost', this.#countedToMs).length;

    const lostAtMs = performance.now();
    const [lost] = await Promise.all([
      daemon.next('device_lost', lostAtMs, LOSS_DEADLINE_MS),
      fault.lose({ card, capturePid }),
    ]);
    let back: Return = { askedMs: lost.atMs, seenMs: lost.atMs };
    if (fault.restore !== null) {
      await delay(awayMs);
      back = await fault.restore(card);
    }
    const opened = await daemon.next('source_opened', lost.atMs, RETURN_DEADLINE_MS);
    if (opened.atMs < back.askedMs) {
      throw new NeverHeard('the microphone was heard before it was back');
    }
    await fault.tidy?.(card);

    const further = daemon.since('device_lost', lost.atMs).length;
    this.#countedToMs = performance.now();
    runs.furtherLosses += furtherBefore + further;
    runs.lossMs.push(lost.atMs - lostAtMs);
    runs.returnMs.push(opened.atMs - back.askedMs);
    runs.unsureMs.push(back.seenMs - back.askedMs);
    count(runs.causes, lost, 'cause');
    count(runs.openedThrough, opened, 'backend');
  }
}

async function start(
  order: BackendOrder,
): Promise<{ readonly card: VirtualCard; readonly daemon: DaemonUnderTest }> {
  const card = await VirtualCard.start();
  try {
    const backends = order === 'default' ? [] : [`audio.backends=${order}`];
    const daemon = await DaemonUnderTest.start({
      source: 'device:mic',
      set: ['pipeline.activation=always', ...backends],
      environment: card.environment,
    });
    return { card, daemon };
  } catch (thrown) {
    await card.stop();
    throw thrown;
  }
}

function count(counts: Record<string, number>, { metadata }: HeardEvent, field: string): void {
  const value = String(metadata[field]);
  counts[value] = (counts[value] ?? 0) + 1;
}

/** In words. */
export function orderWords(order: BackendOrder): string {
  return order === 'default' ? BACKENDS.join(', then ') : `${order} alone`;
}
