import { ENCODINGS } from '../../audio/pcm-format.ts';
import type { Encoding, PcmFormat } from '../../audio/pcm-format.ts';
import type { LossCause } from '../../domain/capture.ts';

/** What a line of `parec --verbose`, in the language C, says; null when it is nothing that matters. */
export type ParecWord =
  | { says: 'format'; format: PcmFormat }
  | { says: 'connected'; device: string }
  | { says: 'latency'; latencyMs: number }
  | { says: 'lost'; cause: LossCause; movedTo: string | null }
  | { says: 'complaint'; cause: LossCause };

const FORMAT = /^Using sample spec '(\w+) (\d+)ch (\d+)Hz'/;
const CONNECTED = /^Connected to device (.+) \(index: \d+, suspended: (?:yes|no)\)/;
const LATENCY = /^Time: [\d.]+ sec; Latency: (\d+) usec/;
const MOVED = /^Stream moved to device (.+) \(\d+, (?:not )?suspended\)/;

const COMPLAINTS: readonly (readonly [RegExp, LossCause])[] = [
  [/Entity killed|No such entity/, 'removed'],
  [/Connection (?:terminated|refused)|pa_context_connect/, 'server_lost'],
  [/^Stream error|failed/i, 'process_exited'],
];

/** Reads one line; a program of another version may say things in other words, which are then nothing that matters. */
export function readParec(line: string): ParecWord | null {
  // It clears the rest of a line on a terminal, and does so into a pipe as well.
  const text = line.replace('\u001b[K', '');
  const latency = LATENCY.exec(text);
  if (latency !== null) return { says: 'latency', latencyMs: Number(latency[1]) / 1000 };
  const format = FORMAT.exec(text);
  if (format !== null) return formatWord(format);
  const [, device] = CONNECTED.exec(text) ?? [];
  if (device !== undefined) return { says: 'connected', device };
  const [, movedTo] = MOVED.exec(text) ?? [];
  if (movedTo !== undefined) return { says: 'lost', cause: 'moved', movedTo };
  if (text.startsWith('Stream device suspended')) {
    return { says: 'lost', cause: 'suspended', movedTo: null };
  }
  const complaint = COMPLAINTS.find(([pattern]) => pattern.test(text));
  return complaint === undefined ? null : { says: 'complaint', cause: complaint[1] };
}

function formatWord([, name = '', channels, rate]: RegExpExecArray): ParecWord | null {
  const encoding = name === 'float32le' ? 'f32le' : name;
  if (!Object.hasOwn(ENCODINGS, encoding)) return null;
  return {
    says: 'format',
    format: {
      encoding: encoding as Encoding,
      channels: Number(channels),
      sampleRateHz: Number(rate),
    },
  };
}
