import { ZeroMqOutlet } from '../../src/io/outlets/zeromq-outlet.ts';
import type { Parts } from '../parts.ts';
import { serverActor } from './server.ts';

/** The ZeroMQ outlet's actor. */
export function zeroMqActor(parts: Parts) {
  const { host, zmq_pub_port_events, zmq_pub_port_transcripts } = parts.config.output;
  return serverActor(parts, 'zeromq', () => {
    const outlet = new ZeroMqOutlet({
      host,
      eventsPort: zmq_pub_port_events,
      transcriptsPort: zmq_pub_port_transcripts,
      onDrop: ({ stream, reason, count, first, last }) => {
        parts.metrics.messagesDropped.inc({ outlet: 'zeromq', stream, reason }, count);
        parts.log.warn(
          { outlet: 'zeromq', stream, reason, count, first, last },
          'messages dropped',
        );
      },
    });
    const publish = outlet.publish.bind(outlet);
    const sample = (): void => {
      for (const [stream, queued] of Object.entries(outlet.queued())) {
        parts.metrics.outletQueued.set({ outlet: 'zeromq', stream }, queued);
      }
    };
    return {
      open: async () => {
        const endpoints = await outlet.open();
        parts.outlets.add(publish);
        parts.samplers.add(sample);
        return { ...endpoints };
      },
      close: async (deadlineMs) => {
        parts.outlets.delete(publish);
        parts.samplers.delete(sample);
        await outlet.close(deadlineMs);
      },
    };
  });
}
