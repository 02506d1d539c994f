import type { Parts } from '../parts.ts';
import { healthOf } from './health.ts';

/** The daemon's status as JSON: who it is, how it is, its sources, streams, samples and tree. */
export function statusOf(parts: Parts): Record<string, unknown> {
  const { condition, ledger, path, version } = parts;
  return {
    version,
    instance: ledger.instance,
    epoch: ledger.epoch,
    session_id: ledger.sessionId,
    pid: process.pid,
    uptime_ms: Math.round(process.uptime() * 1000),
    ...healthOf(parts),
    source: condition.source,
    addresses: condition.addresses,
    positions: ledger.positions(),
    samples: {
      clock: path.ring.end,
      captured: path.counters.captured,
      refused: path.counters.refused,
      missing: path.counters.missing,
      ring_utilisation: path.ring.utilisation,
      // At any time, for each: captured = refused + processed + dropped + unread.
      readers: path.ring.accounts(),
    },
    tree: parts.operator.describeTree(),
  };
}
