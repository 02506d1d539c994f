import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { measureLevel } from '../../src/audio/level.ts';
import { writeWav } from '../../src/audio/wav-writer.ts';
import { AudioSubscriber } from '../support/audio-subscriber.ts';
import type { ReceivedAudio } from '../support/audio-subscriber.ts';
import { clipSamples } from '../support/clip-samples.ts';
import { DaemonProcess, LIVENESS_MS, Sandbox, clip, rtap } from '../support/daemon.ts';
import { mixed, noise } from '../support/noise.ts';
import { loadSchemas } from '../support/schemas.ts';
import { PlainSubscriber, isEvent, isFinal } from '../support/subscribers.ts';

const CLIP = 'jarviscmd_am_michael';
const PAUSE_SAMPLES = 24_000;

async function subscribed(daemon: DaemonProcess): Promise<AudioSubscriber> {
  return new AudioSubscriber((await daemon.addresses('audio'))['audio'] ?? '');
}

/** Frames that do not go on where the one before ended, in number or in position. */
function jumps(frames: readonly ReceivedAudio[]): ReceivedAudio[] {
  return frames.filter(({ header }, index) => {
    const before = frames[index - 1]?.header;
    if (before === undefined) return false;
    return (
      header.sequence_number !== before.sequence_number + 1 ||
      header.first_sample !== before.first_sample + before.samples ||
      header.gap_before !== 0
    );
  });
}

// daemon (file) --PUB--> one SUB socket
describe('published audio', function () {
  this.timeout(LIVENESS_MS);
  let sandbox: Sandbox;
  let daemon: DaemonProcess;
  let subscriber: AudioSubscriber | null = null;

  function start(source: string, ...set: string[]): void {
    sandbox = new Sandbox();
    daemon = new DaemonProcess(sandbox, { source, set: ['output.audio=true', ...set] });
  }

  async function end(): Promise<void> {
    daemon.signal('SIGKILL');
    await daemon.exited;
    subscriber?.close();
    subscriber = null;
    sandbox.remove();
  }

  afterEach(end);

  for (const speed of ['realtime', 'max']) {
    it(`is what was captured, sample for sample, at speed ${speed}`, async () => {
      const said = clipSamples(CLIP);
      start(`file:${clip(CLIP)}?speed=${speed}`);
      const audio = (subscriber = await subscribed(daemon));
      await audio.until(() => audio.sampleCount >= said.length);
      expect(audio.samples).to.deep.equal(said);
      expect(audio.frames[0]?.header).to.include({
        sequence_number: 1,
        first_sample: 0,
        samples: 640,
        gap_before: 0,
        sample_rate: 16_000,
        channels: 1,
        encoding: 's16le',
        denoised: false,
        audio_source: 'file',
      });
      expect(jumps(audio.frames)).to.deep.equal([]);
      expect(audio.frames.slice(0, -1).filter(({ samples }) => samples.length !== 640)).to.be.empty;
    });
  }

  it('is described by its published document', async () => {
    start(`file:${clip(CLIP)}?speed=max`);
    const audio = (subscriber = await subscribed(daemon));
    await audio.until(() => audio.frames.length > 20);
    const schemas = loadSchemas();
    for (const { topic, header, samples } of audio.frames) {
      expect(topic).to.equal('audio');
      expect(schemas.problems('AudioFrameHeader', header)).to.deep.equal([]);
      expect(header.samples).to.equal(samples.length);
    }
  });

  it('goes on without a hole when its stage is lost', async () => {
    start(`file:${clip(CLIP)}?loop`);
    const before = (subscriber = await subscribed(daemon));
    await before.until(() => before.frames.length > 10);
    const { code, stderr } = await rtap(sandbox, ['sys', 'kill', 'audio-outlet']);
    expect(code, stderr).to.equal(0);
    await daemon.message('actor restarted');
    const { stdout } = await rtap(sandbox, ['status', '--json']);
    const { addresses } = JSON.parse(stdout) as { addresses: { audio: { audio: string } } };
    const after = new AudioSubscriber(addresses.audio.audio);
    await after.until(() => after.frames.length > 10);
    after.close();
    const [last, first] = [before.frames.at(-1)?.header, after.frames[0]?.header];
    if (last === undefined || first === undefined) throw new Error('there was no audio');
    const between = first.sequence_number - last.sequence_number - 1;
    expect(first.first_sample).to.equal(last.first_sample + 640 * (between + 1));
    expect(jumps(after.frames)).to.deep.equal([]);
  });

  it('is whole up to the last captured sample when the daemon stops', async () => {
    start(`file:${clip(CLIP)}`);
    const audio = (subscriber = await subscribed(daemon));
    await audio.until(() => audio.frames.length > 10);
    expect(await daemon.stop()).to.deep.equal({ code: 0, signal: null });
    const count = audio.sampleCount;
    expect(audio.samples).to.deep.equal(clipSamples(CLIP).subarray(0, count));
    expect(jumps(audio.frames)).to.deep.equal([]);
    expect(count % 320).to.equal(0);
  });

  it('is denoised when that is asked for, and the recogniser hears what it heard before', async () => {
    const said = clipSamples(CLIP);
    const quiet = new Int16Array(said.length + 2 * PAUSE_SAMPLES);
    quiet.set(said, PAUSE_SAMPLES);
    const noisy = mixed(quiet, noise(quiet.length, -50));
    const folder = mkdtempSync(join(tmpdir(), 'rtap-audio-'));
    const path = join(folder, 'noisy.wav');
    writeFileSync(path, writeWav(noisy));

    async function heard(denoise: boolean): Promise<{ hissDbfs: number; texts: string[] }> {
      start(`file:${path}`, `preprocess.denoise=${String(denoise)}`, 'pipeline.activation=always');
      const { events, transcripts } = await daemon.addresses('zeromq');
      const messages = new PlainSubscriber([events ?? '', transcripts ?? '']);
      const audio = (subscriber = await subscribed(daemon));
      await audio.until(() => audio.sampleCount >= noisy.length);
      await messages.until((message) => isEvent(message, 'source_ended'));
      messages.close();
      expect(audio.sampleCount).to.equal(noisy.length);
      expect(audio.frames.every(({ header }) => header.denoised === denoise)).to.equal(true);
      expect(jumps(audio.frames)).to.deep.equal([]);
      await end();
      return {
        hissDbfs: measureLevel(audio.samples.subarray(8_000, PAUSE_SAMPLES - 1_600)).rmsDbfs,
        texts: messages.messages.filter(isFinal).map(({ transcript }) => transcript),
      };
    }

    const without = await heard(false);
    const denoised = await heard(true);
    rmSync(folder, { recursive: true });
    expect(without.hissDbfs).to.be.closeTo(-50, 0.5);
    expect(denoised.hissDbfs).to.be.below(-60);
    expect(without.texts).to.have.length(1);
    expect(denoised.texts).to.deep.equal(without.texts);
  });

  it('has no port unless it is asked for', async () => {
    sandbox = new Sandbox();
    daemon = new DaemonProcess(sandbox, { source: 'silence' });
    await daemon.ready();
    const { stdout } = await rtap(sandbox, ['status', '--json']);
    const { addresses } = JSON.parse(stdout) as { addresses: Record<string, unknown> };
    expect(Object.keys(addresses).sort()).to.deep.equal([
      'admin',
      'control',
      'websocket',
      'zeromq',
    ]);
    expect(stdout).to.not.include('audio-outlet');
  });
});
