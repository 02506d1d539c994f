import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** Prints every datagram that comes to the socket at its argument as one line. */
const LISTENER = `
use Socket;
socket(my $s, AF_UNIX, SOCK_DGRAM, 0) or die $!;
bind($s, sockaddr_un($ARGV[0])) or die $!;
$| = 1;
print "listening\\n";
while (defined recv($s, my $message, 4096, 0)) { $message =~ s/\\n/ /g; print "$message\\n"; }
`;

/** Installs systemd's own program where it is missing; undefined when it is there, else a line that says what is lacking. */
export function prepareNotify(): string | undefined {
  const isThere = (): boolean => spawnSync('systemd-notify', ['--version']).status === 0;
  if (isThere()) return undefined;
  const lacking = 'systemd-notify (systemd)';
  if (process.getuid?.() !== 0) return `${lacking}, which only root can install`;
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const install = ['install', '-y', '-qq', '--no-install-recommends', 'systemd'];
  for (const args of [['update', '-qq'], install]) {
    spawnSync('apt-get', args, { env, stdio: 'ignore' });
  }
  return isThere() ? undefined : `${lacking}, which apt-get did not install`;
}

/** The socket on which a service manager would listen. */
export class NotifySocket {
  readonly messages: string[] = [];
  readonly path: string;
  readonly #folder = mkdtempSync(join(tmpdir(), 'rtap-notify-'));
  readonly #listener: ChildProcess;
  #waiting: (() => void)[] = [];

  private constructor() {
    this.path = join(this.#folder, 'notify');
    const listener = spawn('perl', ['-e', LISTENER, this.path], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#listener = listener;
    createInterface({ input: listener.stdout }).on('line', (line) => {
      this.messages.push(line);
      const waiting = this.#waiting;
      this.#waiting = [];
      for (const resolve of waiting) resolve();
    });
  }

  static async open(): Promise<NotifySocket> {
    const socket = new NotifySocket();
    await socket.until('listening');
    return socket;
  }

  /** How often this message has come. */
  count(message: string): number {
    return this.messages.filter((one) => one === message).length;
  }

  /** Resolves when the message has come so often. */
  async until(message: string, times = 1): Promise<void> {
    while (this.count(message) < times) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  close(): void {
    this.#listener.kill();
    rmSync(this.#folder, { recursive: true });
  }
}
