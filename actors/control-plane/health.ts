import type { DaemonHealth } from '../../src/io/outlets/websocket-outlet.ts';
import type { Parts } from '../parts.ts';

/** What the daemon says of itself where it is asked for its health. */
export function healthOf(parts: Parts): DaemonHealth {
  const { state, missing } = parts.condition;
  const reasons = missing.map((name) => `${name} is not ready`);
  if (state === 'stopping') reasons.push('the daemon is stopping');
  return { state, healthy: state === 'ready', reasons };
}
