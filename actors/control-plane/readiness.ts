import { createReadinessMachine } from '../../machines/readiness.ts';
import type { ReadinessCommand } from '../../machines/readiness.ts';
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
      runtime: fromRuntime<ReadinessCommand, never>(() => ({
        receive: (command) => {
          const { state, missing } = command;
          if (parts.condition.state === 'stopping') return;
          parts.metrics.stateTransitions.inc({ from: parts.condition.state, to: state });
          parts.condition.state = state;
          parts.condition.missing = missing;
          parts.metrics.ready.set(state === 'ready' ? 1 : 0);
          parts.report({ type: 'readiness.changed', state, missing });
        },
        dispose: () => undefined,
      })),
    },
  });
}
