import type { LossCause } from '../../domain/capture.ts';
import { RtapError } from '../../domain/errors.ts';
import { askSoundServer, soundServerProblem } from './sound-server.ts';

/** A healthy server answers in a tenth of it; the loss itself must be told soon. */
const PATIENCE_MS = 120;

export interface Diagnosis {
  readonly cause: LossCause;
  /** To follow on "the device is lost:"; no full stop. */
  readonly problem: string;
  readonly movedTo: string | null;
}

/**
 * Why a device whose process still runs gives no samples: asks the sound server what has become of the device and of the
 * process's stream. It never rejects and takes 120 ms at most; without a sound server it knows nothing more.
 */
export async function diagnoseStall(
  device: string,
  pid: number | null,
  quietMs: number,
): Promise<Diagnosis> {
  const stalled = (because: string): Diagnosis => ({
    cause: 'stalled',
    problem: `it stalled: no samples for ${Math.round(quietMs)} ms${because}`,
    movedTo: null,
  });
  if (soundServerProblem() !== null) return stalled('');
  try {
    const { devices, streams } = await askSoundServer(PATIENCE_MS);
    const heard = streams.find((stream) => pid !== null && stream.pid === pid);
    const found = devices.find(({ name }) => name === (heard?.device ?? device));
    if (heard === undefined && found === undefined) {
      return { cause: 'removed', problem: 'the sound server has it no more', movedTo: null };
    }
    if (found?.isSuspended === true) {
      return { cause: 'suspended', problem: 'the sound server suspended it', movedTo: null };
    }
    return stalled(', though the sound server has it');
  } catch (thrown) {
    if (thrown instanceof RtapError && thrown.details['isSilent'] === true) {
      return {
        cause: 'server_frozen',
        problem: 'the sound server does not answer',
        movedTo: null,
      };
    }
    return { cause: 'server_lost', problem: 'the sound server is gone', movedTo: null };
  }
}
