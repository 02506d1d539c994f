import { createReadinessMachine } from '../../machines/readiness.ts';
import type { ReadinessCommand, ReadinessFact } from '../../machines/readiness.ts';
import type { EngineName } from '../../src/domain/events.ts';
import type { Parts } from '../parts.ts';
import { fromRuntime } from '../runtime.ts';

/** Knows when the daemon is ready, and shows it to the condition that health and status read. */
export function readinessActor(
  parts: Parts,
  engines: readonly EngineName[],
  stages: readonly string[],
) {
  return createReadinessMachine(engines, stages).provide({
    actors: {
      runtime: fromRuntime<ReadinessCommand, ReadinessFact>((context) => {
        const { presence, condition, metrics } = parts;
        const forget = presence.onChange(
          context.guard((child: string, isUp: boolean) => {
            context.tell({ type: 'presence.changed', child, isUp });
          }),
        );
        context.tell({
          type: 'presence.found',
          up: [...presence.up],
          engines: engines.filter((engine) => parts.engines[engine].isReady),
          hasBeenReady: condition.state !== 'starting',
          trouble: condition.trouble,
        });
        return {
          receive: ({ state, missing, trouble }) => {
            if (condition.state === 'stopping') return;
            condition.trouble = trouble;
            metrics.stateTransitions.inc({ from: condition.state, to: state });
            condition.state = state;
            condition.missing = missing;
            metrics.ready.set(state === 'ready' ? 1 : 0);
            parts.report({ type: 'readiness.changed', state, missing, trouble });
          },
          dispose: () => {
            forget();
          },
        };
      }),
    },
  });
}
