import * as ort from 'onnxruntime-node';
import { RtapError } from '../../domain/errors.ts';
import { readClip } from './clip.ts';
import type { Engine, EngineOptions } from './engine-protocol.ts';
import { booleanIn, samplesIn } from './payload.ts';
import { PROVIDER, createSession, floatsOf } from './session.ts';
import { WEIGHTS, combinedDigest, readWeights } from './weights.ts';
import type { LoadedWeights } from './weights.ts';

const CHUNK_SAMPLES = 1280;
/** The spectrogram of a chunk needs what came before it; without, the phrase is missed. */
const CONTEXT_SAMPLES = 480;
const MEL_BANDS = 32;
const MEL_FRAMES = 76;
const EMBEDDING_SIZE = 96;
const WINDOW = 16;
/** Until the windows hold real audio, the heads are not asked. */
const WARM_CHUNKS = 5;

interface Head {
  readonly phrase: string;
  readonly session: ort.InferenceSession;
}

/** openWakeWord: a score for each phrase and chunk of 80 ms. */
export async function loadOpenWakeWord(
  options: EngineOptions['wakeword'],
): Promise<Engine<'wakeword'>> {
  if (options.phrases.length === 0)
    throw new RtapError('ENGINE_LOAD', 'wakeword: no phrase is set');
  const files: LoadedWeights[] = [];
  async function open(phrase: string | null, part: string): Promise<ort.InferenceSession> {
    const weight = WEIGHTS.find(
      (one) => one.engine === 'wakeword' && one.phrase === phrase && one.file.includes(part),
    );
    if (weight === undefined) {
      throw new RtapError('ENGINE_NOT_FOUND', `wakeword: there is no model of ${phrase ?? part}`, {
        phrase,
      });
    }
    const weights = readWeights(weight, options.weightsDirectory);
    files.push(weights);
    return createSession(weights);
  }

  const mel = await open(null, 'melspectrogram');
  const embedding = await open(null, 'embedding');
  const heads: Head[] = [];
  for (const phrase of options.phrases) heads.push({ phrase, session: await open(phrase, phrase) });

  const audio = new Float32Array(CONTEXT_SAMPLES + CHUNK_SAMPLES);
  const spectrogram = new Float32Array(MEL_FRAMES * MEL_BANDS);
  const embeddings = new Float32Array(WINDOW * EMBEDDING_SIZE);
  let chunks = 0;

  function reset(): void {
    audio.fill(0);
    spectrogram.fill(1);
    embeddings.fill(0);
    chunks = 0;
  }

  /** Each buffer forgets its oldest rows and takes the new ones at its end. */
  async function step(samples: Int16Array, from: number): Promise<Record<string, number>> {
    audio.copyWithin(0, CHUNK_SAMPLES);
    for (let index = 0; index < CHUNK_SAMPLES; index += 1) {
      audio[CONTEXT_SAMPLES + index] = samples[from + index] ?? 0;
    }
    const melOut = await mel.run({ input: new ort.Tensor('float32', audio, [1, audio.length]) });
    const rows = floatsOf(melOut, 'output').map((value) => value / 10 + 2);
    spectrogram.copyWithin(0, rows.length);
    spectrogram.set(rows, spectrogram.length - rows.length);
    const embeddingOut = await embedding.run({
      input_1: new ort.Tensor('float32', spectrogram, [1, MEL_FRAMES, MEL_BANDS, 1]),
    });
    embeddings.copyWithin(0, EMBEDDING_SIZE);
    embeddings.set(floatsOf(embeddingOut, 'conv2d_19'), embeddings.length - EMBEDDING_SIZE);
    chunks += 1;
    const input = new ort.Tensor('float32', embeddings, [1, WINDOW, EMBEDDING_SIZE]);
    const scores: Record<string, number> = {};
    for (const { phrase, session } of heads) {
      const [inputName, outputName] = [session.inputNames[0], session.outputNames[0]];
      if (inputName === undefined || outputName === undefined)
        throw new Error(`${phrase}: bad head`);
      const outputs = await session.run({ [inputName]: input });
      const score = floatsOf(outputs, outputName)[0] ?? 0;
      scores[phrase] = chunks < WARM_CHUNKS ? 0 : score;
    }
    return scores;
  }

  async function scoresOf(samples: Int16Array): Promise<Record<string, number>[]> {
    const scores: Record<string, number>[] = [];
    for (let from = 0; from + CHUNK_SAMPLES <= samples.length; from += CHUNK_SAMPLES) {
      scores.push(await step(samples, from));
    }
    return scores;
  }

  /** The highest score of each phrase in a clip between two pauses. */
  async function highest(clip: string): Promise<(phrase: string) => number> {
    const samples = readClip(clip);
    const padded = new Int16Array(
      Math.ceil((samples.length + 12 * CHUNK_SAMPLES) / CHUNK_SAMPLES) * CHUNK_SAMPLES,
    );
    padded.set(samples, 8 * CHUNK_SAMPLES);
    reset();
    const scores = await scoresOf(padded);
    reset();
    return (phrase) => Math.max(...scores.map((byPhrase) => byPhrase[phrase] ?? 0));
  }

  return {
    identity: {
      name: 'openwakeword',
      model: options.phrases.join('+'),
      digest: combinedDigest(files),
      provider: PROVIDER,
    },
    warmUp: async () => {
      const other = await highest('command');
      for (const phrase of options.phrases) {
        const hit = (await highest(phrase))(phrase);
        const miss = other(phrase);
        if (hit > 0.5 && miss < 0.3) continue;
        throw new RtapError(
          'ENGINE_WRONG_ANSWER',
          `wakeword: the known ${phrase} scored ${hit.toFixed(2)} and other speech ${miss.toFixed(2)}`,
          { phrase, hit, miss },
        );
      }
    },
    run: async (payload) => {
      const samples = samplesIn(payload, 'chunks', CHUNK_SAMPLES);
      if (booleanIn(payload, 'reset')) reset();
      return { scores: await scoresOf(samples) };
    },
  };
}
