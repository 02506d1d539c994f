import type { CallbackActorLogic } from 'xstate';
import { processMachine } from '../machines/process.ts';
import type { ProcessCommand, ProcessFact } from '../machines/process.ts';
import { OwnedProcess } from '../src/io/processes/owned-process.ts';
import type { ProcessEvent, ProcessOptions } from '../src/io/processes/owned-process.ts';
import { fromRuntime } from './runtime.ts';

export interface ProcessActorOptions extends ProcessOptions {
  /** Hears of everything that the process does and says, before its machine; what it throws fails the child. */
  readonly onEvent?: (event: ProcessEvent) => void;
}

/**
 * Any program as a supervised child. Stopped without a shutdown, it is killed at once; whether its end has been seen by
 * then is not guaranteed.
 */
export function processActor(options: ProcessActorOptions) {
  return processMachine.provide({ actors: { runtime: processRuntime(options) } });
}

function processRuntime({
  onEvent,
  ...options
}: ProcessActorOptions): CallbackActorLogic<ProcessCommand> {
  return fromRuntime<ProcessCommand, ProcessFact>((context) => {
    const process = new OwnedProcess(
      options,
      context.guard((event) => {
        onEvent?.(event);
        if (event.type === 'spawned') context.tell({ type: 'process.spawned', pid: event.pid });
        else if (event.type === 'ready') context.tell({ type: 'process.ready' });
        else if (event.type === 'exited') {
          const { code, description } = event.status;
          context.tell({ type: 'process.exited', code, reason: description });
        }
      }),
    );
    return {
      receive: ({ graceMs }) => {
        context.watch(process.stop(graceMs));
      },
      dispose: () => {
        void process.kill();
      },
    };
  });
}
