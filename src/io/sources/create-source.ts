import { RtapError } from '../../domain/errors.ts';
import type { BlockOpener } from './block-reader.ts';
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

/** A spec that names one source: what `auto` means is decided before. */
export type DecidedSpec = Exclude<SourceSpec, { kind: 'auto' }>;

/** The source that a spec names, not yet open; devices are another matter. */
export function createSource(
  spec: Exclude<DecidedSpec, { kind: 'device' }>,
  dependencies: SourceDependencies,
): AudioSource {
  return new PumpedSource(openerOf(spec, dependencies), dependencies.clock);
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
