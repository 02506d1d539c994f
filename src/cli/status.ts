import { setTimeout as delay } from 'node:timers/promises';
import type { ChildStatus } from '../../supervisors/status.ts';
import type { ReaderAccount } from '../audio/sample-ring.ts';
import { EXIT } from '../domain/errors.ts';
import { requestControl } from '../io/control/control-client.ts';
import { captureLines } from './capture-view.ts';
import type { CaptureStatus } from './capture-view.ts';
import { alignedLines, writeJson, writeLine } from './command-io.ts';
import type { CommandIo } from './command-io.ts';

const DEADLINE_MS = 3_000;
const WATCH_MS = 500;

/** On a terminal it follows a voice. */
const WATCH_ON_TERMINAL_MS = 200;
const COLUMNS_UNKNOWN = 80;

export interface StatusOptions {
  readonly controlPath: string;
  readonly json: boolean;
  /** Draws it again and again until the signal is aborted. */
  readonly watch: boolean;
  readonly signal: AbortSignal;
}

interface Status {
  readonly version: string;
  readonly instance: string;
  readonly epoch: number;
  readonly pid: number;
  readonly uptime_ms: number;
  readonly state: string;
  readonly reasons: readonly string[];
  readonly source: { kind: string; name: string } | null;
  readonly addresses: Record<string, Record<string, string>>;
  readonly positions: Record<string, number>;
  readonly capture?: CaptureStatus | null;
  readonly samples: {
    readonly captured: number;
    readonly refused: number;
    readonly missing: number;
    readonly readers: readonly ReaderAccount[];
  };
  readonly tree: readonly ChildStatus[];
}

/** `rtap status`: the running daemon and its tree. Rejects with `NOT_RUNNING` where there is none. */
export async function runStatus(options: StatusOptions, io: CommandIo): Promise<number> {
  for (;;) {
    const status = (await requestControl(
      options.controlPath,
      'status',
      {},
      {
        deadlineMs: DEADLINE_MS,
      },
    )) as Status;
    if (options.json) writeJson(io.stdout, status);
    else {
      const lines = drawn(status, columnsOf(io));
      writeLine(io.stdout, (options.watch && io.isTty ? inPlace(lines) : lines).join('\n'));
    }
    if (!options.watch) return EXIT.done;
    try {
      await delay(io.isTty ? WATCH_ON_TERMINAL_MS : WATCH_MS, undefined, {
        signal: options.signal,
      });
    } catch {
      return EXIT.done;
    }
  }
}

/** Over what stands there already, so that nothing flickers. */
function inPlace(lines: readonly string[]): string[] {
  return lines.map((line, index) => {
    const isLast = index === lines.length - 1;
    return `${index === 0 ? '\u001b[H' : ''}${line}\u001b[K${isLast ? '\u001b[J' : ''}`;
  });
}

function columnsOf(io: CommandIo): number {
  const { columns } = io.stdout as NodeJS.WritableStream & { columns?: number };
  return columns ?? COLUMNS_UNKNOWN;
}

function drawn(status: Status, columns: number): string[] {
  const { capture } = status;
  const { captured, refused, missing, readers } = status.samples;
  const dropped = readers
    .filter((reader) => reader.dropped > 0)
    .map((reader) => `, dropped by ${reader.name} ${String(reader.dropped)}`);
  const reasons = status.reasons.length === 0 ? '' : ` (${status.reasons.join(', ')})`;
  const source =
    status.source === null ? 'none yet' : `${status.source.kind} ${status.source.name}`;
  const addresses = Object.entries(status.addresses).flatMap(([outlet, served]) =>
    Object.entries(served)
      .filter(([name]) => name !== 'host' && name !== 'port')
      .map(([name, address]) => [`  ${outlet}`, name, address]),
  );
  return [
    `rtap ${status.version}  ${status.instance}  ${status.state}${reasons}`,
    `  pid ${String(status.pid)}, up ${age(status.uptime_ms)}, epoch ${String(status.epoch)}, events ${String(status.positions['events'])}, transcripts ${String(status.positions['transcripts'])}`,
    `  source ${source}; captured ${String(captured)} samples, refused ${String(refused)}, missing ${String(missing)}${dropped.join('')}`,
    ...(capture ? captureLines(capture, columns) : []),
    '',
    ...alignedLines([
      ['child', 'slot', 'state', 'life', 'age', 'restarts', 'last reason'],
      ...status.tree.flatMap((child, index) => rows(child, '', index === status.tree.length - 1)),
    ]),
    '',
    ...alignedLines(addresses),
  ];
}

function rows(child: ChildStatus, indent: string, isLast: boolean): string[][] {
  const ageText = child.ageMs === null ? '-' : age(child.ageMs);
  const own = [
    `${indent}${isLast ? '└─ ' : '├─ '}${child.id}`,
    child.slot,
    child.state,
    String(child.incarnation),
    ageText,
    restartsOf(child),
    child.reason,
  ];
  const below = `${indent}${isLast ? '   ' : '│  '}`;
  return [
    own,
    ...child.children.flatMap((inner, index) =>
      rows(inner, below, index === child.children.length - 1),
    ),
  ];
}

/** Of a supervisor: the restarts below it within its period, and how many it may have. */
function restartsOf({ intensity }: ChildStatus): string {
  if (intensity === null) return '';
  const { restarts, most, periodMs } = intensity;
  return `${String(restarts)} of ${String(most)} in ${age(periodMs)}`;
}

function age(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  if (seconds < 60) return `${String(seconds)} s`;
  if (seconds < 3_600) return `${String(Math.floor(seconds / 60))} min`;
  return `${(seconds / 3_600).toFixed(1)} h`;
}
