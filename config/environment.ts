import type { Assignment, LayerReading } from './assignment.ts';
import type { ConfigProblem } from './problem.ts';
import { KEYS } from './schema.ts';
import type { Key } from './schema.ts';
import { nearest } from './suggestion.ts';

/** Variables that choose the profile and the file, and are no keys. */
const NO_KEYS: ReadonlySet<string> = new Set(['RTAP_ENVIRONMENT', 'RTAP_CONFIG']);

const KEY_OF_VARIABLE: ReadonlyMap<string, Key> = new Map(
  [...KEYS.values()].flatMap((key): [string, Key][] => {
    const own: [string, Key] = [key.variable, key];
    return key.leaf.alias === undefined ? [own] : [own, [key.leaf.alias, key]];
  }),
);

/**
 * Reads `RTAP_SECTION_KEY` and the two variables kept from v1, AUDIO_DEVICE and RTAP_LOG_LEVEL. An empty
 * variable counts as not set. The value of an unknown variable is never shown, since it may be a secret.
 */
export function readEnvironment(env: NodeJS.ProcessEnv): LayerReading {
  const assignments = new Map<string, Assignment>();
  const problems: ConfigProblem[] = [];
  for (const variable of Object.keys(env).sort()) {
    const text = env[variable];
    if (text === undefined || text === '' || NO_KEYS.has(variable)) continue;
    const key = KEY_OF_VARIABLE.get(variable);
    if (key !== undefined) {
      const value = key.leaf.fromText(text);
      const earlier = assignments.get(key.path);
      if (earlier !== undefined && earlier.value !== value) {
        problems.push({
          path: key.path,
          value,
          layer: 'environment',
          where: variable,
          message: `disagrees with ${earlier.origin.name}: set one of them`,
        });
      }
      assignments.set(key.path, {
        path: key.path,
        value,
        origin: { layer: 'environment', name: variable },
      });
    } else if (variable.startsWith('RTAP_')) {
      const meant = nearest(variable, [...KEY_OF_VARIABLE.keys(), ...NO_KEYS]);
      const hint = meant === null ? '' : `; did you mean ${meant}?`;
      problems.push({
        path: '',
        value: undefined,
        layer: 'environment',
        where: variable,
        message: `is not a variable of rtap${hint}`,
      });
    }
  }
  return { assignments: [...assignments.values()], problems };
}
