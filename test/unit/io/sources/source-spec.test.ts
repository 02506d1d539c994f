import { expect } from 'chai';
import fc from 'fast-check';
import { RtapError } from '../../../../src/domain/errors.ts';
import { parseSource } from '../../../../src/io/sources/source-spec.ts';

const FILE = { kind: 'file', speed: 'realtime', loop: false, raw: null };

function usageOf(text: string): RtapError {
  try {
    parseSource(text);
  } catch (thrown) {
    if (thrown instanceof RtapError) return thrown;
    throw thrown;
  }
  throw new Error(`${text} was accepted`);
}

describe('parseSource', () => {
  const accepted: readonly [string, unknown][] = [
    ['auto', { kind: 'auto' }],
    ['silence', { kind: 'silence' }],
    ['tone', { kind: 'tone', frequencyHz: 440 }],
    ['tone:1000.5', { kind: 'tone', frequencyHz: 1000.5 }],
    ['stdin', { kind: 'stdin', raw: null }],
    [
      'stdin?rate=48000',
      { kind: 'stdin', raw: { sampleRateHz: 48_000, channels: 1, encoding: 's16le' } },
    ],
    ['device:mic', { kind: 'device', name: 'mic' }],
    ['device:USB Mic: 2 (hw:1,0)?', { kind: 'device', name: 'USB Mic: 2 (hw:1,0)?' }],
    ['file:a.wav', { ...FILE, path: 'a.wav' }],
    ['file:/tmp/two words.wav', { ...FILE, path: '/tmp/two words.wav' }],
    ['file:C:\\a.wav', { ...FILE, path: 'C:\\a.wav' }],
    ['file:what%3F.wav', { ...FILE, path: 'what?.wav' }],
    ['file:100%.wav', { ...FILE, path: '100%.wav' }],
    ['file:50%25.wav', { ...FILE, path: '50%.wav' }],
    ['file:a.wav?speed=max', { ...FILE, path: 'a.wav', speed: 'max' }],
    ['file:a.wav?loop', { ...FILE, path: 'a.wav', loop: true }],
    ['file:a.wav?loop=true&speed=realtime', { ...FILE, path: 'a.wav', loop: true }],
    [
      'file:a.raw?rate=8000&channels=2&format=f32le',
      { ...FILE, path: 'a.raw', raw: { sampleRateHz: 8_000, channels: 2, encoding: 'f32le' } },
    ],
    [
      'file:a.bin?rate=8000&channels=1&format=mulaw',
      { ...FILE, path: 'a.bin', raw: { sampleRateHz: 8_000, channels: 1, encoding: 'mulaw' } },
    ],
  ];
  for (const [text, spec] of accepted) {
    it(`reads ${text}`, () => {
      expect(parseSource(text)).to.deep.equal(spec);
    });
  }

  const refused: readonly [string, string][] = [
    ['', 'none of the known sources'],
    ['microphone', 'none of the known sources'],
    ['AUTO', 'none of the known sources'],
    ['auto:1', 'none of the known sources'],
    ['recording', 'none of the known sources'],
    ['device', 'names no device'],
    ['device: ', 'names no device'],
    ['device?mic', 'names no device'],
    ['file', 'names no file'],
    ['file:', 'names no file'],
    ['file:a%00.wav', 'zero byte'],
    ['file:%ff.wav', 'UTF-8'],
    ['file:a.wav?speed=fast', 'speed is one of realtime, max'],
    ['file:a.wav?loop=maybe', 'loop takes no value'],
    ['file:a.wav?color=red', 'color is not known'],
    ['file:a.wav?loop&loop', 'given twice'],
    ['file:a.raw', 'all of rate, channels and format'],
    ['file:a.pcm?rate=8000', 'all of rate, channels and format'],
    ['file:a.raw?rate=8000&channels=0&format=u8', 'channels is a whole number'],
    ['file:a.raw?rate=1e4&channels=1&format=u8', 'rate is a whole number'],
    ['stdin?format=mp3', 'format is one of'],
    ['stdin?speed=max', 'speed is not known'],
    ['silence?rate=8000', 'rate is not for this source'],
    ['tone:', 'a tone has'],
    ['tone:9000', 'a tone has'],
    ['tone:loud', 'a tone has'],
  ];
  for (const [text, why] of refused) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      const refusal = usageOf(text);
      expect(refusal.code).to.equal('USAGE');
      expect(refusal.message).to.include(`The source ${JSON.stringify(text)} cannot be used`);
      expect(refusal.message).to.include(why).and.to.include('A source is auto, device:NAME');
    });
  }

  it('never throws anything but USAGE', () => {
    const text = fc.tuple(
      fc.constantFrom('', 'file:', 'device:', 'tone:', 'stdin?', 'file:a?'),
      fc.string(),
    );
    fc.assert(
      fc.property(text, ([head, tail]) => {
        try {
          expect(parseSource(head + tail)).to.have.property('kind');
        } catch (thrown) {
          expect(thrown).to.be.instanceOf(RtapError).with.property('code', 'USAGE');
        }
      }),
    );
  });
});
