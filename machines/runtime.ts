import { fromCallback } from 'xstate';
import type { CallbackActorLogic, EventObject } from 'xstate';

/** A runtime's own callbacks failed; its machine throws, and the supervisor restarts both. */
export interface RuntimeFailed {
  type: 'runtime.failed';
  reason: string;
}

/**
 * The place of a stage's runtime, which owns what the machine may not: time, ports, devices, processes.
 * `actors/` supplies it; a machine that is started without one fails at once.
 */
export function runtimeOf<TCommand extends EventObject>(): CallbackActorLogic<TCommand> {
  return fromCallback<TCommand>(() => {
    throw new Error('this machine was started without its runtime');
  });
}

/** Action that turns a runtime's failure into the machine's own. */
export function failWithReason({ event }: { event: EventObject }): never {
  const { reason } = event as Partial<RuntimeFailed>;
  throw new Error(reason ?? 'failed without a reason');
}
