import { spawn } from 'node:child_process';

/** What the service manager asked for in our environment. */
export interface ServiceWishes {
  /** Where it listens; null where nobody does. */
  readonly socket: string | null;
  /** Time between two signs of life that it will bear; null where it asks for none. */
  readonly watchdogMs: number | null;
}

export interface ServiceNotifierOptions {
  /** Told once: the program is not there, or the manager cannot be reached through it. */
  onUnable(reason: string): void;
}

export type ServiceState = 'READY=1' | 'STOPPING=1' | 'WATCHDOG=1';

const PROGRAM = 'systemd-notify';
/** The program waits until the manager has read it. */
const DEADLINE_MS = 5_000;

/** Reads systemd's variables; a watchdog that is meant for another process is none. */
export function serviceWishes(env: NodeJS.ProcessEnv, pid: number): ServiceWishes {
  const { NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID } = env;
  const watchdogMs = Number(WATCHDOG_USEC ?? '') / 1000;
  const isOurs = WATCHDOG_PID === undefined || Number(WATCHDOG_PID) === pid;
  return {
    socket: NOTIFY_SOCKET ?? null,
    watchdogMs: isOurs && watchdogMs > 0 ? watchdogMs : null,
  };
}

/**
 * Tells systemd how the daemon is, through the program that comes with it: Node has no datagram sockets of this kind.
 * The message comes from that program's process, so the unit needs `Type=notify` with `NotifyAccess=all`. One message at a time;
 * of what waits meanwhile each kind is kept once, and a sign of life that finds another under way is left out.
 */
export class ServiceNotifier {
  readonly #options: ServiceNotifierOptions;
  readonly #waiting = new Set<ServiceState>();
  #isUnderWay = false;
  #isMissing = false;
  #hasComplained = false;

  constructor(options: ServiceNotifierOptions) {
    this.#options = options;
  }

  tell(state: ServiceState): void {
    if (this.#isMissing) return;
    if (!this.#isUnderWay) this.#send(state);
    else if (state !== 'WATCHDOG=1') this.#waiting.add(state);
  }

  #send(state: ServiceState): void {
    this.#isUnderWay = true;
    const child = spawn(PROGRAM, [state], {
      stdio: 'ignore',
      timeout: DEADLINE_MS,
      killSignal: 'SIGKILL',
    });
    child.on('error', (thrown) => {
      if (child.pid !== undefined) return;
      this.#isMissing = true;
      this.#complain(`${PROGRAM} cannot be started: ${thrown.message}`);
    });
    child.on('exit', (code, signal) => {
      if (code !== 0) this.#complain(`${PROGRAM} ${state} ended with ${String(code ?? signal)}`);
      this.#isUnderWay = false;
      const [next] = this.#waiting;
      if (next === undefined) return;
      this.#waiting.delete(next);
      this.#send(next);
    });
  }

  #complain(reason: string): void {
    if (this.#hasComplained) return;
    this.#hasComplained = true;
    this.#options.onUnable(reason);
  }
}
