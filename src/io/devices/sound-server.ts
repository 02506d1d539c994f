import { execFile } from 'node:child_process';
import { RtapError, describeError } from '../../domain/errors.ts';
import { dyingWithParent } from '../processes/parent-death.ts';
import { findOnPath } from '../processes/program-path.ts';
import type { InputDevice } from './input-device.ts';

/** A list of a few hundred devices is a tenth of this. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;

/** A device as the sound server has it. */
export interface ServedDevice extends InputDevice {
  readonly isSuspended: boolean;
}

/** A stream that somebody records, and from where. */
export interface ServedStream {
  /** Null where its program did not say. */
  readonly pid: number | null;
  readonly device: string;
}

/** What a sound server has at one moment. */
export interface SoundSnapshot {
  readonly devices: readonly ServedDevice[];
  readonly streams: readonly ServedStream[];
}

/** Whether this machine has the programs that talk to PulseAudio or PipeWire. */
export function soundServerProblem(): string | null {
  for (const program of ['pactl', 'parec']) {
    if (findOnPath(program) === null) {
      return `${program} is not installed (Debian's package pulseaudio-utils has it)`;
    }
  }
  return null;
}

/**
 * Asks the sound server what it has. Rejects with DEVICE_UNAVAILABLE: `details.isSilent` is true when there was no answer
 * within the deadline, as of a server that is frozen, and false when the server refused or is not there.
 */
export async function askSoundServer(
  deadlineMs: number,
  signal?: AbortSignal,
): Promise<SoundSnapshot> {
  const ask = (...args: string[]): Promise<unknown> => pactl(args, deadlineMs, signal);
  // Two questions and no more: a frozen server has room for few that wait.
  const [info, everything] = await Promise.all([ask('info'), ask('list')]);
  const sources = fieldOf(everything, 'sources');
  const outputs = fieldOf(everything, 'source_outputs');
  const defaultName = textAt(info, 'default_source_name');
  const found = listOf(sources).map((source) => ({
    index: Number(fieldOf(source, 'index')),
    device: deviceOf(source, defaultName),
  }));
  const streams = listOf(outputs).flatMap((output): ServedStream[] => {
    const at = found.find(({ index }) => index === Number(fieldOf(output, 'source')));
    if (at === undefined) return [];
    const pid = Number(textAt(fieldOf(output, 'properties'), 'application.process.id'));
    return [{ pid: Number.isInteger(pid) && pid > 0 ? pid : null, device: at.device.name }];
  });
  return { devices: found.map(({ device }) => device), streams };
}

function deviceOf(source: unknown, defaultName: string): ServedDevice {
  const name = textAt(source, 'name');
  const description = textAt(source, 'description');
  const [, channels = '1', rate = '0'] =
    /(\d+)ch (\d+)Hz/.exec(textAt(source, 'sample_specification')) ?? [];
  return {
    name,
    description: description === '' ? name : description,
    backend: 'parec',
    hostApi: 'sound server',
    maxInputChannels: Number(channels),
    defaultSampleRateHz: Number(rate),
    isDefault: name === defaultName,
    isMonitor: textAt(fieldOf(source, 'properties'), 'device.class') === 'monitor',
    isSuspended: textAt(source, 'state') === 'SUSPENDED',
  };
}

function pactl(
  args: readonly string[],
  deadlineMs: number,
  signal: AbortSignal | undefined,
): Promise<unknown> {
  const command = dyingWithParent({ command: 'pactl', args: ['-f', 'json', ...args] });
  return new Promise((resolve, reject) => {
    execFile(
      command.command,
      [...command.args],
      {
        env: { ...process.env, LC_ALL: 'C' },
        timeout: deadlineMs,
        killSignal: 'SIGKILL',
        maxBuffer: MAX_ANSWER_BYTES,
        ...(signal === undefined ? {} : { signal }),
      },
      (failure, answer, complaint) => {
        if (failure !== null) {
          reject(refusal(failure, complaint, deadlineMs));
          return;
        }
        try {
          resolve(JSON.parse(answer));
        } catch {
          reject(new RtapError('DEVICE_UNAVAILABLE', 'The sound server gave no sensible answer'));
        }
      },
    );
  });
}

function refusal(failure: Error, complaint: string, deadlineMs: number): RtapError {
  const isSilent = 'killed' in failure && failure.killed === true;
  const [firstLine = ''] = complaint.trim().split('\n', 1);
  const why = isSilent
    ? `it gave no answer within ${deadlineMs} ms`
    : firstLine === ''
      ? describeError(failure)
      : firstLine;
  return new RtapError('DEVICE_UNAVAILABLE', `The sound server cannot be asked: ${why}`, {
    isSilent,
  });
}

function fieldOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null
    ? (value as Record<string, unknown>)[key]
    : undefined;
}

function textAt(value: unknown, key: string): string {
  const text = fieldOf(value, key);
  return typeof text === 'string' ? text : '';
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
