import { RtapError, describeError } from '../../src/domain/errors.ts';
import type { ControlHandler, ControlFeed } from '../../src/io/control/control-socket.ts';
import { withoutSpeech } from '../../src/telemetry/spoken-fields.ts';
import type { Parts } from '../parts.ts';

/** What `rtap sys` asks of the daemon, by the command's name on the control socket. */
export function sysCommands({ config, operator }: Parts): {
  handlers: Readonly<Record<string, ControlHandler>>;
  feeds: Readonly<Record<string, ControlFeed>>;
} {
  const shown = config.telemetry.log_text ? (value: unknown) => value : withoutSpeech;
  return {
    handlers: {
      'sys.suspend': named((id) => {
        operator.suspend(id);
      }),
      'sys.resume': named((id) => {
        operator.resume(id);
      }),
      'sys.state': named((id) => shown(operator.state(id))),
      'sys.replace': named((id, args) => {
        operator.replace(id, wantedOf(args));
      }),
      'sys.kill': named((id) => {
        // After the answer: it may be the control socket itself that is killed.
        operator.state(id);
        setImmediate(() => {
          try {
            operator.kill(id);
          } catch {
            // It ended by itself meanwhile.
          }
        });
      }),
      'sys.terminate': named((id) => operator.terminateChild(id).then(agreed)),
      'sys.restart': named((id) => operator.restartChild(id).then(agreed)),
    },
    feeds: {
      'sys.trace': (args, emit) =>
        refusing(() =>
          operator.trace(idOf(args), (step) => {
            emit(shown(step));
          }),
        ),
    },
  };
}

function named(handle: (id: string, args: object) => unknown): ControlHandler {
  return (args) => refusing(() => handle(idOf(args), Object(args) as object));
}

/** What the tree refuses becomes an error for the person who asked. */
function refusing<T>(act: () => T): T {
  try {
    return act();
  } catch (thrown) {
    throw thrown instanceof RtapError ? thrown : new RtapError('USAGE', describeError(thrown));
  }
}

function idOf(args: unknown): string {
  if (typeof args === 'object' && args !== null && 'id' in args && typeof args.id === 'string') {
    return args.id;
  }
  throw new RtapError('PROTOCOL', 'This command needs the id of a child.');
}

function wantedOf(args: object): { context?: Record<string, unknown>; value?: unknown } {
  const context = 'context' in args ? args.context : undefined;
  if (context !== undefined && (typeof context !== 'object' || context === null)) {
    throw new RtapError('USAGE', 'The context must be a JSON object.');
  }
  return {
    ...(context === undefined ? {} : { context: context as Record<string, unknown> }),
    ...('value' in args && args.value !== null ? { value: args.value } : {}),
  };
}

function agreed(reply: unknown): unknown {
  const { ok, error } = reply as { ok: boolean; error?: string };
  if (!ok) throw new RtapError('USAGE', `The supervisor refuses: ${error ?? 'no reason'}.`);
  return reply;
}
