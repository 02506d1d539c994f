import { accessSync, constants, statSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { loadConfig } from '../../config/load.ts';
import type { ConfigRequest, LoadedConfig } from '../../config/load.ts';
import { portsOf } from '../../config/ports.ts';
import { describeProblem, problemsOf } from '../../config/problem.ts';
import { stateDirectory } from '../../config/state-directory.ts';
import type { BackendName } from '../domain/capture.ts';
import { EXIT, RtapError, describeError } from '../domain/errors.ts';
import { findOnPath } from '../io/processes/program-path.ts';
import { requestControl } from '../io/control/control-client.ts';
import { controlSocketPath } from '../io/control/control-path.ts';
import { WEIGHTS, readFreely, readWeights } from '../io/engines/weights.ts';
import type { WeightFile } from '../io/engines/weights.ts';
import { checkPort } from '../io/port-check.ts';
import { backendOf, listDevices } from '../io/devices/device-list.ts';
import { alignedLines, writeJson, writeLine } from './command-io.ts';
import type { CommandIo } from './command-io.ts';
import { chooseDevice } from './devices.ts';

const NODE_NEEDED = [20, 19] as const;
const MEMORY_NEEDED_BYTES = 1024 ** 3;
const DAEMON_DEADLINE_MS = 1_000;

/** One thing that was looked at. */
export interface Finding {
  readonly subject: string;
  /** `missing`: a daemon with this configuration cannot do its work; `note`: it can, and this is worth knowing. */
  readonly status: 'ok' | 'note' | 'missing';
  /** One sentence without a full stop. */
  readonly detail: string;
  /** The same for a program, where there is more to say. */
  readonly data?: Readonly<Record<string, unknown>>;
}

function checkConfig(request: ConfigRequest): { loaded: LoadedConfig; findings: Finding[] } {
  const subject = 'configuration';
  try {
    const loaded = loadConfig(request);
    const notes = loaded.notices.map((notice): Finding => {
      return { subject, status: 'note', detail: notice.replace(/\.$/, '') };
    });
    const detail = `valid: profile ${loaded.profile.name}, hash ${loaded.hash.slice(0, 12)}`;
    return { loaded, findings: [{ subject, status: 'ok', detail }, ...notes] };
  } catch (thrown) {
    const problems = problemsOf(thrown);
    if (problems === null) throw thrown;
    const findings = problems.map((problem): Finding => {
      return { subject, status: 'missing', detail: describeProblem(problem) };
    });
    const detail = 'what follows is for the defaults';
    const loaded = loadConfig({ set: [], env: {} });
    return { loaded, findings: [...findings, { subject, status: 'note', detail }] };
  }
}

function checkNode(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const [neededMajor, neededMinor] = NODE_NEEDED;
  const isEnough = major > neededMajor || (major === neededMajor && minor >= neededMinor);
  const needed = `${NODE_NEEDED.join('.')} or later is needed`;
  return {
    subject: 'node',
    status: isEnough ? 'ok' : 'missing',
    detail: `${process.versions.node} on ${process.platform} ${process.arch}${isEnough ? '' : `; ${needed}`}`,
  };
}

function checkLimits(): Finding {
  // A limit that is none is reported as 0, or as more than there is.
  const constrained = process.constrainedMemory();
  const isLimited = constrained > 0 && constrained < totalmem();
  const bytes = isLimited ? constrained : totalmem();
  const cpus = availableParallelism();
  const isEnough = bytes >= MEMORY_NEEDED_BYTES;
  return {
    subject: 'limits',
    status: isEnough ? 'ok' : 'note',
    detail:
      `${String(cpus)} CPU, ${String(Math.floor(bytes / 1024 ** 2))} MiB of memory` +
      (isLimited ? ' by a limit' : '') +
      (isEnough ? '' : '; with less than 1024 MiB the engines may be killed'),
    data: { cpus, memory_bytes: bytes, memory_is_limited: isLimited },
  };
}

/** What would make a backend work, and who can do without. */
function hintFor(name: BackendName): string {
  if (name === 'portaudio') {
    return 'it takes a compiler, and cannot be built on arm64; where parec works it is not needed';
  }
  return backendOf('parec').problem() === null
    ? 'PulseAudio or PipeWire has to run, for the same user'
    : 'where PulseAudio or PipeWire runs, that alone is enough for a microphone, without a compiler and on arm64 too';
}

function countWords(devices: number): string {
  if (devices === 0) return 'no input device';
  return devices === 1 ? 'one input device' : `${String(devices)} input devices`;
}

async function checkSound(loaded: LoadedConfig): Promise<Finding[]> {
  const { audio } = loaded.config;
  const backends = audio.backends as readonly BackendName[];
  const { devices, problems } = await listDevices(backends);
  const choice = chooseDevice(devices, loaded);
  const isNeeded =
    audio.source.startsWith('device:') ||
    (audio.source === 'auto' && (audio.device !== 'default' || loaded.profile.production));
  return [
    ...backends.map((name): Finding => {
      const problem = problems[name];
      const names = devices.filter(({ backend }) => backend === name).map((device) => device.name);
      const isOnly = backends.every((one) => problems[one] !== undefined);
      return problem === undefined
        ? {
            subject: `backend ${name}`,
            status: 'ok',
            detail: `works, and has ${countWords(names.length)}`,
            data: { devices: names },
          }
        : {
            subject: `backend ${name}`,
            status: isNeeded && isOnly ? 'missing' : 'note',
            detail: `${problem}; ${hintFor(name)}${isOnly ? '; files and standard input work without it' : ''}`,
          };
    }),
    {
      subject: 'source',
      status: choice.device !== null ? 'ok' : isNeeded ? 'missing' : 'note',
      detail: choice.sentence.replace(/\.$/, ''),
      data: { would_open: choice.device?.name ?? null, through: choice.device?.backend ?? null },
    },
  ];
}

function isUsed(weight: WeightFile, loaded: LoadedConfig): boolean {
  const { pipeline, stt, wakeword } = loaded.config;
  if (weight.engine === 'recogniser') return stt.model_path === '';
  if (weight.engine !== 'wakeword') return true;
  const isListening = pipeline.activation === 'wakeword' && wakeword.engine === 'openwakeword';
  return isListening && (weight.phrase === null || wakeword.phrases.includes(weight.phrase));
}

function checkWeight(weight: WeightFile, loaded: LoadedConfig): Finding {
  const used = isUsed(weight, loaded);
  const { engine, packageName, licence, sha256 } = weight;
  const name = basename(weight.file);
  const subject = `engine ${engine}`;
  const data = { engine, package: packageName, file: weight.file, licence, sha256, used };
  try {
    readWeights(weight);
    const terms =
      used && licence.includes('NC')
        ? `${licence}, not for commercial use: wakeword.engine=phrase does without it`
        : licence;
    const detail = `${name}: digest as pinned${used ? '' : ', not used by this configuration'} (${terms})`;
    return { subject, status: 'ok', detail, data: { ...data, digest_ok: true } };
  } catch (thrown) {
    const detail = describeError(thrown);
    return {
      subject,
      status: used ? 'missing' : 'note',
      detail,
      data: { ...data, digest_ok: false },
    };
  }
}

function checkOwnModel(loaded: LoadedConfig): Finding[] {
  const folder = loaded.config.stt.model_path;
  if (folder === '') return [];
  return ['encoder_model.onnx', 'decoder_model_merged.onnx'].map((name): Finding => {
    const subject = 'engine recogniser';
    try {
      const { path, sha256 } = readFreely('recogniser', join(folder, name));
      const detail = `${path}: a model of your own, whose digest nobody has pinned`;
      return { subject, status: 'note', detail, data: { path, sha256 } };
    } catch (thrown) {
      return { subject, status: 'missing', detail: describeError(thrown) };
    }
  });
}

async function isRunning(instance: string, env: NodeJS.ProcessEnv): Promise<boolean> {
  try {
    const path = controlSocketPath(instance, env);
    await requestControl(path, 'status', {}, { deadlineMs: DAEMON_DEADLINE_MS });
    return true;
  } catch (thrown) {
    if (thrown instanceof RtapError) return false;
    throw thrown;
  }
}

async function checkPorts({ config }: LoadedConfig, env: NodeJS.ProcessEnv): Promise<Finding[]> {
  const { cluster } = config;
  const running = await isRunning(cluster.instance, env);
  return Promise.all(
    portsOf(config).map(async ({ path: key, host, port }): Promise<Finding> => {
      const subject = `port ${String(port)}`;
      const place = `${key} on ${host}`;
      try {
        await checkPort(key, host, port);
        const detail = port === 0 ? `${place} will be any free port` : `${place} is free`;
        return { subject, status: 'ok', detail };
      } catch (thrown) {
        const isOurs = running && thrown instanceof RtapError && thrown.code === 'PORT_IN_USE';
        return isOurs
          ? {
              subject,
              status: 'ok',
              detail: `${place} is in use, while the daemon ${cluster.instance} runs`,
            }
          : { subject, status: 'missing', detail: describeError(thrown).replace(/\.$/, '') };
      }
    }),
  );
}

function checkStateDirectory({ config }: LoadedConfig, env: NodeJS.ProcessEnv): Finding {
  const subject = 'state directory';
  const directory = stateDirectory(config, env);
  let existing = directory;
  try {
    while (statSync(existing, { throwIfNoEntry: false }) === undefined)
      existing = dirname(existing);
    if (!statSync(existing).isDirectory()) throw new Error(`${existing} is no folder`);
    accessSync(existing, constants.W_OK | constants.X_OK);
  } catch (thrown) {
    const detail = `${directory} cannot be written: ${describeError(thrown)}; cluster.state_directory names another`;
    return { subject, status: 'missing', detail };
  }
  const isThere = existing === directory;
  const detail = `${directory} ${isThere ? 'can be written' : 'can be made'}`;
  return { subject, status: 'ok', detail };
}

function checkCommand(command: string, without: string): Finding {
  const path = findOnPath(command);
  return path === null
    ? { subject: command, status: 'note', detail: `not found; ${without}` }
    : { subject: command, status: 'ok', detail: path };
}

/** Looks at everything once, and changes nothing. */
async function examine(request: ConfigRequest): Promise<Finding[]> {
  const { env } = request;
  const { loaded, findings } = checkConfig(request);
  return [
    ...findings,
    checkNode(),
    checkLimits(),
    ...(await checkSound(loaded)),
    ...WEIGHTS.map((weight) => checkWeight(weight, loaded)),
    ...checkOwnModel(loaded),
    ...(await checkPorts(loaded, env)),
    checkStateDirectory(loaded, env),
    checkCommand('setpriv', 'a child that hangs may outlive a daemon that was killed'),
  ];
}

/**
 * `rtap doctor`: what this machine has and lacks for a daemon with this configuration. It opens no device and changes
 * nothing. Returns 0, or 1 when something that is needed is missing.
 */
export async function runDoctor(
  options: { readonly request: ConfigRequest; readonly json: boolean },
  io: CommandIo,
): Promise<number> {
  const findings = await examine(options.request);
  const missing = findings.filter(({ status }) => status === 'missing').length;
  if (options.json) writeJson(io.stdout, { ok: missing === 0, findings });
  else {
    const rows = findings.map(({ status, subject, detail }) => [status, subject, detail]);
    for (const line of alignedLines(rows)) writeLine(io.stdout, line);
    const verdict =
      missing === 0
        ? 'Everything that is needed is there.'
        : `${String(missing)} of ${String(findings.length)} things that were looked at need your attention.`;
    writeLine(io.stdout, verdict);
  }
  return missing === 0 ? EXIT.done : EXIT.failed;
}
