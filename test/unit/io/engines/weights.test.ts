import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { expect } from 'chai';
import {
  WEIGHTS,
  readFreely,
  readWeights,
  weightPath,
} from '../../../../src/io/engines/weights.ts';
import { rejection, startEngine } from './running-engine.ts';

const RECOGNISER = WEIGHTS.filter(({ engine }) => engine === 'recogniser');

describe('weights', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'rtap-weights-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  /** Copies an engine's files, one of them with a byte turned over. */
  function copyWithFlippedByte(engine: string, flipped: string): string {
    for (const weight of WEIGHTS.filter((one) => one.engine === engine)) {
      copyFileSync(weightPath(weight), join(folder, basename(weight.file)));
    }
    const path = join(folder, flipped);
    const bytes = readFileSync(path);
    const middle = bytes.length >> 1;
    bytes[middle] = (bytes[middle] ?? 0) ^ 0xff;
    writeFileSync(path, bytes);
    return path;
  }

  for (const weight of WEIGHTS) {
    it(`finds ${weight.packageName}/${weight.file} as it is pinned`, () => {
      const { content, path, sha256 } = readWeights(weight);
      expect({ bytes: content.length, sha256 }).to.deep.equal({
        bytes: weight.bytes,
        sha256: weight.sha256,
      });
      expect(path).to.include(weight.packageName);
      const root = path.slice(0, path.lastIndexOf(weight.file));
      const installed = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as object;
      expect(installed).to.include({ name: weight.packageName, version: weight.version });
    });
  }

  it('names the licence of the wake phrases, which forbids commerce', () => {
    const licences = WEIGHTS.filter(({ phrase }) => phrase !== null).map(({ licence }) => licence);
    expect(licences).to.deep.equal(new Array(4).fill('CC BY-NC-SA 4.0'));
  });

  it('refuses a package that is not installed, by its name', () => {
    const [weight] = WEIGHTS;
    if (weight === undefined) throw new Error('there are no weights');
    expect(() => weightPath({ ...weight, packageName: 'no-such-package' }))
      .to.throw(/no-such-package is not installed/)
      .with.property('code', 'ENGINE_NOT_FOUND');
    expect(() => readFreely('vad', join(folder, 'none.onnx')))
      .to.throw(/none\.onnx/)
      .with.property('code', 'ENGINE_NOT_FOUND');
  });

  for (const [engine, options, flipped] of [
    ['vad', {}, 'silero_vad.onnx'],
    ['wakeword', { phrases: ['alexa'] }, 'alexa_v0.1.onnx'],
    ['recogniser', {}, 'decoder_model_merged.onnx'],
  ] as const) {
    it(`refuses to start ${engine} with a byte of ${flipped} turned over`, async () => {
      const path = copyWithFlippedByte(engine, flipped);
      const error = await rejection(startEngine(engine, { ...options, weightsDirectory: folder }));
      expect(error.code).to.equal('ENGINE_DIGEST');
      expect(error.message)
        .to.include(path)
        .and.match(/[0-9a-f]{64}, not [0-9a-f]{64}/);
    });
  }

  it('takes a model folder of your own, and says what its digest is', async () => {
    for (const weight of RECOGNISER) {
      copyFileSync(weightPath(weight), join(folder, basename(weight.file)));
    }
    const pinned = await startEngine('recogniser', {});
    const own = await startEngine('recogniser', { modelDirectory: folder });
    const [expected, actual] = [await pinned.told('ready'), await own.told('ready')];
    await Promise.all([pinned.process.stop(1_000), own.process.stop(1_000)]);
    expect(actual.identity.model).to.equal(folder);
    expect(actual.identity.digest).to.equal(expected.identity.digest);
  });

  it('refuses a model folder that holds no model, or one of another family', async () => {
    const empty = await rejection(startEngine('recogniser', { modelDirectory: folder }));
    expect(empty.code).to.equal('ENGINE_NOT_FOUND');
    expect(empty.message).to.include(join(folder, 'encoder_model.onnx'));

    writeFileSync(join(folder, 'encoder_model.onnx'), 'no model');
    writeFileSync(join(folder, 'decoder_model_merged.onnx'), 'no model');
    const garbage = await rejection(startEngine('recogniser', { modelDirectory: folder }));
    expect(garbage.code).to.equal('ENGINE_LOAD');

    const vad = WEIGHTS.find(({ engine }) => engine === 'vad');
    if (vad === undefined) throw new Error('there are no weights of vad');
    for (const name of ['encoder_model.onnx', 'decoder_model_merged.onnx']) {
      copyFileSync(weightPath(vad), join(folder, name));
    }
    const other = await rejection(startEngine('recogniser', { modelDirectory: folder }));
    expect(other.code).to.equal('ENGINE_LOAD');
    expect(other.message).to.include('none of the Moonshine family');
  });
});
