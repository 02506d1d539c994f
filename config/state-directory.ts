import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import type { RtapConfig } from './schema.ts';

/**
 * The absolute path of the folder for what must outlive the process: `cluster.state_directory`, else
 * `$XDG_STATE_HOME/rtap` where that is absolute, else `~/.local/state/rtap`. It does not create it.
 */
export function stateDirectory(config: RtapConfig, env: NodeJS.ProcessEnv): string {
  const configured = config.cluster.state_directory;
  if (configured !== '') return resolve(configured);
  const base = env['XDG_STATE_HOME'];
  if (base !== undefined && isAbsolute(base)) return join(base, 'rtap');
  return join(homedir(), '.local', 'state', 'rtap');
}
