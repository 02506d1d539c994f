import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { writeWav } from '../../src/audio/wav-writer.ts';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LIVENESS_MS, Sandbox, clip, rtap } from '../support/daemon.ts';

const HEADER_BYTES = 44;

/** Clips one after the other, with pauses in milliseconds between them. */
function timeline(...parts: readonly (string | number)[]): Uint8Array {
  const pieces = parts.map((part) => {
    if (typeof part === 'number') return new Int16Array(part * 16);
    const bytes = readFileSync(clip(part));
    return new Int16Array(
      bytes.buffer.slice(bytes.byteOffset + HEADER_BYTES, bytes.byteOffset + bytes.length),
    );
  });
  const all = new Int16Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return writeWav(all);
}

describe('activation', function () {
  this.timeout(LIVENESS_MS);
  const sandbox = new Sandbox();
  after(() => {
    sandbox.remove();
  });

  async function said(audio: Uint8Array, ...set: string[]): Promise<string[]> {
    const file = join(sandbox.folder, 'timeline.wav');
    writeFileSync(file, audio);
    const settings = ['pipeline.activation=wakeword', ...set].flatMap((one) => ['--set', one]);
    const { code, stdout, stderr } = await rtap(sandbox, ['transcribe', ...settings, file]);
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
    return stdout.split('\n').filter((line) => line !== '');
  }

  it('by wake word: nothing is published of what is said without the phrase', async () => {
    const audio = timeline(500, 'cmd1_bf_emma', 800, 'neg0_af_heart', 800, 'neg2_am_michael', 500);
    expect(await said(audio)).to.deep.equal([]);
  });

  it('by wake word: what follows the phrase at once, or after a pause, is published', async () => {
    const audio = timeline(
      ...[500, 'jarviscmd_bm_george', 9_000, 'hey_jarvis_bf_emma', 700, 'cmd2_am_michael', 500],
    );
    expect(await said(audio)).to.deep.equal([
      'Turn on the kitchen lights.',
      'Set a timer for 10 minutes.',
    ]);
  });

  it('by wake word: the listening window closes by itself', async () => {
    const audio = timeline(500, 'hey_jarvis_af_heart', 7_000, 'cmd2_am_michael', 500);
    expect(await said(audio)).to.deep.equal([]);
  });

  it('by wake word: what is said before the phrase in the same breath is not published', async () => {
    const audio = timeline(500, 'neg2_am_michael', 60, 'jarviscmd_am_michael', 500);
    expect(await said(audio)).to.deep.equal(['Turn on the kitchen lights.']);
  });

  it('by another wake word, and only by that', async () => {
    const audio = timeline(
      ...[500, 'alexa_am_michael', 400, 'cmd0_bm_george', 8_000, 'jarviscmd_af_heart', 500],
    );
    expect(await said(audio, 'wakeword.phrases=alexa')).to.deep.equal([
      'Turn on the kitchen lights.',
    ]);
  });

  it('by the phrase in the text, without a wake word model', async () => {
    const audio = timeline(
      ...[500, 'cmd1_bf_emma', 800, 'neg0_af_heart', 800, 'jarviscmd_am_michael', 700],
      ...['cmd2_am_michael', 500],
    );
    expect(await said(audio, 'wakeword.engine=phrase')).to.deep.equal([
      'Turn on the kitchen lights.',
      'Set a timer for 10 minutes.',
    ]);
  });

  it('always: everything that is said is published', async () => {
    const audio = timeline(500, 'cmd0_af_heart', 800, 'cmd2_am_michael', 500);
    expect(await said(audio, 'pipeline.activation=always')).to.deep.equal([
      'Turn on the kitchen lights.',
      'Set a timer for 10 minutes.',
    ]);
  });

  it('cuts speech without a pause at its longest, and loses none of it', async () => {
    const audio = timeline(300, 'cmd5_af_heart', 'cmd3_af_heart', 'cmd8_af_heart', 500);
    const texts = await said(audio, 'pipeline.activation=always', 'pipeline.max_utterance_ms=5000');
    expect(texts.length).to.be.greaterThan(1);
    expect(texts.join(' '))
      .to.match(/remind me to call/i)
      .and.match(/jazz/i)
      .and.match(/very happy/i);
  });
});
