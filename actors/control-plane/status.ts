import type { DeviceLoss } from '../../src/domain/capture.ts';
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
    capture: captureOf(parts),
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

/** What is heard of the source, and how. */
function captureOf({ condition, intake }: Parts): Record<string, unknown> {
  const { device, gainDb, loss, meter, outageMs } = intake;
  const { source } = condition;
  const { rmsDbfs, peakDbfs } = meter.level();
  const state =
    outageMs === null
      ? source === null
        ? 'waiting'
        : source.isSubstitute === true
          ? 'hearing another'
          : 'hearing'
      : `lost for ${(outageMs / 1000).toFixed(1)} s`;
  return {
    state,
    wanted: intake.wanted,
    device: outageMs === null ? (source?.name ?? null) : null,
    backend: device === null ? null : (source?.backend ?? null),
    level: outageMs === null ? { rms_dbfs: rmsDbfs, peak_dbfs: peakDbfs } : null,
    gain_db: gainDb,
    frame_age_ms: device?.frameAgeMs ?? null,
    latency_ms: device?.latencyMs ?? null,
    drift_ppm: device?.driftPpm ?? null,
    loss: loss === null ? null : lossOf(loss),
    outage_ms: outageMs,
  };
}

function lossOf(loss: DeviceLoss): Record<string, unknown> {
  const { device, backend, cause, message, movedTo, frameAgeMs, complaint } = loss;
  return {
    device,
    backend,
    cause,
    message,
    moved_to: movedTo,
    frame_age_ms: frameAgeMs,
    complaint,
  };
}
