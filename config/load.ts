import { createHash } from 'node:crypto';
import convict from 'convict';
import type { Assignment, LayerReading } from './assignment.ts';
import { findConflicts, findNotices } from './combinations.ts';
import { readCommandLine } from './command-line.ts';
import { readEnvironment } from './environment.ts';
import { readConfigFile } from './file.ts';
import { configInvalid, LAYERS, showValue } from './problem.ts';
import type { ConfigProblem, Origin } from './problem.ts';
import { PROFILES } from './profiles.ts';
import type { Profile } from './profiles.ts';
import { KEYS, schema } from './schema.ts';
import type { RtapConfig } from './schema.ts';
import { readSectionTree } from './section-tree.ts';
import { nearest } from './suggestion.ts';

/** What the command line and the environment say about the configuration. */
export interface ConfigRequest {
  /** `--environment`: the profile; else RTAP_ENVIRONMENT, else `default`. */
  readonly environment?: string | undefined;
  /** `--config`: a YAML or JSON file; else RTAP_CONFIG, else none. */
  readonly file?: string | undefined;
  /** Each `--set section.key=value`. */
  readonly set: readonly string[];
  /** `--source`. */
  readonly argvSource?: string | undefined;
  readonly env: NodeJS.ProcessEnv;
}

/** The effective configuration and how it came about. */
export interface LoadedConfig {
  readonly config: RtapConfig;
  /** The layer that each key's value came from, by dotted path, in the schema's order. */
  readonly origins: ReadonlyMap<string, Origin>;
  /** Sentences that a person should read; none of them keeps the daemon from running. */
  readonly notices: readonly string[];
  /** sha256 of the effective values, hexadecimal: equal exactly when all values are. */
  readonly hash: string;
  readonly profile: { readonly name: string; readonly production: boolean };
}

interface ChosenProfile {
  readonly name: string;
  readonly profile: Profile;
  readonly problems: readonly ConfigProblem[];
}

const DEFAULT_ORIGIN: Origin = { layer: 'default', name: 'built in' };
const NO_READING: LayerReading = { assignments: [], problems: [] };
const NO_PROFILE: Profile = { production: false, notice: null, values: {} };

function chooseProfile(request: ConfigRequest): ChosenProfile {
  const fromVariable = request.env['RTAP_ENVIRONMENT'];
  const [name, layer, where]: [string, Origin['layer'], string] =
    request.environment !== undefined
      ? [request.environment, 'command line', '--environment']
      : fromVariable !== undefined && fromVariable !== ''
        ? [fromVariable, 'environment', 'RTAP_ENVIRONMENT']
        : ['default', 'default', 'built in'];
  const names = Object.keys(PROFILES);
  const profile = names.includes(name) ? PROFILES[name] : undefined;
  if (profile !== undefined) return { name, profile, problems: [] };
  const meant = nearest(name, names);
  const hint = meant === null ? '' : `; did you mean ${meant}?`;
  const message = `is not a profile: choose of ${names.join(', ')}${hint}`;
  const problem: ConfigProblem = { path: 'environment', value: name, layer, where, message };
  return { name, profile: NO_PROFILE, problems: [problem] };
}

function readFileLayer(request: ConfigRequest): LayerReading {
  const fromVariable = request.env['RTAP_CONFIG'];
  const file = request.file ?? (fromVariable === '' ? undefined : fromVariable);
  return file === undefined ? NO_READING : readConfigFile(file);
}

/** Takes over a value's old name, and tells why a value is refused. */
function accept(assignment: Assignment): { value: unknown; notice?: string; refusal?: string } {
  const { path, origin } = assignment;
  const leaf = KEYS.get(path)?.leaf;
  const { mapped } = leaf ?? {};
  let { value } = assignment;
  let notice: string | undefined;
  if (mapped !== undefined && typeof value === 'string' && Object.hasOwn(mapped, value)) {
    const old = value;
    value = mapped[old];
    notice = `${path} = ${old} (${origin.layer}: ${origin.name}) is taken as ${showValue(value)}.`;
  }
  try {
    leaf?.format(value);
  } catch (thrown) {
    return { value, refusal: (thrown as Error).message };
  }
  return notice === undefined ? { value } : { value, notice };
}

function nest(values: ReadonlyMap<string, unknown>): object {
  const tree: Record<string, unknown> = {};
  for (const [path, value] of values) {
    const parts = path.split('.');
    const name = parts.pop() ?? path;
    let node = tree;
    for (const part of parts) node = (node[part] ??= {}) as Record<string, unknown>;
    node[name] = value;
  }
  return tree;
}

function freeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  for (const child of Object.values(value)) freeze(child);
  return Object.freeze(value);
}

function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, child: unknown) =>
    typeof child === 'object' && child !== null && !Array.isArray(child)
      ? Object.fromEntries(Object.entries(child).sort(([a], [b]) => (a < b ? -1 : 1)))
      : child,
  );
}

function strength(origin: Origin): number {
  return LAYERS.indexOf(origin.layer);
}

function conflictProblems(
  config: RtapConfig,
  chosen: ChosenProfile,
  origins: ReadonlyMap<string, Origin>,
  refused: ReadonlySet<string>,
): ConfigProblem[] {
  const situation = {
    config,
    production: chosen.profile.production,
    profileName: chosen.name,
  };
  return findConflicts(situation)
    .filter(({ paths }) => !paths.some((path) => refused.has(path)))
    .flatMap(({ paths, message }) => {
      const blamed = paths
        .map((path) => ({ path, origin: origins.get(path) ?? DEFAULT_ORIGIN }))
        .reduce((a, b) => (strength(b.origin) > strength(a.origin) ? b : a));
      const { layer, name: where } = blamed.origin;
      return [{ path: blamed.path, value: valueAt(config, blamed.path), layer, where, message }];
    });
}

/** The value of a key by its dotted path; undefined when there is no such key. */
export function valueAt(config: RtapConfig, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>((node, part) => (node as Record<string, unknown> | undefined)?.[part], config);
}

/**
 * Puts the layers together, weakest first: defaults, profile, file, environment, command line. It reads the
 * file and nothing else.
 * Throws {@link RtapError} `CONFIG_INVALID` that carries every problem of every layer at once.
 */
export function loadConfig(request: ConfigRequest): LoadedConfig {
  const chosen = chooseProfile(request);
  const readings = [
    readSectionTree(chosen.profile.values, () => ({ layer: 'profile', name: chosen.name })),
    readFileLayer(request),
    readEnvironment(request.env),
    readCommandLine(request.set, request.argvSource),
  ];
  const problems = [...chosen.problems];
  const notices = chosen.profile.notice === null ? [] : [chosen.profile.notice];
  const values = new Map<string, unknown>();
  const origins = new Map<string, Origin>();
  for (const path of KEYS.keys()) origins.set(path, DEFAULT_ORIGIN);
  const refused = new Set<string>();
  for (const reading of readings) {
    problems.push(...reading.problems);
    for (const assignment of reading.assignments) {
      const { path, origin } = assignment;
      const { value, notice, refusal } = accept(assignment);
      if (refusal !== undefined) {
        const { layer, name: where } = origin;
        problems.push({ path, value: assignment.value, layer, where, message: refusal });
        refused.add(path);
        continue;
      }
      if (notice !== undefined) notices.push(notice);
      values.set(path, value);
      origins.set(path, origin);
    }
  }

  const merged = convict<RtapConfig>(schema, { env: {}, args: [] }).load(nest(values));
  merged.validate({ allowed: 'strict' });
  const config = freeze(merged.getProperties() as RtapConfig);

  problems.push(...conflictProblems(config, chosen, origins, refused));
  if (problems.length > 0) throw configInvalid(problems);
  notices.push(...findNotices(config, (path) => origins.get(path)?.layer !== 'default'));
  return {
    config,
    origins,
    notices,
    hash: createHash('sha256').update(canonicalJson(config)).digest('hex'),
    profile: { name: chosen.name, production: chosen.profile.production },
  };
}
