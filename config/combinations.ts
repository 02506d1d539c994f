import { portsOf } from './ports.ts';
import { OPENWAKEWORD_PHRASES } from './schema.ts';
import type { RtapConfig } from './schema.ts';

/** Keys that are each fine and together are not. */
export interface Conflict {
  /** The keys it is about; the one that was set last is blamed. */
  readonly paths: readonly string[];
  readonly message: string;
}

interface Situation {
  readonly config: RtapConfig;
  readonly production: boolean;
  readonly profileName: string;
}

function portConflicts(config: RtapConfig): Conflict[] {
  const ports = portsOf(config);
  return ports.flatMap(({ path, port }, index) =>
    ports
      .slice(index + 1)
      .filter((other) => port !== 0 && other.port === port)
      .map(({ path: other }) => ({
        paths: [path, other],
        message: `${path} and ${other} are both ${String(port)}: every port must be another, or 0`,
      })),
  );
}

function durationConflicts({ audio, pipeline, wakeword, preprocess }: RtapConfig): Conflict[] {
  const bounded = [
    {
      path: 'pipeline.wake_timeout_ms',
      value: pipeline.wake_timeout_ms,
      boundPath: 'pipeline.listening_window_ms',
      bound: pipeline.listening_window_ms,
    },
    {
      path: 'preprocess.pause_ms',
      value: preprocess.pause_ms,
      boundPath: 'preprocess.hangover_ms',
      bound: preprocess.hangover_ms,
    },
    {
      path: 'wakeword.pre_roll_ms',
      value: wakeword.pre_roll_ms,
      boundPath: 'audio.ring_buffer_size_ms',
      bound: audio.ring_buffer_size_ms,
    },
  ];
  return bounded
    .filter(({ value, bound }) => value > bound)
    .map(({ path, value, boundPath, bound }) => ({
      paths: [path, boundPath],
      message: `${path} (${String(value)}) must not be longer than ${boundPath} (${String(bound)})`,
    }));
}

function gainConflicts({ audio }: RtapConfig): Conflict[] {
  const { gain_min: least, gain_max: most } = audio;
  if (least <= most) return [];
  return [
    {
      paths: ['audio.gain_min', 'audio.gain_max'],
      message: `audio.gain_min (${String(least)}) must not be greater than audio.gain_max (${String(most)})`,
    },
  ];
}

function phraseConflicts({ wakeword }: RtapConfig): Conflict[] {
  if (wakeword.engine !== 'openwakeword') return [];
  const known: readonly string[] = OPENWAKEWORD_PHRASES;
  const unknown = wakeword.phrases.filter((phrase) => !known.includes(phrase));
  if (unknown.length === 0) return [];
  return [
    {
      paths: ['wakeword.phrases', 'wakeword.engine'],
      message: `openwakeword has no model for ${unknown.join(', ')}: choose of ${known.join(', ')}, or set wakeword.engine to phrase`,
    },
  ];
}

function sourceConflicts({ config, production, profileName }: Situation): Conflict[] {
  const { source } = config.audio;
  if (!production || source.startsWith('auto') || source.startsWith('device:')) return [];
  return [
    {
      paths: ['audio.source'],
      message: `must be auto or device:NAME in the production profile ${profileName}, where only a device is a source`,
    },
  ];
}

/** Every unsafe combination of a configuration whose values are each accepted. */
export function findConflicts(situation: Situation): Conflict[] {
  const { config } = situation;
  return [
    ...sourceConflicts(situation),
    ...durationConflicts(config),
    ...gainConflicts(config),
    ...phraseConflicts(config),
    ...portConflicts(config),
  ];
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host);
}

/** What is accepted and still worth a sentence; `isSet` tells whether anybody set a key. */
export function findNotices(config: RtapConfig, isSet: (path: string) => boolean): string[] {
  const notices: string[] = [];
  const hosts = [
    [
      'output.host',
      config.output.host,
      config.output.audio ? 'what is said and hear it' : 'what is said',
    ],
    ['admin.host', config.admin.host, 'health, metrics and status'],
  ] as const;
  for (const [path, host, what] of hosts) {
    if (isLoopback(host)) continue;
    notices.push(
      `${path} is ${host}: whoever reaches it over the network can read ${what}, since this version asks nobody who they are.`,
    );
  }
  if (config.output.audio) {
    notices.push(
      'output.audio is on: all that is captured is published, whether it was said to this daemon or not.',
    );
  }
  if (config.preprocess.denoise) {
    notices.push(
      config.output.audio
        ? 'preprocess.denoise is for the published audio alone: the recogniser never gets denoised audio, since that raises its error rate.'
        : 'preprocess.denoise has no effect without output.audio: the recogniser never gets denoised audio, since that raises its error rate.',
    );
  }
  if (config.wakeword.engine === 'phrase' && isSet('wakeword.sensitivity')) {
    notices.push('wakeword.sensitivity has no effect with the wakeword.engine phrase.');
  }
  return notices;
}
