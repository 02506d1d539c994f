import { BACKENDS } from '../src/domain/capture.ts';
import { choice, fixed, flag, fraction, integer, list, port, text } from './leaf.ts';
import type { Leaf } from './leaf.ts';

/** The phrases that openWakeWord has a trained model for. */
export const OPENWAKEWORD_PHRASES = ['hey_jarvis', 'alexa', 'hey_mycroft', 'hey_rhasspy'] as const;

const HOST = {
  pattern: /^[A-Za-z0-9_.:-]{1,253}$/,
  accepts: 'a host name or an IP address',
} as const;

/** Every key there is, by section: the one place that knows names, defaults and bounds. */
export const schema = {
  audio: {
    sample_rate: fixed(16_000, {
      doc: 'Samples a second inside the pipeline; sources of another rate are resampled',
      because: 'every model here hears 16 kHz',
    }),
    frame_ms: fixed(20, {
      doc: 'Length of the frames that the stages exchange',
      because: 'the stages exchange frames of 20 ms',
    }),
    channels: fixed(1, {
      doc: 'Channels inside the pipeline; sources with more are mixed down',
      because: 'the pipeline is mono, and mixes a source with more channels down',
    }),
    source: text({
      default: 'auto',
      doc: 'Where audio comes from: `auto` is the device of `audio.device`, and outside the production profiles the bundled recording where there is no device',
      pattern: /^(?:(?:auto|stdin|silence)(?:\?.*)?|tone(?:[:?].*)?|(?:device|file):.+)$/s,
      accepts: 'one of auto, device:NAME, file:PATH, stdin, silence, tone',
    }),
    device: text({
      default: 'default',
      doc: 'Name of the input device that `audio.source=auto` opens, or `default`',
      pattern: /^[^\p{Cc}]{1,256}$/u,
      accepts: 'the name of a device, or default',
      alias: 'AUDIO_DEVICE',
    }),
    fallback_device: text({
      default: '',
      doc: 'Microphone that stands in while the one that was asked for is not there: a name, `any` for whichever there is, or empty for none; it gives way as soon as the other is back',
      pattern: /^[^\p{Cc}]{0,256}$/u,
      accepts: 'empty, any, or the name of a device',
    }),
    backends: list({
      default: BACKENDS,
      doc: "What devices are opened through, in the order in which it is tried: `parec` is PulseAudio and PipeWire, `portaudio` is ALSA through the optional package naudiodon, and alone where a device goes by ALSA's own name beside a sound server",
      pattern: new RegExp(`^(?:${BACKENDS.join('|')})$`),
      min: 1,
      max: BACKENDS.length,
      accepts: `a list of different backends of ${BACKENDS.join(', ')}`,
    }),
    ring_buffer_size_ms: integer({
      default: 4000,
      min: 1000,
      max: 60_000,
      doc: 'Audio that the ring keeps; when it is full the oldest is dropped, counted and reported',
    }),
    gain_control: flag({
      default: false,
      doc: 'Whether captured speech is brought to a level of its own, before anything hears it',
    }),
    gain_target: fraction({
      default: 0.5,
      min: 0.01,
      max: 0.9,
      doc: 'Level of the louder syllables under gain control, as a share of full scale',
    }),
    gain_min: fraction({
      default: 0.1,
      min: 0.01,
      max: 100,
      doc: 'Least factor of the gain control',
    }),
    gain_max: fraction({
      default: 10,
      min: 0.01,
      max: 100,
      doc: 'Greatest factor of the gain control',
    }),
  },
  pipeline: {
    activation: choice({
      default: 'wakeword',
      of: ['wakeword', 'always'],
      doc: 'Whether speech is recognised after the wake phrase only, or always',
    }),
    listening_window_ms: integer({
      default: 15_000,
      min: 1000,
      max: 120_000,
      doc: 'How long a wake phrase keeps the pipeline listening',
    }),
    wake_timeout_ms: integer({
      default: 5000,
      min: 500,
      max: 60_000,
      doc: 'How long after the wake phrase speech must begin, or listening ends',
    }),
    max_utterance_ms: integer({
      default: 28_000,
      min: 2000,
      max: 30_000,
      doc: 'Longest utterance; a longer one is cut there and goes on as another',
    }),
    partial_interval_ms: integer({
      default: 320,
      min: 100,
      max: 5000,
      doc: 'Shortest time between two partial transcripts of an utterance',
    }),
    partials: flag({
      default: true,
      doc: 'Whether partial transcripts are recognised and published',
    }),
  },
  wakeword: {
    engine: choice({
      default: 'openwakeword',
      of: ['openwakeword', 'phrase'],
      doc: '`openwakeword` hears the phrase in the audio (its models are for non-commercial use); `phrase` finds it in recognised text',
    }),
    phrases: list({
      default: ['hey_jarvis'],
      pattern: /^[\p{L}\p{N}][\p{L}\p{N}' _-]{1,63}$/u,
      min: 1,
      max: 8,
      accepts: 'a list of 1 to 8 different phrases, of letters, digits and spaces',
      doc: `Wake phrases; openwakeword knows ${OPENWAKEWORD_PHRASES.join(', ')}, phrase any words (an underscore is a space)`,
    }),
    sensitivity: fraction({
      default: 0.55,
      min: 0.05,
      max: 0.95,
      doc: 'How readily openwakeword fires: it needs a score of 1 minus this value',
    }),
    cooldown_ms: integer({
      default: 500,
      min: 0,
      max: 10_000,
      doc: 'How long after a wake phrase another is ignored',
    }),
    pre_roll_ms: integer({
      default: 240,
      min: 0,
      max: 2000,
      doc: 'Audio before the first sign of speech that is taken from the ring, for the onset of the first word',
    }),
    model_path: fixed('', {
      doc: 'A wake word model of your own (v1)',
      because: 'models of your own cannot be loaded; wakeword.phrases chooses a bundled one',
    }),
  },
  preprocess: {
    vad_aggressiveness: integer({
      default: 2,
      min: 0,
      max: 3,
      doc: 'How much is taken for noise: speech needs a probability of 0.35, 0.45, 0.5 or 0.65',
    }),
    min_speech_ms: integer({
      default: 96,
      min: 32,
      max: 2000,
      doc: 'Speech that an utterance takes; less is a click, and is given up',
    }),
    hangover_ms: integer({
      default: 384,
      min: 128,
      max: 2000,
      doc: 'Silence that ends an utterance',
    }),
    pause_ms: integer({
      default: 192,
      min: 32,
      max: 2000,
      doc: 'Silence after which the text is recognised ahead, so that it is ready when the hangover is over',
    }),
    denoise: flag({
      default: false,
      doc: 'Whether noise is taken out of the published audio (`output.audio`); the recogniser always hears what was captured',
    }),
  },
  stt: {
    model_name: choice({
      default: 'moonshine-tiny',
      of: ['moonshine-tiny'],
      doc: 'The recogniser, for English only',
    }),
    model_path: text({
      default: '',
      pattern: /^[^\0]{0,4096}$/,
      accepts: 'empty, or the path of a folder',
      doc: 'Folder of another export of the same family of models; empty for the installed one, whose digests are pinned',
    }),
    compute_dtype: fixed('int8', {
      doc: 'Number format of the weights',
      because: 'the installed weights are quantized to int8',
    }),
    beam_size: fixed(1, {
      doc: 'Hypotheses that the recogniser follows',
      because: 'the recogniser decodes greedily',
    }),
    device: fixed('cpu', {
      doc: 'Where the recogniser runs',
      because: 'only the CPU provider is there',
    }),
    max_pending: integer({
      default: 4,
      min: 1,
      max: 64,
      doc: 'Requests that may wait for the recogniser process',
    }),
  },
  language: {
    detect: flag({
      default: true,
      doc: 'Whether the language of the text is named; otherwise it is `und`',
    }),
    sentiment: flag({
      default: true,
      doc: 'Whether the sentiment of English text is named; otherwise it is null',
    }),
    deadline_ms: integer({
      default: 20,
      min: 1,
      max: 1000,
      doc: 'How long a transcript waits for its language before it goes out as `und`',
    }),
  },
  output: {
    host: text({
      ...HOST,
      default: '127.0.0.1',
      doc: 'Address that ZeroMQ and WebSocket listen on',
    }),
    zmq_pub_port_events: port({ default: 6552, doc: 'ZeroMQ PUB port of the events' }),
    zmq_pub_port_transcripts: port({ default: 6553, doc: 'ZeroMQ PUB port of the transcripts' }),
    audio: flag({
      default: false,
      doc: 'Whether all captured audio is published too, raw, over ZeroMQ',
    }),
    zmq_pub_port_audio: port({
      default: 6555,
      doc: 'ZeroMQ PUB port of the audio; open only with `output.audio`',
    }),
    websocket_port: port({ default: 5802, doc: 'WebSocket and HTTP port' }),
    heartbeat_interval_ms: integer({
      default: 30_000,
      min: 100,
      max: 600_000,
      doc: 'Time between two heartbeats on a WebSocket',
    }),
    max_websocket_clients: integer({
      default: 64,
      min: 1,
      max: 1024,
      doc: 'WebSocket clients at a time; one more is refused',
    }),
    allowed_origins: list({
      default: [],
      pattern:
        /^https?:\/\/[A-Za-z0-9_.-]{1,253}(?::\d{1,5})?$|^https?:\/\/\[[0-9a-f:]+\](?::\d{1,5})?$/,
      min: 0,
      max: 64,
      accepts: 'a list of up to 64 different origins such as http://localhost:3000',
      doc: 'Origins of web pages that may connect beside those that this machine serves; a client that is no browser has none and may connect',
    }),
  },
  resilience: {
    shutdown_ms: integer({
      default: 5000,
      min: 500,
      max: 60_000,
      doc: 'Time in which a shutdown must have drained and ended everything',
    }),
    watchdog_ms: integer({
      default: 10_000,
      min: 0,
      max: 600_000,
      doc: 'How long the event loop may be blocked before the watchdog kills the process; 0 never ends it, and a block is reported all the same',
    }),
    bulkhead: {
      max_queue_size: integer({
        default: 32,
        min: 1,
        max: 256,
        doc: 'Ended utterances that may wait for their text; one too many is given up, counted and reported',
      }),
    },
  },
  cluster: {
    instance: text({
      default: 'rtap',
      pattern: /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/,
      accepts: 'a name of up to 64 letters, digits, dots, dashes and underscores',
      doc: 'Name of this daemon, in every message',
    }),
    state_directory: text({
      default: '',
      pattern: /^[^\0]{0,4096}$/,
      accepts: 'empty, or the path of a folder',
      doc: 'Folder for what must outlive the process; empty for `$XDG_STATE_HOME/rtap`, which is `~/.local/state/rtap` unless set',
    }),
  },
  admin: {
    host: text({
      ...HOST,
      default: '127.0.0.1',
      doc: 'Address that the admin port listens on',
    }),
    port: port({ default: 8080, doc: 'HTTP port of health, metrics and status' }),
  },
  telemetry: {
    log_level: {
      ...choice({
        default: 'info',
        of: ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
        doc: 'Least level that is logged',
        alias: 'RTAP_LOG_LEVEL',
      }),
      mapped: {
        DEBUG: 'debug',
        INFO: 'info',
        WARNING: 'warn',
        ERROR: 'error',
        CRITICAL: 'fatal',
      },
    },
    log_text: flag({
      default: false,
      doc: 'Whether logs contain what was said; otherwise its length stands for it',
    }),
  },
} as const;

type Values<S> = {
  readonly [K in keyof S]: S[K] extends { readonly format: unknown; readonly default: infer D }
    ? D
    : Values<S[K]>;
};

/** The effective configuration: every key of {@link schema} with its type, frozen all the way down. */
export type RtapConfig = Values<typeof schema>;

/** A key with its dotted path and the environment variable that sets it. */
export interface Key {
  readonly path: string;
  readonly variable: string;
  readonly leaf: Leaf<unknown>;
}

function isLeaf(node: object): node is Leaf<unknown> {
  return 'format' in node;
}

function keysUnder(node: object, prefix: string): Key[] {
  return Object.entries(node).flatMap(([name, child]: [string, object]) => {
    const path = prefix === '' ? name : `${prefix}.${name}`;
    if (!isLeaf(child)) return keysUnder(child, path);
    return [{ path, variable: `RTAP_${path.toUpperCase().replaceAll('.', '_')}`, leaf: child }];
  });
}

/** Every key by its dotted path, in the schema's order. */
export const KEYS: ReadonlyMap<string, Key> = new Map(
  keysUnder(schema, '').map((key) => [key.path, key]),
);

/** The dotted path of everything that holds keys. */
export const SECTIONS: ReadonlySet<string> = new Set(
  [...KEYS.keys()].flatMap((path) => {
    const parts = path.split('.');
    return parts.slice(0, -1).map((_, index) => parts.slice(0, index + 1).join('.'));
  }),
);
