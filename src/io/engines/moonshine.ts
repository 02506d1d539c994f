import { join } from 'node:path';
import llamaTokenizer from 'llama-tokenizer-js';
import * as ort from 'onnxruntime-node';
import { RtapError } from '../../domain/errors.ts';
import { SAMPLE_RATE_HZ } from '../../domain/pcm.ts';
import { readClip } from './clip.ts';
import type { Engine, EngineOptions, EngineResults } from './engine-protocol.ts';
import { samplesIn } from './payload.ts';
import { PROVIDER, createSession, floatsOf } from './session.ts';
import { WEIGHTS, combinedDigest, readFreely, readWeights } from './weights.ts';
import type { LoadedWeights } from './weights.ts';

const START_TOKEN = 1;
const END_TOKEN = 2;
/** Speech is never faster; what is longer is the model repeating itself. */
const MAX_TOKENS_PER_SECOND = 6.5;
/** The encoder's filters need about this much. */
const MIN_SAMPLES = SAMPLE_RATE_HZ / 10;
/** The memory for a request grows with its length, and the model was made for half a minute. */
const MAX_SAMPLES = 60 * SAMPLE_RATE_HZ;
/**
 * Now and then a word of its own ("stop", "no") is taken for silence, and is heard in the same audio without its first
 * 80 ms: 13 of 17 such words were. Silence, noise, hum and clicks stay empty.
 */
const SECOND_HEARING = {
  maxSamples: 2 * SAMPLE_RATE_HZ,
  skippedSamples: (8 * SAMPLE_RATE_HZ) / 100,
} as const;
const KNOWN_TEXT = 'turn on the kitchen lights';

type Cache = Record<string, ort.OnnxValue>;

interface CacheShape {
  readonly names: readonly string[];
  readonly heads: number;
  readonly size: number;
}

/** Moonshine: English speech to text, greedy, of samples as they are. */
export async function loadMoonshine(
  options: EngineOptions['recogniser'],
): Promise<Engine<'recogniser'>> {
  const files = readModel(options);
  const [encoderFile, decoderFile] = files;
  const encoder = await createSession(encoderFile);
  const decoder = await createSession(decoderFile);
  const shape = cacheShapeOf(decoder);

  function emptyCache(): Cache {
    return Object.fromEntries(
      shape.names.map((name) => [
        name,
        new ort.Tensor('float32', new Float32Array(0), [1, shape.heads, 0, shape.size]),
      ]),
    );
  }

  async function recognise(samples: Int16Array): Promise<EngineResults['recogniser']> {
    if (samples.length > MAX_SAMPLES) {
      throw new RtapError(
        'ENGINE_REQUEST',
        `recogniser: ${String(samples.length)} samples are more than the ${String(MAX_SAMPLES)} that it takes at once`,
      );
    }
    const first = await hear(samples);
    if (first.text !== '' || samples.length > SECOND_HEARING.maxSamples) return first;
    const second = await hear(samples.subarray(SECOND_HEARING.skippedSamples));
    return {
      ...second,
      encodeMs: first.encodeMs + second.encodeMs,
      decodeMs: first.decodeMs + second.decodeMs,
    };
  }

  async function hear(samples: Int16Array): Promise<EngineResults['recogniser']> {
    const nothing = { text: '', tokens: 0, confidence: 0, encodeMs: 0, decodeMs: 0 };
    if (samples.length < MIN_SAMPLES) return nothing;
    const startedAtMs = performance.now();
    const audio = Float32Array.from(samples, (sample) => sample / 32_768);
    const encoded = await encoder.run({
      input_values: new ort.Tensor('float32', audio, [1, audio.length]),
    });
    const hidden = encoded['last_hidden_state'];
    if (hidden === undefined) throw new Error('the encoder gives no hidden state');
    const encodedAtMs = performance.now();

    const maxTokens = Math.max(
      2,
      Math.ceil((samples.length / SAMPLE_RATE_HZ) * MAX_TOKENS_PER_SECOND),
    );
    const tokens: number[] = [];
    let logProbability = 0;
    let cache = emptyCache();
    let last = START_TOKEN;
    while (tokens.length < maxTokens) {
      const isFirst = tokens.length === 0;
      const outputs = await decoder.run({
        input_ids: new ort.Tensor('int64', BigInt64Array.of(BigInt(last)), [1, 1]),
        encoder_hidden_states: hidden,
        use_cache_branch: new ort.Tensor('bool', [!isFirst], [1]),
        ...cache,
      });
      const best = bestOf(floatsOf(outputs, 'logits'));
      if (best.token === END_TOKEN) break;
      tokens.push(best.token);
      logProbability += best.logProbability;
      last = best.token;
      cache = nextCache(cache, outputs, isFirst);
    }
    const text = textOf(tokens);
    return {
      text,
      tokens: tokens.length,
      confidence: text === '' ? 0 : Math.exp(logProbability / tokens.length),
      encodeMs: encodedAtMs - startedAtMs,
      decodeMs: performance.now() - encodedAtMs,
    };
  }

  return {
    identity: {
      name: 'moonshine',
      model: options.modelDirectory ?? 'moonshine-tiny',
      digest: combinedDigest(files),
      provider: PROVIDER,
    },
    warmUp: async () => {
      const { text } = await recognise(readClip('command'));
      if (text.toLowerCase().replace(/[^a-z ]/g, '') === KNOWN_TEXT) return;
      throw new RtapError(
        'ENGINE_WRONG_ANSWER',
        `recogniser: the known clip says "${KNOWN_TEXT}", but it was taken for "${text}"`,
      );
    },
    run: (payload) => recognise(samplesIn(payload, 'samples', 1)),
  };
}

function readModel(options: EngineOptions['recogniser']): [LoadedWeights, LoadedWeights] {
  const { modelDirectory, weightsDirectory } = options;
  if (modelDirectory !== undefined) {
    return [
      readFreely('recogniser', join(modelDirectory, 'encoder_model.onnx')),
      readFreely('recogniser', join(modelDirectory, 'decoder_model_merged.onnx')),
    ];
  }
  const [encoder, decoder] = WEIGHTS.filter(({ engine }) => engine === 'recogniser');
  if (encoder === undefined || decoder === undefined) {
    throw new RtapError('ENGINE_NOT_FOUND', 'recogniser: no weights are pinned');
  }
  return [readWeights(encoder, weightsDirectory), readWeights(decoder, weightsDirectory)];
}

/** Heads and their size as the decoder itself declares them, so that every size of the family fits. */
function cacheShapeOf(decoder: ort.InferenceSession): CacheShape {
  const inputs = decoder.inputMetadata.filter(({ name }) => name.startsWith('past_key_values.'));
  const [first] = inputs;
  const [, heads, , size] = first?.isTensor === true ? first.shape : [];
  if (typeof heads !== 'number' || typeof size !== 'number') {
    throw new RtapError('ENGINE_LOAD', 'recogniser: the decoder is none of the Moonshine family');
  }
  return { names: inputs.map(({ name }) => name), heads, size };
}

/** The encoder's half of the cache is made once, at the first step; the decoder's half grows with each. */
function nextCache(
  cache: Cache,
  outputs: ort.InferenceSession.OnnxValueMapType,
  isFirst: boolean,
): Cache {
  return Object.fromEntries(
    Object.entries(cache).map(([name, value]) => {
      if (!isFirst && name.includes('.encoder.')) return [name, value];
      const present = outputs[name.replace('past_key_values', 'present')];
      return [name, present ?? value];
    }),
  );
}

/** The model's vocabulary ends with markers that stand for no text, and that the tokenizer does not know. */
function textOf(tokens: readonly number[]): string {
  const spoken = tokens.filter((token) => token < llamaTokenizer.vocabById.length);
  return llamaTokenizer.decode([START_TOKEN, ...spoken]).trim();
}

function bestOf(logits: Float32Array): { token: number; logProbability: number } {
  let token = 0;
  let highest = -Infinity;
  for (let index = 0; index < logits.length; index += 1) {
    const logit = logits[index] ?? -Infinity;
    if (logit > highest) {
      highest = logit;
      token = index;
    }
  }
  let sum = 0;
  for (const logit of logits) sum += Math.exp(logit - highest);
  return { token, logProbability: -Math.log(sum) };
}
