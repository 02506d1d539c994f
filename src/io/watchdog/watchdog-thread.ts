/** The watchdog's thread: the only one that still runs while the main one is blocked. */
import { setTimeout as after } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { beatOf, readFlight, wordsOf } from '../../domain/flight-record.ts';
import type { FlightReading, Step } from '../../domain/flight-record.ts';
import { LoopObserver } from './loop-observer.ts';
import type { Sighting } from './loop-observer.ts';
import { endProcess } from './process-end.ts';
import { ServiceNotifier, serviceWishes } from './service-notifier.ts';
import { StderrLine } from './stderr-line.ts';
import type { FromWatchdog, ToWatchdog, WatchdogSetup } from './watchdog-messages.ts';

const POLL_MS = 50;
/** With a beat every 100 ms and a look every 50 ms, a block is told within 500 ms of its beginning. */
const NOTICE_MS = 350;
/** The end does not wait longer for its own announcement. */
const LAST_LINE_MS = 100;

const { record, limitMs } = workerData as WatchdogSetup;
const words = wordsOf(record);
const stderr = new StderrLine();
const observer = new LoopObserver(
  { pollMs: POLL_MS, noticeMs: NOTICE_MS, limitMs },
  beatOf(words),
  performance.now(),
);
let blocker: Step | null = null;

function tellMain(message: FromWatchdog): void {
  parentPort?.postMessage(message);
}

function fieldsOf({ running, last }: FlightReading, durationMs: number): object {
  return {
    pid: process.pid,
    durationMs,
    actor: running?.actor ?? null,
    event: running?.event ?? null,
    lastActor: last?.actor ?? null,
    lastEvent: last?.event ?? null,
  };
}

async function onSighting({ type, durationMs }: Sighting, reading: FlightReading): Promise<void> {
  switch (type) {
    case 'blocked':
      blocker = reading.running;
      await stderr.say('error', 'loop.blocked', fieldsOf(reading, durationMs));
      break;
    case 'recovered':
      tellMain({ type: 'recovered', durationMs, running: blocker });
      await stderr.say('warn', 'loop.recovered', { pid: process.pid, durationMs });
      break;
    case 'expired':
      await Promise.race([
        stderr.say('fatal', 'loop.expired', { ...fieldsOf(reading, durationMs), limitMs }),
        after(LAST_LINE_MS),
      ]);
      endProcess();
  }
}

setInterval(() => {
  const sighting = observer.look(beatOf(words), performance.now());
  if (sighting !== null) void onSighting(sighting, readFlight(record));
}, POLL_MS);
tellMain({ type: 'watching' });

const wishes = serviceWishes(process.env, process.pid);
if (wishes.socket !== null) {
  const notifier = new ServiceNotifier({
    onUnable: (reason) => {
      tellMain({ type: 'unable', reason });
    },
  });
  parentPort?.on('message', (message: ToWatchdog) => {
    notifier.tell(message.type === 'ready' ? 'READY=1' : 'STOPPING=1');
  });
  if (wishes.watchdogMs !== null) {
    setInterval(() => {
      if (!observer.isBlocked) notifier.tell('WATCHDOG=1');
    }, wishes.watchdogMs / 2);
  }
}
