import { loadConfig, valueAt } from '../../config/load.ts';
import type { ConfigRequest, LoadedConfig } from '../../config/load.ts';
import { describeProblem, problemsOf, showValue } from '../../config/problem.ts';
import { EXIT } from '../domain/errors.ts';
import { alignedLines, writeJson, writeLine } from './command-io.ts';
import type { CommandIo } from './command-io.ts';

/** What `rtap config check` and `rtap config show` take. */
export interface ConfigCommandOptions {
  readonly request: ConfigRequest;
  readonly json: boolean;
}

function loadOrReport(options: ConfigCommandOptions, io: CommandIo): LoadedConfig | null {
  try {
    return loadConfig(options.request);
  } catch (thrown) {
    const problems = problemsOf(thrown);
    if (problems === null) throw thrown;
    if (options.json) writeJson(io.stdout, { valid: false, problems });
    else for (const problem of problems) writeLine(io.stderr, describeProblem(problem));
    return null;
  }
}

function writeNotices(notices: readonly string[], io: CommandIo): void {
  for (const notice of notices) writeLine(io.stderr, `notice: ${notice}`);
}

/**
 * `rtap config check`: says whether the configuration is valid, with every problem at once, one a line.
 * Returns 0, or 2 when it is not.
 */
export function runConfigCheck(options: ConfigCommandOptions, io: CommandIo): number {
  const loaded = loadOrReport(options, io);
  if (loaded === null) return EXIT.usage;
  const { profile, hash, notices } = loaded;
  if (options.json) writeJson(io.stdout, { valid: true, profile, hash, notices });
  else {
    writeNotices(notices, io);
    writeLine(io.stdout, `The configuration is valid: profile ${profile.name}, hash ${hash}.`);
  }
  return EXIT.done;
}

/**
 * `rtap config show`: the effective value of every key with the layer that it came from.
 * Returns 0, or 2 with every problem when the configuration is invalid.
 */
export function runConfigShow(options: ConfigCommandOptions, io: CommandIo): number {
  const loaded = loadOrReport(options, io);
  if (loaded === null) return EXIT.usage;
  const { config, origins, profile, hash, notices } = loaded;
  const keys = [...origins].map(([path, origin]) => ({
    path,
    value: valueAt(config, path),
    ...origin,
  }));
  if (options.json) {
    writeJson(io.stdout, { valid: true, profile, hash, notices, config, keys });
    return EXIT.done;
  }
  writeNotices(notices, io);
  writeLine(io.stdout, `profile ${profile.name}, hash ${hash}`);
  const rows = keys.map(({ path, value, layer, name }) => [
    path,
    showValue(value),
    layer === 'default' ? layer : `${layer}: ${name}`,
  ]);
  for (const line of alignedLines(rows)) writeLine(io.stdout, line);
  return EXIT.done;
}
