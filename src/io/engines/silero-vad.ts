import * as ort from 'onnxruntime-node';
import { RtapError } from '../../domain/errors.ts';
import { readClip } from './clip.ts';
import type { Engine, EngineOptions } from './engine-protocol.ts';
import { booleanIn, samplesIn } from './payload.ts';
import { PROVIDER, createSession, floatsOf } from './session.ts';
import { WEIGHTS, readWeights } from './weights.ts';

const HOP_SAMPLES = 512;
/** The model wants the end of the hop before in front of each hop; without it, it answers about 0 for ever. */
const CONTEXT_SAMPLES = 64;
const STATE_SHAPE = [2, 1, 128];

/** Silero VAD: the probability of speech in each hop of 32 ms. */
export async function loadSileroVad(options: EngineOptions['vad']): Promise<Engine<'vad'>> {
  const weight = WEIGHTS.find(({ engine }) => engine === 'vad');
  if (weight === undefined) throw new RtapError('ENGINE_NOT_FOUND', 'vad: no weights are pinned');
  const weights = readWeights(weight, options.weightsDirectory);
  const session = await createSession(weights);
  const rate = new ort.Tensor('int64', BigInt64Array.of(16_000n), []);
  const input = new Float32Array(CONTEXT_SAMPLES + HOP_SAMPLES);
  let state = emptyState();

  function emptyState(): ort.OnnxValue {
    return new ort.Tensor('float32', new Float32Array(256), STATE_SHAPE);
  }

  function reset(): void {
    state = emptyState();
    input.fill(0);
  }

  async function step(hops: Int16Array, from: number): Promise<number> {
    input.copyWithin(0, HOP_SAMPLES);
    for (let index = 0; index < HOP_SAMPLES; index += 1) {
      input[CONTEXT_SAMPLES + index] = (hops[from + index] ?? 0) / 32_768;
    }
    const outputs = await session.run({
      input: new ort.Tensor('float32', input, [1, input.length]),
      sr: rate,
      state,
    });
    const next = outputs['stateN'];
    if (next === undefined) throw new Error('the model gives no state');
    state = next;
    return floatsOf(outputs, 'output')[0] ?? 0;
  }

  async function probabilitiesOf(hops: Int16Array): Promise<number[]> {
    const probabilities: number[] = [];
    for (let from = 0; from + HOP_SAMPLES <= hops.length; from += HOP_SAMPLES) {
      probabilities.push(await step(hops, from));
    }
    return probabilities;
  }

  return {
    identity: {
      name: 'silero-vad',
      model: 'silero-vad',
      digest: weights.sha256,
      provider: PROVIDER,
    },
    warmUp: async () => {
      reset();
      const speech = Math.max(...(await probabilitiesOf(readClip('hey_jarvis'))));
      reset();
      const silence = Math.max(...(await probabilitiesOf(new Int16Array(16 * HOP_SAMPLES))));
      reset();
      if (speech > 0.9 && silence < 0.2) return;
      throw new RtapError(
        'ENGINE_WRONG_ANSWER',
        `vad: known speech scored ${speech.toFixed(2)} and silence ${silence.toFixed(2)}`,
        { speech, silence },
      );
    },
    run: async (payload) => {
      const hops = samplesIn(payload, 'hops', HOP_SAMPLES);
      if (booleanIn(payload, 'reset')) reset();
      return { probabilities: await probabilitiesOf(hops) };
    },
  };
}
