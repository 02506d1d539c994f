import { RtapError } from '../../domain/errors.ts';
import type { BlockOpener } from './block-reader.ts';
import type { DeviceList } from './device-list.ts';
import { DeviceSource } from './device.ts';
import { fileOpener } from './file.ts';
import { PumpedSource } from './pumped-source.ts';
import { recordingPath } from './recording-path.ts';
import type { SourceSpec } from './source-spec.ts';
import type { AudioSource, SourceClock } from './source.ts';
import { stdinOpener } from './stdin.ts';
import type { InputStream } from './stdin.ts';
import { silenceOpener, toneOpener } from './synthetic.ts';

export interface SourceDependencies {
  clock: SourceClock;
  stdin: InputStream;
}

/** A spec that names one source: `auto` is decided by {@link resolveAuto} first. */
export type DecidedSpec = Exclude<SourceSpec, { kind: 'auto' }>;

/** The source that a spec names, not yet open. */
export function createSource(spec: DecidedSpec, dependencies: SourceDependencies): AudioSource {
  if (spec.kind === 'device') return new DeviceSource(spec.name, dependencies.clock);
  return new PumpedSource(openerOf(spec, dependencies), dependencies.clock);
}

/**
 * What `auto` means on a machine with these devices: the system's own choice of microphone, else the first one, else the bundled recording.
 * Whether a fallback to a recording is allowed at all is the caller's to say.
 */
export function resolveAuto(list: DeviceList): DecidedSpec {
  const device = list.devices.find((one) => one.isDefault) ?? list.devices[0];
  return device === undefined ? { kind: 'recording' } : { kind: 'device', name: device.name };
}

function openerOf(
  spec: Exclude<DecidedSpec, { kind: 'device' }>,
  dependencies: SourceDependencies,
): BlockOpener {
  switch (spec.kind) {
    case 'file':
      return fileOpener(spec);
    case 'stdin':
      return stdinOpener(spec, dependencies.stdin);
    case 'silence':
      return silenceOpener();
    case 'tone':
      return toneOpener(spec.frequencyHz);
    case 'recording':
      return recordingOpener();
  }
}

function recordingOpener(): BlockOpener {
  const path = recordingPath();
  if (path === undefined) {
    return () =>
      Promise.reject(
        new RtapError(
          'SOURCE_NOT_FOUND',
          'The bundled recording is missing from this installation',
        ),
      );
  }
  return fileOpener(
    { kind: 'file', path, speed: 'realtime', loop: false, raw: null },
    'recording',
    'the bundled recording',
  );
}
