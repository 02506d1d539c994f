import { expect } from 'chai';
import { readParec } from '../../../../src/io/devices/parec-words.ts';

describe('readParec', () => {
  // As parec of PulseAudio 16 writes them, the codes for a terminal included.
  const said: readonly [string, unknown][] = [
    [
      "Using sample spec 's16le 1ch 16000Hz', channel map 'mono'.",
      { says: 'format', format: { encoding: 's16le', channels: 1, sampleRateHz: 16_000 } },
    ],
    [
      "Using sample spec 'float32le 2ch 44100Hz', channel map 'front-left,front-right'.",
      { says: 'format', format: { encoding: 'f32le', channels: 2, sampleRateHz: 44_100 } },
    ],
    [
      'Connected to device alsa_input.usb (2) (index: 1, suspended: no).',
      { says: 'connected', device: 'alsa_input.usb (2)' },
    ],
    ['Time: 1.020 sec; Latency: 24567 usec.        ', { says: 'latency', latencyMs: 24.567 }],
    ['Stream device suspended.\u001b[K', { says: 'lost', cause: 'suspended', movedTo: null }],
    [
      'Stream moved to device other.monitor (2, not suspended).\u001b[K',
      { says: 'lost', cause: 'moved', movedTo: 'other.monitor' },
    ],
    ['Stream error: Entity killed', { says: 'complaint', cause: 'removed' }],
    ['Stream error: No such entity', { says: 'complaint', cause: 'removed' }],
    ['Connection failure: Connection terminated', { says: 'complaint', cause: 'server_lost' }],
    [
      'pa_context_connect() failed: Connection refused',
      { says: 'complaint', cause: 'server_lost' },
    ],
    ['Stream error: Invalid argument', { says: 'complaint', cause: 'process_exited' }],
  ];
  for (const [line, word] of said) {
    it(`understands ${JSON.stringify(line.trim())}`, () => {
      expect(readParec(line)).to.deep.equal(word);
    });
  }

  const unsaid = [
    '',
    'Connection established.\u001b[K',
    'Stream successfully created.',
    'Buffer metrics: maxlength=4194304, fragsize=640',
    'Stream device resumed.\u001b[K',
    "Using sample spec 'dsd 1ch 16000Hz', channel map 'mono'.",
    '\u0000\u0001garbage',
  ];
  for (const line of unsaid) {
    it(`passes over ${JSON.stringify(line)}`, () => {
      expect(readParec(line)).to.equal(null);
    });
  }
});
