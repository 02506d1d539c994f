import { lossWords } from './capture-words.ts';
import { levelBar } from './level-bar.ts';

/** What the daemon's status says of the running capture; null where there is nothing to say. */
export interface CaptureStatus {
  readonly state: string;
  /** As it was asked for; absent where no device was. */
  readonly wanted?: string | null;
  readonly device: string | null;
  readonly backend: string | null;
  readonly level: { readonly rms_dbfs: number; readonly peak_dbfs: number } | null;
  readonly gain_db: number | null;
  /** Since the last frame came. */
  readonly frame_age_ms: number | null;
  /** How much faster the device's clock is than this machine's. */
  readonly drift_ppm: number | null;
  /** Of a device that is lost. */
  readonly loss?: { readonly cause: string; readonly moved_to: string | null } | null;
}

/** The state in which another device is heard than was asked for. */
const STANDS_IN = 'hearing another';
const LEAST_BAR = 10;
const MOST_BAR = 50;

/** The capture in two lines for a terminal of so many columns: where the audio comes from, and how loud it is. */
export function captureLines(capture: CaptureStatus, columns: number): string[] {
  const { state, gain_db, frame_age_ms, drift_ppm, level } = capture;
  const facts = [
    state,
    deviceFact(capture),
    frame_age_ms === null ? null : `last frame ${String(Math.round(frame_age_ms))} ms ago`,
    drift_ppm === null ? null : `drift ${signed(drift_ppm, 0)} ppm`,
    gain_db === null ? null : `gain ${signed(gain_db, 1)} dB`,
  ];
  const where = `  capture ${facts.filter((fact) => fact !== null).join(', ')}`;
  if (level === null) return [where];
  const { rms_dbfs: rms, peak_dbfs: peak } = level;
  const text = `${rms.toFixed(0).padStart(4)} dBFS, peak ${peak.toFixed(0).padStart(4)}`;
  const room = columns - '  level   '.length - text.length - 2;
  const bar = levelBar(Math.min(MOST_BAR, Math.max(LEAST_BAR, room)), rms, peak);
  return [where, `  level   ${bar} ${text}`];
}

function deviceFact(capture: CaptureStatus): string | null {
  const { device, backend, wanted = null, loss = null } = capture;
  if (loss !== null && wanted !== null) {
    return `${wanted}: ${lossWords(loss.cause, loss.moved_to)}`;
  }
  if (device === null) return wanted;
  const stead = capture.state === STANDS_IN && wanted !== null ? ` in place of ${wanted}` : '';
  return `${device}${stead}${backend === null ? '' : ` through ${backend}`}`;
}

function signed(value: number, digits: number): string {
  return `${value < 0 ? '' : '+'}${value.toFixed(digits)}`;
}
