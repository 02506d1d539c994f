import type { ChildSpec } from '../../../supervisors/child-spec.ts';
import type { Node } from './scenario.ts';

/** A child of a scenario in our words. Every worker has the logic `worker`, and says itself when it has started. */
export function specOf(node: Node): ChildSpec {
  const { id, restart, significant, shutdown } = node;
  const common = {
    id,
    ...(restart === undefined ? {} : { restart }),
    ...(significant === undefined ? {} : { significant }),
    ...(shutdown === undefined ? {} : { shutdownMs: shutdown }),
  };
  if (node.type !== 'supervisor') {
    return { ...common, type: 'worker', logic: 'worker', startMs: 'infinity', input: node };
  }
  const { strategy, autoShutdown, intensity = 1, periodMs = 5_000 } = node;
  return {
    ...common,
    type: 'supervisor',
    ...(strategy === undefined ? {} : { strategy }),
    ...(autoShutdown === undefined ? {} : { autoShutdown }),
    intensity: { restarts: intensity, periodMs },
    children: node.children.map(specOf),
  };
}
