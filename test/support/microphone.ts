import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { EventMessage, Message, TranscriptMessage } from '../../src/domain/messages.ts';
import { VirtualCard } from '../../src/bench/virtual-card.ts';
import type { CardOptions } from '../../src/bench/virtual-card.ts';
import type { SampleStatus } from './accounted.ts';
import { DaemonProcess, Sandbox, childrenOf, clip, rtap } from './daemon.ts';
import type { CommandResult } from './daemon.ts';
import { PlainWebSocket, isEvent, isFinal } from './subscribers.ts';

export interface MicrophoneOptions {
  readonly card?: CardOptions;
  readonly source?: string;
  readonly set?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** What is done to the card before the daemon starts. */
  readonly before?: (card: VirtualCard) => Promise<void>;
}

/** A daemon that listens to a virtual card, and what its clients hear of it. */
export class Microphone {
  readonly sandbox = new Sandbox();
  readonly card: VirtualCard;
  readonly daemon: DaemonProcess;
  #webSocket: PlainWebSocket | undefined;
  /** What came before it has been asked for already. */
  #seen = 0;

  private constructor(
    card: VirtualCard,
    { source = 'device:mic', set = [], env = {} }: MicrophoneOptions,
  ) {
    this.card = card;
    this.daemon = new DaemonProcess(this.sandbox, {
      source,
      set,
      env: { ...card.environment, ...env },
    });
  }

  /** Resolves once clients can connect; the microphone may not be open by then. */
  static async start(options: MicrophoneOptions = {}): Promise<Microphone> {
    const card = await VirtualCard.start(options.card);
    await options.before?.(card);
    const microphone = new Microphone(card, options);
    const { stream = '' } = await microphone.daemon.addresses('websocket');
    microphone.#webSocket = new PlainWebSocket(stream);
    return microphone;
  }

  get messages(): readonly Message[] {
    return this.#socket.messages;
  }

  /** The next event of that type, of those that nobody has waited for yet. */
  async event(type: string): Promise<EventMessage> {
    return (await this.#next((message) => isEvent(message, type))) as EventMessage;
  }

  /** The next text, be it partial or final, that has these words in it. */
  async text(words: RegExp): Promise<TranscriptMessage> {
    const isMeant = (message: Message): boolean =>
      'kind' in message && words.test(message.transcript);
    return (await this.#next(isMeant)) as TranscriptMessage;
  }

  async final(): Promise<TranscriptMessage> {
    return (await this.#next(isFinal)) as TranscriptMessage;
  }

  /** Why the utterance ended where it did, or what became of it instead of a text. */
  async endOf(utteranceId: string): Promise<string> {
    const end = await this.#next((message) =>
      isEvent(message, 'utterance_discarded')
        ? message.metadata['utterance_id'] === utteranceId
        : isFinal(message) && message.utterance_id === utteranceId,
    );
    if (isFinal(end)) return String(end.decision?.reason);
    return isEvent(end) ? String(end.metadata['outcome']) : '';
  }

  /** Says the command, with its wake phrase, and returns its final. */
  async say(name = 'jarviscmd_am_michael'): Promise<TranscriptMessage> {
    await this.card.play(clip(name));
    return this.final();
  }

  /**
   * Once the daemon says that it is ready, says a clip and returns the text of its final; when the microphone is lost once
   * more meanwhile, again. Null when that happens every time.
   */
  async hearsAgain(name: string, tries: number): Promise<string | null> {
    for (let count = 0; count < tries; count += 1) {
      while ((await this.status()).state !== 'ready') await delay(50);
      const before = this.messages.length;
      await this.card.play(clip(name));
      const next = await this.#socket.until(
        (message) =>
          this.messages.indexOf(message) >= before &&
          (isFinal(message) || isEvent(message, 'device_lost')),
      );
      if (isFinal(next)) return next.transcript;
    }
    return null;
  }

  /** Runs a command beside the daemon. */
  command(...args: string[]): Promise<CommandResult> {
    return rtap(this.sandbox, args);
  }

  /** A metric without labels. */
  async metric(name: string): Promise<number> {
    const { admin = '' } = await this.daemon.addresses('admin');
    const text = await (await fetch(`${admin}/metrics`)).text();
    const [, value] = new RegExp(`^${name} (.+)$`, 'm').exec(text) ?? [];
    return Number(value);
  }

  async status(): Promise<{ readonly state: string; readonly samples: SampleStatus }> {
    const { code, stdout, stderr } = await this.command('status', '--json');
    if (code !== 0) throw new Error(stderr);
    return JSON.parse(stdout) as { state: string; samples: SampleStatus };
  }

  signalCaptures(signal: NodeJS.Signals): void {
    for (const pid of this.capturePids()) process.kill(pid, signal);
  }

  /** The processes that hold the device open. */
  capturePids(): number[] {
    return childrenOf(this.daemon.pid).filter((pid) => isCapture(pid));
  }

  async end(): Promise<void> {
    this.#webSocket?.close();
    this.daemon.signal('SIGKILL');
    await this.daemon.exited;
    await this.card.stop();
    this.sandbox.remove();
  }

  get #socket(): PlainWebSocket {
    if (this.#webSocket === undefined) throw new Error('nobody is connected yet');
    return this.#webSocket;
  }

  async #next(find: (message: Message) => boolean): Promise<Message> {
    const indexOf = (message: Message): number => this.messages.indexOf(message);
    const found = await this.#socket.until(
      (message) => find(message) && indexOf(message) >= this.#seen,
    );
    this.#seen = indexOf(found) + 1;
    return found;
  }
}

function isCapture(pid: number): boolean {
  try {
    return /^parec\0|portaudio-process/.test(readFileSync(`/proc/${String(pid)}/cmdline`, 'utf8'));
  } catch {
    return false;
  }
}
