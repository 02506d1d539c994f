import type { CallbackActorLogic } from 'xstate';
import { createOutletMachine } from '../../machines/outlet.ts';
import type { OutletCommand, OutletFact } from '../../machines/outlet.ts';
import type { Parts } from '../parts.ts';
import { fromRuntime } from '../runtime.ts';

/** A server that an outlet's actor opens and closes. */
export interface Server {
  /** Addresses by what is served there. */
  open(): Promise<Readonly<Record<string, string>>>;
  /** Flushes and closes within the time it is given. */
  close(deadlineMs: number): Promise<void>;
}

/** The share of the time to close that the server has for itself: its machine waits a little longer. */
const CLOSE_SHARE = 0.9;

/** The actor of one server: made anew for each incarnation. */
export function serverActor(parts: Parts, name: string, create: () => Server) {
  return createOutletMachine(name).provide({
    actors: { runtime: serverRuntime(parts, name, create) },
  });
}

function serverRuntime(
  parts: Parts,
  name: string,
  create: () => Server,
): CallbackActorLogic<OutletCommand> {
  return fromRuntime<OutletCommand, OutletFact>((context) => {
    const server = create();
    const opening = server.open().then((addresses) => {
      parts.condition.addresses[name] = addresses;
      parts.report({ type: 'outlet.opened', outlet: name, addresses });
      context.tell({ type: 'outlet.opened', addresses });
    });
    context.watch(opening);

    async function close(deadlineMs: number): Promise<void> {
      await opening.catch(() => undefined);
      await server.close(deadlineMs);
      context.tell({ type: 'outlet.closed' });
    }

    let isClosed = false;
    return {
      receive: ({ withinMs }) => {
        isClosed = true;
        context.watch(close(withinMs * CLOSE_SHARE));
      },
      dispose: () => {
        if (!isClosed) close(0).catch(() => undefined);
      },
    };
  });
}
