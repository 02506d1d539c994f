import { VirtualCard } from '../../src/bench/virtual-card.ts';
import type { CardOptions } from '../../src/bench/virtual-card.ts';
import { prepareVirtualCard } from './virtual-card.ts';

/** A card whose server this process and its children talk to until `stop`; skips the tests where there can be none. */
export class OwnCard {
  readonly card: VirtualCard;
  readonly #outer: Record<string, string | undefined> = {};

  private constructor(card: VirtualCard) {
    this.card = card;
    for (const [name, value] of Object.entries(card.environment)) {
      this.#outer[name] = process.env[name];
      process.env[name] = value;
    }
  }

  static async start(test: Mocha.Context, options: CardOptions = {}): Promise<OwnCard> {
    requireSoundServer(test);
    return new OwnCard(await VirtualCard.start(options));
  }

  async stop(): Promise<void> {
    for (const [name, value] of Object.entries(this.#outer)) {
      if (value === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = value;
    }
    await this.card.stop();
  }
}

/** Installs a sound server, or skips the tests and says what is lacking. */
export function requireSoundServer(test: Mocha.Context): void {
  test.timeout(300_000);
  const lacking = prepareVirtualCard();
  if (lacking === undefined) return;
  process.stderr.write(`      not run on this machine, which lacks: ${lacking}\n`);
  test.skip();
}

/** PortAudio is optional: says what is lacking where it is, and null otherwise. */
export async function portAudioProblem(): Promise<string | null> {
  const { portAudioBackend } = await import('../../src/io/devices/portaudio-backend.ts');
  return portAudioBackend.problem() ?? (await portAudioBackend.list()).problem;
}
