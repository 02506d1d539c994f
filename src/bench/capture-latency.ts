import { setTimeout as delay } from 'node:timers/promises';
import type { HeardMicrophone } from './capture-stream.ts';
import type { VirtualCard } from './virtual-card.ts';

/** Asked of the sound server for the playback: a part of every latency, and the same for all backends. */
export const PLAYBACK_LATENCY_MS = 10;

/** A tone, far above the noise of the microphone, and longer than what the server waits for before it plays. */
const CLICK_HZ = 1_000;
const CLICK_MS = 30;
const CLICK_AMPLITUDE = 8_000;
const CLICK_RATE_HZ = 48_000;
const HEARD_AMPLITUDE = 1_500;

/** Long enough for a click to be over; uneven, so that no two fall alike into the frames. */
const PAUSE_MS = 180;
const UNEVEN_MS = 20;
const GOLDEN = 0.618_033_988_75;
const DEADLINE_MS = 2_000;
/** While the player connects to the server. */
const WARM_UP_CLICKS = 3;

/** Plays clicks, one after the other, and returns the milliseconds from when each was handed over to the frame that begins it. */
export async function measureLatency(
  card: VirtualCard,
  microphone: HeardMicrophone,
  clicks: number,
): Promise<number[]> {
  const click = clickBytes();
  const speaker = card.speaker(CLICK_RATE_HZ, PLAYBACK_LATENCY_MS);
  const latencies: number[] = [];
  try {
    for (let index = -WARM_UP_CLICKS; index < clicks; index += 1) {
      const startedMs = performance.now();
      speaker.pipe(0)?.write(click);
      const heardMs = await heard(microphone);
      if (index >= 0) latencies.push(heardMs - startedMs);
      await delay(PAUSE_MS + UNEVEN_MS * (((index + WARM_UP_CLICKS) * GOLDEN) % 1));
    }
  } finally {
    await speaker.kill();
  }
  return latencies;
}

/** When the frame comes in which a click begins. */
async function heard(microphone: HeardMicrophone): Promise<number> {
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise((resolve, reject) => {
      microphone.listen(({ samples, atMs }) => {
        if (samples.some((sample) => sample > HEARD_AMPLITUDE)) resolve(atMs);
      });
      timer = setTimeout(() => {
        microphone.check();
        reject(new Error(`a click was not heard within ${String(DEADLINE_MS)} ms`));
      }, DEADLINE_MS);
    });
  } finally {
    clearTimeout(timer);
  }
}

function clickBytes(): Uint8Array {
  const samples = Int16Array.from({ length: (CLICK_RATE_HZ * CLICK_MS) / 1_000 }, (_, index) =>
    Math.round(CLICK_AMPLITUDE * Math.sin((2 * Math.PI * CLICK_HZ * index) / CLICK_RATE_HZ)),
  );
  return new Uint8Array(samples.buffer);
}
