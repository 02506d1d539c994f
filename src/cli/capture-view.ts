import { levelBar } from './level-bar.ts';

/** What the daemon's status says of the running capture; null where there is nothing to say. */
export interface CaptureStatus {
  readonly state: string;
  readonly device: string | null;
  readonly backend: string | null;
  readonly level: { readonly rms_dbfs: number; readonly peak_dbfs: number } | null;
  readonly gain_db: number | null;
  /** Since the last frame came. */
  readonly frame_age_ms: number | null;
  /** How much faster the device's clock is than this machine's. */
  readonly drift_ppm: number | null;
}

const LEAST_BAR = 10;
const MOST_BAR = 50;

/** The capture in two lines for a terminal of so many columns: where the audio comes from, and how loud it is. */
export function captureLines(capture: CaptureStatus, columns: number): string[] {
  const { device, backend, state, gain_db, frame_age_ms, drift_ppm, level } = capture;
  const facts = [
    state,
    device === null ? null : `${device}${backend === null ? '' : ` through ${backend}`}`,
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

function signed(value: number, digits: number): string {
  return `${value < 0 ? '' : '+'}${value.toFixed(digits)}`;
}
