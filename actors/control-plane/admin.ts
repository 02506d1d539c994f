import { AdminServer } from '../../src/io/admin/admin-server.ts';
import { serverActor } from '../outlets/server.ts';
import type { Parts } from '../parts.ts';
import { healthOf } from './health.ts';
import { statusOf } from './status.ts';

/** The actor of the admin port. */
export function adminActor(parts: Parts, renderMetrics: () => Promise<string>) {
  return serverActor(parts, 'admin', () => {
    const server = new AdminServer({
      host: parts.config.admin.host,
      port: parts.config.admin.port,
      // The process answers, so it can go on; what it lacks is a matter of readiness.
      liveness: () => ({ alive: true, reasons: [] }),
      readiness: () => {
        const { healthy, reasons } = healthOf(parts);
        return { ready: healthy, reasons };
      },
      status: () => statusOf(parts),
      metrics: () => {
        parts.metrics.bufferUtilization.set({ buffer: 'ring' }, parts.path.ring.utilisation);
        for (const sample of parts.samplers) sample();
        return renderMetrics();
      },
    });
    return {
      open: async () => ({ admin: (await server.open()).url }),
      close: (deadlineMs) => server.close(deadlineMs),
    };
  });
}
