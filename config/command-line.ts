import type { Assignment, LayerReading } from './assignment.ts';
import type { ConfigProblem } from './problem.ts';
import { KEYS } from './schema.ts';
import { explainUnknownKey } from './unknown-key.ts';

/** Reads `--set key=value`, of which the last one for a key counts, and `--source`, which counts most. */
export function readCommandLine(set: readonly string[], source: string | undefined): LayerReading {
  const assignments: Assignment[] = [];
  const problems: ConfigProblem[] = [];
  const refuse = (path: string, message: string): void => {
    problems.push({ path, value: undefined, layer: 'command line', where: '--set', message });
  };
  for (const given of set) {
    const equals = given.indexOf('=');
    const path = equals < 0 ? given : given.slice(0, equals);
    const key = KEYS.get(path);
    if (equals < 1) refuse(given, 'must be written as section.key=value');
    else if (key === undefined) refuse(path, explainUnknownKey(path));
    else {
      assignments.push({
        path,
        value: key.leaf.fromText(given.slice(equals + 1)),
        origin: { layer: 'command line', name: '--set' },
      });
    }
  }
  if (source !== undefined) {
    assignments.push({
      path: 'audio.source',
      value: source,
      origin: { layer: 'command line', name: '--source' },
    });
  }
  return { assignments, problems };
}
