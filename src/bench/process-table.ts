import { readFileSync, readdirSync } from 'node:fs';

/** The kernel's unit for the time of processes, on every Linux that there is. */
const MS_PER_TICK = 10;

/** What a process has used so far. */
export interface ProcessUse {
  /** Processor time, to 10 ms. */
  readonly cpuMs: number;
  readonly residentBytes: number;
}

/** The processes that hold an input device open for their parent. */
export function capturePids(parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => fieldOf(pid, 1) === String(parent) && isCapture(pid));
}

/** Throws when there is no such process. */
export function processUse(pid: number): ProcessUse {
  const [, kilobytes] = /VmRSS:\s+(\d+) kB/.exec(read(pid, 'status')) ?? [];
  const ticks = Number(fieldOf(pid, 11)) + Number(fieldOf(pid, 12));
  return { cpuMs: ticks * MS_PER_TICK, residentBytes: Number(kilobytes) * 1024 };
}

function isCapture(pid: number): boolean {
  try {
    return /^parec\0|portaudio-process.*"open"/s.test(read(pid, 'cmdline'));
  } catch {
    return false;
  }
}

/** Counts from the state; the name before it may hold anything. */
function fieldOf(pid: number, place: number): string | undefined {
  try {
    const text = read(pid, 'stat');
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[place];
  } catch {
    return undefined;
  }
}

function read(pid: number, what: string): string {
  return readFileSync(`/proc/${String(pid)}/${what}`, 'utf8');
}
