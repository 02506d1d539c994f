import { expect } from 'chai';
import type { Message } from '../../src/domain/messages.ts';
import type { ChildStatus } from '../../supervisors/status.ts';
import { DaemonProcess, Sandbox, clip, rtap } from './daemon.ts';
import { PlainSubscriber, PlainWebSocket, isFinal } from './subscribers.ts';

export interface Status {
  readonly pid: number;
  readonly epoch: number;
  readonly state: string;
  readonly addresses: Record<string, Record<string, string>>;
  readonly tree: readonly ChildStatus[];
}

function isWhole(message: Message): boolean {
  return isFinal(message) && message.transcript === 'Turn on the kitchen lights.';
}

/** A daemon that hears the same command over and over, and how it does. */
export class Listener {
  readonly sandbox = new Sandbox();
  readonly daemon: DaemonProcess;

  constructor(env: NodeJS.ProcessEnv = {}) {
    const source = `file:${clip('jarviscmd_am_michael')}?loop`;
    this.daemon = new DaemonProcess(this.sandbox, { source, env });
  }

  async status(): Promise<Status> {
    const { code, stdout, stderr } = await rtap(this.sandbox, ['status', '--json']);
    expect(code, stderr).to.equal(0);
    return JSON.parse(stdout) as Status;
  }

  async child(id: string): Promise<ChildStatus> {
    const all = (children: readonly ChildStatus[]): ChildStatus[] =>
      children.flatMap((child) => [child, ...all(child.children)]);
    const found = all((await this.status()).tree).find((child) => child.id === id);
    if (found === undefined) throw new Error(`the running tree has no ${id}`);
    return found;
  }

  /** Resolves once the child has been restarted, by its own log. */
  async restarted(id: string, incarnation: number): Promise<void> {
    await this.daemon.line(
      (line) =>
        line.msg === 'actor restarted' &&
        line['child'] === id &&
        line['incarnation'] === incarnation,
    );
  }

  /**
   * Connects to both transports where they are now, and waits for a whole final that comes from then on: what was being
   * said at the loss may be cut.
   */
  async publishes(): Promise<void> {
    const { addresses } = await this.status();
    const webSocket = new PlainWebSocket(addresses['websocket']?.['stream'] ?? '');
    const zeroMq = new PlainSubscriber([addresses['zeromq']?.['transcripts'] ?? '']);
    try {
      await webSocket.until(isWhole);
      await zeroMq.until(isWhole);
    } finally {
      webSocket.close();
      zeroMq.close();
    }
  }

  async end(): Promise<void> {
    this.daemon.signal('SIGKILL');
    await this.daemon.exited;
    this.sandbox.remove();
  }
}
