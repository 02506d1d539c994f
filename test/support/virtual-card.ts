import { spawnSync } from 'node:child_process';
import { soundServerProblem } from '../../src/bench/sound-server.ts';

const PACKAGES = ['pulseaudio', 'pulseaudio-utils', 'libasound2-plugins'];

/** Installs what a virtual card needs, on a Debian machine as root; undefined when it is there, else a line that says what is lacking. */
export function prepareVirtualCard(): string | undefined {
  if (soundServerProblem() === null) return undefined;
  const lacking = `a sound server (${PACKAGES.join(', ')})`;
  if (process.getuid?.() !== 0) return `${lacking}, which only root can install`;
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const install = ['install', '-y', '-qq', '--no-install-recommends', ...PACKAGES];
  for (const args of [['update', '-qq'], install]) {
    const { status, error } = spawnSync('apt-get', args, { env, stdio: 'ignore' });
    if (status !== 0)
      return `${lacking}, which apt-get did not install${error ? ' (no apt-get)' : ''}`;
  }
  return undefined;
}
