import { fromCallback } from 'xstate';
import type { CallbackActorLogic, EventObject } from 'xstate';
import { describeError } from '../src/domain/errors.ts';
import { processRecorder } from '../src/telemetry/flight-recorder.ts';

/** What a runtime works with. */
export interface RuntimeContext<TFact> {
  /** Tells the machine; after the machine has stopped, nothing. */
  tell(fact: TFact): void;
  /** Wraps a callback of a timer, a port or a promise: what it throws fails the machine, and not the process. */
  guard<TArgs extends unknown[]>(callback: (...args: TArgs) => void): (...args: TArgs) => void;
  /** Fails the machine with what was thrown. */
  readonly fail: (thrown: unknown) => void;
  /** Takes a promise whose rejection fails the machine. */
  watch(promise: Promise<unknown>): void;
}

export interface Runtime<TCommand> {
  receive(command: TCommand): void;
  /** Releases all that the runtime holds, at once; what it throws is lost. */
  dispose(): void;
}

/**
 * The stage contract's other half: a machine decides, its runtime owns what the machine may not touch. Whatever
 * goes wrong in a runtime reaches its machine as `runtime.failed`, and through it the supervisor.
 */
export function fromRuntime<TCommand extends EventObject, TFact extends EventObject>(
  create: (context: RuntimeContext<TFact>) => Runtime<TCommand>,
): CallbackActorLogic<TCommand> {
  return fromCallback<TCommand>(({ sendBack, receive, self }) => {
    const machine = self._parent?.id ?? self.id;
    let isLive = true;
    const fail = (thrown: unknown): void => {
      if (isLive) sendBack({ type: 'runtime.failed', reason: describeError(thrown) });
    };
    const context: RuntimeContext<TFact> = {
      tell: (fact) => {
        if (isLive) sendBack(fact);
      },
      guard:
        (callback) =>
        (...args) => {
          if (!isLive) return;
          processRecorder.enter(machine, 'runtime');
          try {
            callback(...args);
          } catch (thrown) {
            fail(thrown);
          } finally {
            processRecorder.leave();
          }
        },
      fail,
      watch: (promise) => {
        promise.catch(fail);
      },
    };
    const runtime = create(context);
    receive(
      context.guard((command: TCommand) => {
        runtime.receive(command);
      }),
    );
    return () => {
      isLive = false;
      try {
        runtime.dispose();
      } catch {
        // A cleanup that throws must not hurt the one who stops us.
      }
    };
  });
}
