import { once } from 'node:events';
import { WebSocket } from 'ws';
import type { DaemonProcess } from './daemon.ts';

/** The environment of a daemon that can be reached from inside. */
export const INSPECTED = { NODE_OPTIONS: '--inspect=127.0.0.1:0' };

/** Runs an expression inside a daemon that was started with `INSPECTED`, from a timer of its event loop. */
export function evaluateInside(daemon: DaemonProcess, expression: string): Promise<void> {
  return ask(daemon, 'Runtime.evaluate', { expression: `setTimeout(() => { ${expression} })` });
}

/** Collects the garbage of a daemon that was started with `INSPECTED`: what is left on its heap is held by something. */
export function collectGarbage(daemon: DaemonProcess): Promise<void> {
  return ask(daemon, 'HeapProfiler.collectGarbage', {});
}

/** Resolves when it has been answered, whatever the answer. */
async function ask(daemon: DaemonProcess, method: string, params: object): Promise<void> {
  const inspector = new WebSocket(await inspectorOf(daemon));
  await once(inspector, 'open');
  inspector.send(JSON.stringify({ id: 1, method, params }));
  await once(inspector, 'message');
  // At once: an exit would wait for a debugger that is still there.
  inspector.terminate();
}

async function inspectorOf(daemon: DaemonProcess): Promise<string> {
  for (;;) {
    const [, url] = /Debugger listening on (ws:\S+)\n/.exec(daemon.stderr) ?? [];
    if (url !== undefined) return url;
    if (daemon.child.stderr === null) throw new Error('the daemon has no standard error');
    await Promise.race([once(daemon.child.stderr, 'data'), daemon.exited]);
  }
}
