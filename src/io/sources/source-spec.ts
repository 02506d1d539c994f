import {
  ENCODINGS,
  MAX_CHANNELS,
  MAX_SAMPLE_RATE_HZ,
  MIN_SAMPLE_RATE_HZ,
} from '../../audio/pcm-format.ts';
import type { Encoding, PcmFormat } from '../../audio/pcm-format.ts';
import { RtapError } from '../../domain/errors.ts';
import { SAMPLE_RATE_HZ } from '../../domain/pcm.ts';

export interface DeviceSpec {
  kind: 'device';
  /** The device's name, or a part of it that only one device has; `default` is the system's choice. */
  name: string;
}

export interface FileSpec {
  kind: 'file';
  path: string;
  /** `max`: as fast as the receiver has room, for files that nobody waits to hear. */
  speed: 'realtime' | 'max';
  loop: boolean;
  /** Null for a file that says its format itself, that is WAV. */
  raw: PcmFormat | null;
}

export interface StdinSpec {
  kind: 'stdin';
  /** Null when nothing was said: WAV when it begins as one, else 16-bit mono at 16 kHz. */
  raw: PcmFormat | null;
}

export interface ToneSpec {
  kind: 'tone';
  frequencyHz: number;
}

/** Where audio comes from, as a person asked for it. `recording` is the bundled one, which no text asks for. */
export type SourceSpec =
  | { kind: 'auto' }
  | DeviceSpec
  | FileSpec
  | StdinSpec
  | { kind: 'silence' }
  | ToneSpec
  | { kind: 'recording' };

/** What `--source` may say. */
const SOURCE_FORMS =
  'auto, device:NAME, file:PATH (with ?speed=max, ?loop, and for raw PCM ?rate=HZ&channels=N&format=s16le), stdin, silence, tone or tone:HZ';

export const DEFAULT_STDIN_FORMAT: PcmFormat = {
  encoding: 's16le',
  channels: 1,
  sampleRateHz: SAMPLE_RATE_HZ,
};

const DEFAULT_TONE_HZ = 440;
const RAW_OPTIONS = ['rate', 'channels', 'format'];
const RAW_FILE = /\.(raw|pcm)$/i;

/**
 * Reads the text of `--source`. A path may be relative and hold spaces; a `?`, and a `%` that two hexadecimal digits follow, are written `%3F` and `%25`.
 * Anything else than {@link SOURCE_FORMS} is an RtapError USAGE.
 */
export function parseSource(text: string): SourceSpec {
  const mark = text.indexOf('?');
  const head = mark < 0 ? text : text.slice(0, mark);
  const colon = head.indexOf(':');
  const kind = colon < 0 ? head : head.slice(0, colon);
  const rest = colon < 0 ? null : head.slice(colon + 1);
  if (kind === 'device') return parseDevice(text);
  const options = new Options(text, mark < 0 ? '' : text.slice(mark + 1));
  const spec = parseKind(text, kind, rest, options);
  options.refuseTheRest();
  return spec;
}

function parseKind(text: string, kind: string, rest: string | null, options: Options): SourceSpec {
  if (kind === 'file') return parseFile(text, rest, options);
  if (kind === 'tone') return { kind, frequencyHz: parseFrequency(text, rest) };
  if (rest !== null) throw usage(text, 'it is none of the known sources');
  if (kind === 'stdin') return { kind, raw: parseStdinFormat(options) };
  if (kind === 'auto' || kind === 'silence') return { kind };
  throw usage(text, 'it is none of the known sources');
}

/** A device's name is taken as it is: names hold colons, commas, brackets and question marks. */
function parseDevice(text: string): DeviceSpec {
  const name = text.startsWith('device:') ? text.slice('device:'.length).trim() : '';
  if (name === '') throw usage(text, 'it names no device');
  return { kind: 'device', name };
}

function parseFile(text: string, rest: string | null, options: Options): FileSpec {
  const path = decodePath(text, rest ?? '');
  if (path === '') throw usage(text, 'it names no file');
  if (path.includes('\0')) throw usage(text, 'a path holds no zero byte');
  const speed = options.choice('speed', ['realtime', 'max']) ?? 'realtime';
  return {
    kind: 'file',
    path,
    speed,
    loop: options.flag('loop'),
    raw: parseFileFormat(text, path, options),
  };
}

function decodePath(text: string, path: string): string {
  try {
    return decodeURIComponent(path.replaceAll(/%(?![0-9a-f]{2})/gi, '%25'));
  } catch {
    throw usage(text, 'its percent-encoding is no UTF-8');
  }
}

function parseFileFormat(text: string, path: string, options: Options): PcmFormat | null {
  const given = options.rawFormat();
  if (Object.keys(given).length === 0 && !RAW_FILE.test(path)) return null;
  const { sampleRateHz, channels, encoding } = given;
  if (sampleRateHz === undefined || channels === undefined || encoding === undefined) {
    throw usage(text, 'raw PCM needs all of rate, channels and format');
  }
  return { sampleRateHz, channels, encoding };
}

function parseStdinFormat(options: Options): PcmFormat | null {
  const given = options.rawFormat();
  return Object.keys(given).length === 0 ? null : { ...DEFAULT_STDIN_FORMAT, ...given };
}

function parseFrequency(text: string, rest: string | null): number {
  if (rest === null) return DEFAULT_TONE_HZ;
  const frequencyHz = rest.trim() === '' ? Number.NaN : Number(rest);
  if (frequencyHz >= 1 && frequencyHz < SAMPLE_RATE_HZ / 2) return frequencyHz;
  throw usage(text, `a tone has 1 to ${String(SAMPLE_RATE_HZ / 2 - 1)} Hz`);
}

class Options {
  readonly #text: string;
  readonly #values = new Map<string, string>();

  constructor(text: string, query: string) {
    this.#text = text;
    for (const [name, value] of new URLSearchParams(query)) {
      if (this.#values.has(name)) throw usage(text, `the option ${name} is given twice`);
      this.#values.set(name, value);
    }
  }

  flag(name: string): boolean {
    const value = this.#take(name);
    if (value === undefined || value === 'false') return false;
    if (value === '' || value === 'true') return true;
    throw usage(this.#text, `${name} takes no value`);
  }

  choice<T extends string>(name: string, allowed: readonly T[]): T | undefined {
    const value = this.#take(name);
    const chosen = allowed.find((one) => one === value);
    if (value !== undefined && chosen === undefined) {
      throw usage(this.#text, `${name} is one of ${allowed.join(', ')}`);
    }
    return chosen;
  }

  rawFormat(): Partial<PcmFormat> {
    const sampleRateHz = this.#integer('rate', MIN_SAMPLE_RATE_HZ, MAX_SAMPLE_RATE_HZ);
    const channels = this.#integer('channels', 1, MAX_CHANNELS);
    const encoding = this.choice('format', Object.keys(ENCODINGS) as Encoding[]);
    return {
      ...(sampleRateHz === undefined ? {} : { sampleRateHz }),
      ...(channels === undefined ? {} : { channels }),
      ...(encoding === undefined ? {} : { encoding }),
    };
  }

  refuseTheRest(): void {
    const [unknown] = this.#values.keys();
    if (unknown === undefined) return;
    const why = RAW_OPTIONS.includes(unknown) ? 'is not for this source' : 'is not known';
    throw usage(this.#text, `the option ${unknown} ${why}`);
  }

  #integer(name: string, least: number, most: number): number | undefined {
    const value = this.#take(name);
    if (value === undefined) return undefined;
    const number = /^\d{1,9}$/.test(value) ? Number(value) : Number.NaN;
    if (number >= least && number <= most) return number;
    throw usage(this.#text, `${name} is a whole number from ${String(least)} to ${String(most)}`);
  }

  #take(name: string): string | undefined {
    const value = this.#values.get(name);
    this.#values.delete(name);
    return value;
  }
}

function usage(text: string, why: string): RtapError {
  const shown = text.length > 200 ? `${text.slice(0, 200)}...` : text;
  return new RtapError(
    'USAGE',
    `The source ${JSON.stringify(shown)} cannot be used: ${why}. A source is ${SOURCE_FORMS}`,
    { source: shown },
  );
}
