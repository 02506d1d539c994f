import type { Assignment, LayerReading } from './assignment.ts';
import type { ConfigProblem, Origin } from './problem.ts';
import { KEYS, SECTIONS } from './schema.ts';
import { explainUnknownKey } from './unknown-key.ts';

/**
 * Reads nested sections, as a file or a profile has them, into assignments. An unknown key is one problem,
 * whatever lies under it; a section without a value is an empty one.
 */
export function readSectionTree(
  tree: object,
  originOf: (path: readonly string[]) => Origin,
): LayerReading {
  const assignments: Assignment[] = [];
  const problems: ConfigProblem[] = [];
  const visit = (node: object, parents: readonly string[]): void => {
    for (const [name, value] of Object.entries(node) as [string, unknown][]) {
      const parts = [...parents, name];
      const path = parts.join('.');
      const isKeyOrSection = !name.includes('.');
      if (isKeyOrSection && KEYS.has(path)) {
        assignments.push({ path, value, origin: originOf(parts) });
      } else if (isKeyOrSection && SECTIONS.has(path)) {
        if (value === null || value === undefined) continue;
        if (typeof value === 'object' && !Array.isArray(value)) visit(value, parts);
        else problems.push(problem(parts, value, 'must be a section of keys'));
      } else if (!isKeyOrSection && KEYS.has(path)) {
        problems.push(problem(parts, undefined, 'must be written as a key within its section'));
      } else {
        problems.push(problem(parts, undefined, explainUnknownKey(path)));
      }
    }
  };
  const problem = (parts: readonly string[], value: unknown, message: string): ConfigProblem => {
    const { layer, name } = originOf(parts);
    return { path: parts.join('.'), value, layer, where: name, message };
  };
  visit(tree, []);
  return { assignments, problems };
}
