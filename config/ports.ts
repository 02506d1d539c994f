import type { RtapConfig } from './schema.ts';

/** A port that a daemon listens on, by the key that sets it. */
export interface ListeningPort {
  readonly path: string;
  readonly host: string;
  /** 0 is any free port. */
  readonly port: number;
}

/** Every port that a daemon with this configuration opens. */
export function portsOf({ admin, output }: RtapConfig): ListeningPort[] {
  const { host } = output;
  return [
    { path: 'output.zmq_pub_port_events', host, port: output.zmq_pub_port_events },
    { path: 'output.zmq_pub_port_transcripts', host, port: output.zmq_pub_port_transcripts },
    ...(output.audio
      ? [{ path: 'output.zmq_pub_port_audio', host, port: output.zmq_pub_port_audio }]
      : []),
    { path: 'output.websocket_port', host, port: output.websocket_port },
    { path: 'admin.port', host: admin.host, port: admin.port },
  ];
}
