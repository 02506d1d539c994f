import { OwnedProcess } from '../io/processes/owned-process.ts';
import { SoundServer } from './sound-server.ts';

/** What kind of card is plugged in. */
export interface CardOptions {
  /** 48 kHz when left out. */
  readonly sampleRateHz?: number;
  /** 2 when left out. */
  readonly channels?: number;
  /** As PulseAudio names it; `s16le` when left out. */
  readonly format?: string;
  /** A microphone is never silent: it has white noise at about -70 dBFS, unless this is false. Then it gives zeros. */
  readonly noise?: boolean;
}

/** A stream that records, as the server sees it. */
export interface RecordStream {
  readonly pid: number;
  /** Null when it was pulled out from under the stream at this moment. */
  readonly source: string | null;
}

/** A microphone is a sink that nobody hears, whose monitor goes by the microphone's name. */
interface Jack {
  readonly sink: string;
  readonly source: string;
}

interface Plugged {
  /** The sink's; what depends on it goes with it. */
  readonly module: string;
  readonly noise: OwnedProcess | null;
}

const MIC: Jack = { sink: 'vcard', source: 'mic' };
const SPARE: Jack = { sink: 'other', source: 'spare' };

/** A uniform distribution has its RMS at -4.8 dBFS, and PulseAudio's volume is the cube root of the amplitude. */
const NOISE_VOLUME = Math.round(65_536 * 10 ** ((-70 + 4.77) / 60));
/** All of the noise is in the band that speech is heard in. */
const NOISE_RATE_HZ = 16_000;

/** Longer than any sound that is played here. */
const PLAY_DEADLINE_MS = 1_800_000;

/** How many streams a source takes; PulseAudio's PA_MAX_OUTPUTS_PER_SOURCE. */
const MAX_STREAMS = 256;
/** Where the streams that hold the places lead to: suspended, it keeps them from costing anything. */
const HOLE = 'busy';
const HOLD_ONE_PLACE = `load-module module-loopback source=${MIC.source} sink=${HOLE} source_dont_move=1 sink_dont_move=1 adjust_time=0`;

/**
 * Owns a sound server of its own with one microphone called `mic`, without a kernel driver or a session, and every way to
 * lose it. A method resolves when the server has done what it says, and rejects within seconds when the server does not answer.
 *
 * Not guaranteed: real hardware's timing, and its errors. PulseAudio shares a source, so what is busy here is full.
 */
export class VirtualCard {
  readonly #server: SoundServer;
  readonly #plugged = new Map<Jack, Plugged>();
  #refuses = false;
  /** The module of {@link HOLE}. */
  #hole: string | null = null;
  #offeredMs = 0;

  private constructor(server: SoundServer) {
    this.#server = server;
  }

  /** A server with the microphone plugged in. */
  static async start(options: CardOptions = {}): Promise<VirtualCard> {
    const card = new VirtualCard(await SoundServer.create());
    try {
      await card.plug(options);
      return card;
    } catch (thrown) {
      await card.stop();
      throw thrown;
    }
  }

  /** By these variables clients find it. */
  get environment(): Readonly<Record<'PULSE_SERVER' | 'ALSA_CONFIG_PATH', string>> {
    return this.#server.environment;
  }

  /** The server's; null when it does not run. */
  get pid(): number | null {
    return this.#server.pid;
  }

  /**
   * When the server was last handed a microphone, on the monotonic clock: right before it could list one, and a few
   * milliseconds before `plug` has seen that it does.
   */
  get offeredMs(): number {
    return this.#offeredMs;
  }

  /** Ends all of it, also when the server is frozen or dead; leaves no process, and no folder. */
  async stop(): Promise<void> {
    await this.#killNoise();
    await this.#server.remove();
  }

  /** Puts the card with the microphone in; it is the default source. */
  async plug(options: CardOptions = {}): Promise<void> {
    if (this.#refuses) await this.#openHole();
    await this.#plug(MIC, options, [
      `set-default-source ${MIC.source}`,
      ...(this.#refuses ? holdAllPlaces() : []),
    ]);
  }

  /** Pulls it out. A stream on it ends, or goes on from `spare` when that is there, and comes back when `mic` does. */
  async unplug(): Promise<void> {
    // It would be taken for another microphone.
    await this.#closeHole();
    await this.#unplug(MIC);
  }

  /** Puts in another microphone, `spare`, to which the server silently moves streams when `mic` goes. */
  second(options: CardOptions = {}): Promise<void> {
    return this.#plug(SPARE, options, []);
  }

  removeSecond(): Promise<void> {
    return this.#unplug(SPARE);
  }

  /** Speaks a WAV file into the microphone; resolves when it has been played, and rejects when the microphone goes before. */
  async play(path: string): Promise<void> {
    await this.#server.run('paplay', [`--device=${MIC.sink}`, path], PLAY_DEADLINE_MS);
  }

  /** A process that plays what is written to its input into the microphone, 16-bit mono, as soon as it comes. */
  speaker(sampleRateHz: number, latencyMs: number): OwnedProcess {
    const stream = ['--format=s16le', `--rate=${String(sampleRateHz)}`, '--channels=1'];
    return new OwnedProcess(
      {
        command: 'pacat',
        args: [
          ...['--playback', '--raw', ...stream],
          ...[`--latency-msec=${String(latencyMs)}`, `--device=${MIC.sink}`],
        ],
        env: this.#server.clientEnvironment,
        stdin: 'pipe',
      },
      () => undefined,
    );
  }

  /** Nothing comes from it any more, yet it is listed, and can be opened. */
  async suspend(): Promise<void> {
    await this.#server.pactl('suspend-source', MIC.source, '1');
  }

  async resume(): Promise<void> {
    await this.#server.pactl('suspend-source', MIC.source, '0');
  }

  /**
   * From now on the microphone is busy, also after it was unplugged and plugged: a client that opens it is refused at once
   * (`Stream error: Too large`). Streams that are on it go on, and one that ends leaves its place to the next.
   */
  async refuse(): Promise<void> {
    this.#refuses = true;
    if (!this.#plugged.has(MIC) || this.#hole !== null) return;
    await this.#openHole();
    await this.#server.execute(holdAllPlaces());
    await this.#server.until('a full microphone', async () => {
      const [source] =
        (await this.#server.list('sources')).find(([, name]) => name === MIC.source) ?? [];
      const streams = await this.#server.list('source-outputs');
      return streams.filter(([, of]) => of === source).length === MAX_STREAMS;
    });
  }

  /** It can be opened again. */
  async accept(): Promise<void> {
    this.#refuses = false;
    await this.#closeHole();
  }

  /** The server stops answering, and nothing comes from it. */
  freeze(): Promise<void> {
    return this.#server.freeze();
  }

  thaw(): Promise<void> {
    return this.#server.thaw();
  }

  /** The server dies by SIGKILL, and every microphone with it. */
  async kill(): Promise<void> {
    await this.#server.kill();
    await this.#killNoise();
    this.#plugged.clear();
    this.#hole = null;
  }

  /** Starts it again, without a microphone. */
  startServer(): Promise<void> {
    return this.#server.start();
  }

  /** The streams that processes record with. */
  async streams(): Promise<RecordStream[]> {
    const sources = await this.#server.list('sources');
    const json = await this.#server.pactl('-f', 'json', 'list', 'source-outputs');
    return (JSON.parse(json) as SourceOutput[]).flatMap(({ source, properties }) => {
      const pid = properties['application.process.id'];
      if (pid === undefined) return [];
      const name = sources.find(([index]) => index === String(source))?.[1] ?? null;
      return [{ pid: Number(pid), source: name }];
    });
  }

  /** The names of the sources, monitors among them. */
  async sources(): Promise<string[]> {
    return (await this.#server.list('sources')).flatMap(([, name]) => name ?? []);
  }

  /** In this order: the first sample that the microphone ever gives has noise in it. */
  async #plug(
    jack: Jack,
    { sampleRateHz = 48_000, channels = 2, format = 's16le', noise = true }: CardOptions,
    commands: readonly string[],
  ): Promise<void> {
    const { sink, source } = jack;
    if (this.#plugged.has(jack)) throw new Error(`${source} is plugged in`);
    // norewinds: without it the first samples come after 1.7 s instead of 0.1 s.
    const shape = [`rate=${String(sampleRateHz)}`, `channels=${String(channels)}`, 'norewinds=1'];
    const module = await this.#load(
      'module-null-sink',
      `sink_name=${sink}`,
      `format=${format}`,
      ...shape,
    );
    const player = noise ? this.#hiss(sink) : null;
    this.#plugged.set(jack, { module, noise: player });
    if (noise) await this.#server.until('noise', () => this.#isRunning(sink));
    this.#offeredMs = performance.now();
    await this.#server.execute([
      `load-module module-remap-source master=${sink}.monitor source_name=${source} remix=no source_properties=device.description=${source}`,
      ...commands,
    ]);
    await this.#server.until(source, async () => (await this.sources()).includes(source));
  }

  async #unplug(jack: Jack): Promise<void> {
    const plugged = this.#plugged.get(jack);
    if (plugged === undefined) throw new Error(`${jack.source} is not plugged in`);
    await Promise.all([plugged.noise?.kill(), this.#server.pactl('unload-module', plugged.module)]);
    this.#plugged.delete(jack);
    await this.#server.until(
      `no ${jack.source}`,
      async () => !(await this.sources()).includes(jack.source),
    );
  }

  /** It needs neither a file nor anybody to feed it. */
  #hiss(sink: string): OwnedProcess {
    const stream = ['--format=s16le', `--rate=${String(NOISE_RATE_HZ)}`, '--channels=1'];
    const args = ['--playback', '--raw', ...stream, `--volume=${String(NOISE_VOLUME)}`];
    const env = this.#server.clientEnvironment;
    return new OwnedProcess(
      { command: 'pacat', args: [...args, `--device=${sink}`, '/dev/urandom'], env },
      () => undefined,
    );
  }

  async #isRunning(sink: string): Promise<boolean> {
    const sinks = await this.#server.list('sinks');
    return sinks.some(([, name, , , state]) => name === sink && state === 'RUNNING');
  }

  async #killNoise(): Promise<void> {
    await Promise.all([...this.#plugged.values()].map(async ({ noise }) => noise?.kill()));
  }

  async #openHole(): Promise<void> {
    this.#hole = await this.#load(
      'module-null-sink',
      `sink_name=${HOLE}`,
      'rate=8000',
      'channels=1',
    );
    await this.#server.pactl('suspend-sink', HOLE, '1');
  }

  /** The streams that lead to it end with it. */
  async #closeHole(): Promise<void> {
    if (this.#hole === null) return;
    await this.#server.pactl('unload-module', this.#hole);
    this.#hole = null;
    await this.#server.until('free places', async () =>
      (await this.#server.list('modules')).every(([, name]) => name !== 'module-loopback'),
    );
  }

  async #load(...args: string[]): Promise<string> {
    return (await this.#server.pactl('load-module', ...args)).trim();
  }
}

/** Of what `pactl` says about a stream. */
interface SourceOutput {
  readonly source: number;
  readonly properties: Readonly<Record<string, string>>;
}

function holdAllPlaces(): string[] {
  return new Array<string>(MAX_STREAMS).fill(HOLD_ONE_PLACE);
}
