import { expect } from 'chai';
import type { AudioFrame } from '../../../../src/domain/audio-frame.ts';
import { AudioLedger } from '../../../../src/io/outlets/audio-ledger.ts';
import { AudioOutlet } from '../../../../src/io/outlets/audio-outlet.ts';
import { AudioSubscriber } from '../../../support/audio-subscriber.ts';

const ledgerOf = () =>
  new AudioLedger({ instance: 'test', epoch: 3, sessionId: 's', now: () => 1_000 });

function stamp(ledger: AudioLedger, firstSample: number, samples = 640): AudioFrame {
  const values = Int16Array.from({ length: samples }, (_, index) => (index * 7_919) % 32_768);
  return ledger.stamp(values, { firstSample, denoised: false, source: 'file' });
}

describe('AudioLedger', () => {
  it('numbers frames from 1, and counts what is between them', () => {
    const ledger = ledgerOf();
    expect(ledger.end).to.equal(null);
    const headers = [1_000, 1_640, 5_000].map((first) => stamp(ledger, first).header);
    expect(headers.map(({ sequence_number }) => sequence_number)).to.deep.equal([1, 2, 3]);
    expect(headers.map(({ gap_before }) => gap_before)).to.deep.equal([0, 0, 2_720]);
    expect(ledger.end).to.equal(5_640);
  });
});

describe('AudioOutlet', () => {
  it('sends topic, header and samples', async () => {
    const outlet = new AudioOutlet({ host: '127.0.0.1', port: 0, onDrop: () => undefined });
    const subscriber = new AudioSubscriber(await outlet.open());
    const ledger = ledgerOf();
    const sent: AudioFrame[] = [];
    while (subscriber.frames.length < 5) {
      const frame = stamp(ledger, sent.length * 640);
      sent.push(frame);
      outlet.publish(frame);
      await new Promise(setImmediate);
    }
    for (const { topic, header, samples } of subscriber.frames) {
      expect(topic).to.equal('audio');
      const frame = sent[header.sequence_number - 1];
      expect(header).to.deep.equal(frame?.header);
      expect(samples).to.deep.equal(frame?.samples);
    }
    subscriber.close();
    await outlet.close(100);
  });

  it('gives up the oldest frames when too many wait, and tells which', async () => {
    const dropped: [number[], string][] = [];
    const outlet = new AudioOutlet({
      host: '127.0.0.1',
      port: 0,
      maxQueuedFrames: 3,
      onDrop: (frames, reason) => {
        dropped.push([frames.map(({ header }) => header.sequence_number), reason]);
      },
    });
    await outlet.open();
    const ledger = ledgerOf();
    for (let index = 0; index < 5; index++) outlet.publish(stamp(ledger, index * 640));
    expect(outlet.queued).to.equal(3);
    expect(dropped).to.deep.equal([
      [[1], 'queue_full'],
      [[2], 'queue_full'],
    ]);
    await outlet.close(100);
    expect(outlet.queued).to.equal(0);
    outlet.publish(stamp(ledger, 10_000));
    expect(dropped.at(-1)).to.deep.equal([[6], 'closed']);
  });

  it('says which port is taken', async () => {
    const first = new AudioOutlet({ host: '127.0.0.1', port: 0, onDrop: () => undefined });
    const port = Number((await first.open()).split(':').at(-1));
    const second = new AudioOutlet({ host: '127.0.0.1', port, onDrop: () => undefined });
    const error: unknown = await second.open().catch((thrown: unknown) => thrown);
    expect(error).to.have.property('code', 'PORT_IN_USE');
    await first.close(0);
  });
});
