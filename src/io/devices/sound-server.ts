import { RtapError } from '../../domain/errors.ts';
import { findOnPath } from '../processes/program-path.ts';
import { runProgram } from '../processes/program-run.ts';
import type { InputDevice } from './input-device.ts';

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

async function pactl(
  args: readonly string[],
  deadlineMs: number,
  signal: AbortSignal | undefined,
): Promise<unknown> {
  const { status, stdout, stderr } = await runProgram(
    {
      command: 'pactl',
      args: ['-f', 'json', ...args],
      env: { ...process.env, LC_ALL: 'C' },
    },
    deadlineMs,
    signal,
  );
  const isSilent = status.signal === 'SIGKILL';
  if (status.code !== 0) {
    const [firstLine = ''] = stderr.trim().split('\n', 1);
    throw cannotAsk(
      isSilent
        ? `it gave no answer within ${deadlineMs} ms`
        : firstLine === ''
          ? `pactl ${status.description}`
          : firstLine,
      isSilent,
    );
  }
  try {
    return JSON.parse(stdout);
  } catch {
    throw cannotAsk('it gave no sensible answer', false);
  }
}

function cannotAsk(why: string, isSilent: boolean): RtapError {
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
