/** The quietest level that the bar shows; the loudest is full scale. */
const FLOOR_DBFS = -60;

const FILLED = '#';
const EMPTY = '.';
const PEAK = '|';

/**
 * A level from -60 to 0 dBFS as a bar of so many characters, brackets included: filled up to the RMS, with the peak
 * marked. What is louder or quieter stands at the end; below the floor nothing is filled or marked.
 */
export function levelBar(width: number, rmsDbfs: number, peakDbfs: number): string {
  const cells = Math.max(1, width - 2);
  const filled = cellsAt(rmsDbfs, cells);
  const bar: string[] = Array.from({ length: cells }, (_, index) =>
    index < filled ? FILLED : EMPTY,
  );
  const peak = cellsAt(peakDbfs, cells);
  if (peak > 0) bar[peak - 1] = PEAK;
  return `[${bar.join('')}]`;
}

function cellsAt(dbfs: number, cells: number): number {
  const share = Math.min(1, Math.max(0, 1 - dbfs / FLOOR_DBFS));
  return Math.ceil(share * cells);
}
