import type { LoadedConfig } from '../../config/load.ts';
import type { BackendName } from '../domain/capture.ts';
import type { SourceRequest } from '../domain/events.ts';
import { createSource } from '../io/sources/create-source.ts';
import { findMicrophone } from '../io/devices/device-list.ts';
import { parseSource } from '../io/sources/source-spec.ts';
import { systemClock } from '../io/system-clock.ts';

/** The source that the configuration comes down to on this machine, and what a person should be told of it. */
export interface SourceChoice {
  readonly request: SourceRequest;
  readonly notice: string | null;
}

/**
 * Decides what `auto` means here. A named source stays what it is; in a production profile a device never gives way
 * to anything that is no device.
 */
export async function decideSource(loaded: LoadedConfig): Promise<SourceChoice> {
  const { audio } = loaded.config;
  const spec = parseSource(audio.source);
  if (spec.kind !== 'auto') return { request: spec, notice: null };
  if (audio.device !== 'default' || loaded.profile.production) {
    return { request: { kind: 'device', name: audio.device } as SourceRequest, notice: null };
  }
  const backends = audio.backends as readonly BackendName[];
  const { device, problems } = await findMicrophone(backends);
  if (device !== undefined) {
    return { request: { kind: 'device', name: device.name } as SourceRequest, notice: null };
  }
  // One backend that could look and found none is enough to know.
  const isKnown = problems.length < backends.length;
  const why = isKnown ? 'this machine has no microphone' : problems.join('; ');
  return {
    request: { kind: 'recording' },
    notice: `no microphone (${why}): the bundled recording is played once instead, and every message says so`,
  };
}

/** Opens a file, and closes it again, so that one that cannot be heard is told before anything starts. */
export async function checkSource(audioSource: string): Promise<void> {
  const spec = parseSource(audioSource);
  if (spec.kind !== 'file') return;
  const source = createSource(spec, { clock: systemClock, stdin: process.stdin });
  try {
    await source.open();
  } finally {
    await source.stop();
  }
}
