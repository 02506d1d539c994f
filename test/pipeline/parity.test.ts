import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { TranscriptMessage } from '../../src/domain/messages.ts';
import { DaemonProcess, LIVENESS_MS, ROOT, Sandbox, clip, rtap } from '../support/daemon.ts';
import { PlainWebSocket, isEvent, isFinal } from '../support/subscribers.ts';
import { wordErrors } from '../support/word-errors.ts';

interface Clip {
  readonly file: string;
  readonly kind: string;
  readonly text: string | null;
}

const INDEX = JSON.parse(
  readFileSync(join(ROOT, 'test/fixtures/audio/index.json'), 'utf8'),
) as Clip[];

const JFK =
  'and so my fellow americans ask not what your country can do for you ask what you can do for your country';

async function textOf(sandbox: Sandbox, files: readonly string[]): Promise<Map<string, string[]>> {
  const { code, stdout, stderr } = await rtap(sandbox, ['transcribe', '--json', ...files]);
  expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
  const texts = new Map<string, string[]>(files.map((file) => [file, []]));
  for (const line of stdout.trim().split('\n')) {
    const { file, transcript } = JSON.parse(line) as TranscriptMessage & { file: string };
    texts.get(file)?.push(transcript);
  }
  return texts;
}

describe('rtap transcribe', function () {
  this.timeout(3 * LIVENESS_MS);
  const sandbox = new Sandbox();
  after(() => {
    sandbox.remove();
  });

  it('gives the words of 15 synthetic commands, with at most 4 % of them wrong', async () => {
    const commands = INDEX.filter(({ kind }) => kind === 'cmd');
    const files = commands.map(({ file }) => join(ROOT, 'test/fixtures/audio', file));
    const texts = await textOf(sandbox, files);
    const scores = commands.map(({ text }, index) =>
      wordErrors(text ?? '', (texts.get(files[index] ?? '') ?? []).join(' ')),
    );
    const errors = scores.reduce((sum, score) => sum + score.errors, 0);
    const words = scores.reduce((sum, score) => sum + score.words, 0);
    expect(words).to.be.greaterThan(120);
    expect(errors / words, [...texts.values()].join('\n')).to.be.at.most(0.04);
  });

  it('gives the words of a human voice, with at most 5 % of them wrong', async () => {
    const texts = await textOf(sandbox, [clip('jfk')]);
    const { errors, words } = wordErrors(JFK, (texts.get(clip('jfk')) ?? []).join(' '));
    expect(errors / words, [...texts.values()].join('\n')).to.be.at.most(0.05);
  });

  it('reads a WAV file from standard input', async () => {
    const { code, stdout } = await rtap(
      sandbox,
      ['transcribe', '-'],
      readFileSync(clip('cmd0_af_heart')),
    );
    expect({ code, stdout }).to.deep.equal({ code: 0, stdout: 'Turn on the kitchen lights.\n' });
  });

  it('gives the same finals as the daemon gives in real time', async () => {
    const file = clip('jfk');
    const daemon = new DaemonProcess(sandbox, {
      source: `file:${file}`,
      set: ['pipeline.activation=always'],
    });
    const webSocket = new PlainWebSocket((await daemon.addresses('websocket'))['stream'] ?? '');
    await webSocket.until((message) => isEvent(message, 'source_ended'));
    const live = webSocket.messages.filter(isFinal).map(({ transcript }) => transcript);
    webSocket.close();
    expect(await daemon.stop()).to.deep.equal({ code: 0, signal: null });
    // What was said is nobody's business but the subscribers'.
    expect(JSON.stringify(daemon.lines)).to.not.match(/country|americans/i);
    const atOnce = await textOf(sandbox, [file]);
    expect(live).to.deep.equal(atOnce.get(file));
    expect(live.length).to.be.greaterThan(0);
  });
});
