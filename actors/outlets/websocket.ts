import { WebSocketOutlet } from '../../src/io/outlets/websocket-outlet.ts';
import { healthOf } from '../control-plane/health.ts';
import type { Parts } from '../parts.ts';
import { serverActor } from './server.ts';

/** The WebSocket outlet's actor. */
export function webSocketActor(parts: Parts) {
  const { output } = parts.config;
  return serverActor(parts, 'websocket', () => {
    const outlet = new WebSocketOutlet({
      ledger: parts.ledger,
      health: () => healthOf(parts),
      host: output.host,
      port: output.websocket_port,
      allowedOrigins: output.allowed_origins,
      maxClients: output.max_websocket_clients,
      heartbeatIntervalMs: output.heartbeat_interval_ms,
      onClients: (count) => {
        parts.metrics.outletClients.set({ outlet: 'websocket' }, count);
      },
      onRefused: (reason) => {
        parts.metrics.outletRefusals.inc({ outlet: 'websocket', reason });
      },
      onLost: (stream, count) => {
        parts.metrics.messagesDropped.inc({ outlet: 'websocket', stream, reason: 'slow' }, count);
      },
    });
    const publish = outlet.publish.bind(outlet);
    const sample = (): void => {
      parts.metrics.outletBuffered.set({ outlet: 'websocket' }, outlet.stats().buffered_bytes);
    };
    return {
      open: async () => {
        const { host, port, url } = await outlet.open();
        parts.outlets.add(publish);
        parts.samplers.add(sample);
        return { stream: url, host, port: String(port) };
      },
      close: async (deadlineMs) => {
        parts.outlets.delete(publish);
        parts.samplers.delete(sample);
        await outlet.close(deadlineMs);
      },
    };
  });
}
