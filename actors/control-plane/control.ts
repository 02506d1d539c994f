import { ControlServer } from '../../src/io/control/control-socket.ts';
import { serverActor } from '../outlets/server.ts';
import type { Parts } from '../parts.ts';
import { statusOf } from './status.ts';
import { sysCommands } from './sys-commands.ts';

/** The actor of the control socket, over which the commands of this machine reach the daemon. */
export function controlActor(parts: Parts, path: string) {
  return serverActor(parts, 'control', () => {
    const { handlers, feeds } = sysCommands(parts);
    const server = new ControlServer({
      path,
      handlers: { status: () => statusOf(parts), ...handlers },
      feeds,
    });
    return {
      open: async () => {
        await server.open();
        return { control: path };
      },
      close: (deadlineMs) => server.close(deadlineMs),
    };
  });
}
