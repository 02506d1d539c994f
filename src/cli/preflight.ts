import { portsOf } from '../../config/ports.ts';
import type { RtapConfig } from '../../config/schema.ts';
import { RtapError } from '../domain/errors.ts';
import { requestControl } from '../io/control/control-client.ts';
import { checkPort } from '../io/port-check.ts';
import { checkSource } from './source-choice.ts';

/**
 * What would keep the daemon from its job and can be known before it starts: a file that is none, a port that is
 * taken, an instance that runs already. Rejects with the first, as one RtapError.
 */
export async function runPreflight(config: RtapConfig, controlPath: string): Promise<void> {
  await checkSource(config.audio.source);
  await checkInstance(config.cluster.instance, controlPath);
  for (const { path, host, port } of portsOf(config)) await checkPort(path, host, port);
}

async function checkInstance(instance: string, controlPath: string): Promise<void> {
  try {
    await requestControl(controlPath, 'status', {}, { deadlineMs: 1_000 });
  } catch (thrown) {
    if (thrown instanceof RtapError && thrown.code === 'NOT_RUNNING') return;
    throw thrown;
  }
  throw new RtapError(
    'PORT_IN_USE',
    `a daemon named ${instance} runs already; cluster.instance gives this one another name`,
    { instance },
  );
}
