import type { DaemonReport } from '../daemon.ts';

/**
 * Watches for an engine that cannot become ready however often it is started. Only before the daemon was ever ready:
 * later, its supervisor decides.
 */
export class UnusableEngine {
  readonly reason: Promise<string>;
  #resolve: (reason: string) => void = () => undefined;
  #wasReady = false;

  constructor() {
    this.reason = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  note(report: DaemonReport): void {
    if (report.type === 'readiness.changed' && report.state === 'ready') this.#wasReady = true;
    if (report.type === 'engine.unusable' && !this.#wasReady) this.#resolve(report.message);
  }
}
