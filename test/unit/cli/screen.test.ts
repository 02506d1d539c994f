import { expect } from 'chai';
import { Screen } from '../../../src/cli/screen.ts';
import type { EventMessage, EventType } from '../../../src/domain/messages.ts';

function eventOf(event_type: EventType, metadata: EventMessage['metadata']): EventMessage {
  return {
    schema_version: 1,
    instance: 'main',
    epoch: 1,
    stream: 'events',
    sequence_number: 1,
    session_id: 'session-1',
    timestamp: 1,
    level: 'info',
    source: 'rtap',
    event_type,
    metadata,
  };
}

type Step = [EventType, EventMessage['metadata']];

/** A screen of its own for each sequence, without colour. */
class Shown {
  text = '';
  readonly screen = new Screen({
    write: (text) => {
      this.text += text;
    },
    columns: () => 80,
    hasColour: false,
    now: () => 0,
  });

  play(steps: readonly Step[]): string[] {
    for (const [type, metadata] of steps) {
      this.screen.show({ type: 'message', message: eventOf(type, metadata) });
    }
    return this.lines;
  }

  get lines(): string[] {
    return this.text.split('\n').slice(0, -1);
  }
}

const MIC = {
  kind: 'device',
  name: 'mic',
  sample_rate_hz: 16_000,
  channels: 1,
  duration_ms: null,
};

function opened(outageMs: number, more: object = {}): Step {
  return [
    'source_opened',
    { ...MIC, is_reopened: outageMs > 0, outage_ms: outageMs, is_substitute: false, ...more },
  ];
}

function lost(cause: string, more: object = {}): Step {
  return ['device_lost', { device: 'mic', cause, moved_to: null, ...more }];
}

function gap(cause: string, samples = 51_200, stage = 'capture'): Step {
  return ['audio_gap', { cause, samples, stage }];
}

describe('Screen', () => {
  const cases: [string, Step[], string[]][] = [
    ['a microphone that is opened', [opened(0)], ['  source microphone mic (16000 Hz, 1 channel)']],
    [
      'a recording',
      [opened(0, { kind: 'recording', name: 'the bundled recording', duration_ms: 20_100 })],
      ['  source recording the bundled recording (16000 Hz, 1 channel, 20.1 s)'],
    ],
    [
      'a microphone that goes and comes back',
      [opened(0), lost('removed'), gap('removed'), opened(3_200)],
      [
        '  source microphone mic (16000 Hz, 1 channel)',
        '  lost   microphone mic: it was unplugged',
        '  source microphone mic is back: 3.2 s were not heard (it was unplugged)',
      ],
    ],
    [
      'where the stream went',
      [lost('moved', { moved_to: 'spare' })],
      ['  lost   microphone mic: the system switched to spare'],
    ],
    [
      'one that stands in, and gives way',
      [
        lost('server_lost'),
        gap('server_lost'),
        opened(420, { name: 'spare', is_substitute: true }),
        ['capture_degraded', { device: 'mic', heard: 'spare' }],
        ['capture_restored', { device: 'mic' }],
        gap('given_back'),
        opened(310),
      ],
      [
        '  lost   microphone mic: the sound server is gone',
        '  source microphone spare: 0.42 s were not heard (the sound server is gone)',
        '  source spare stands in until mic is back',
        '  source microphone mic is back: 0.31 s were not heard',
      ],
    ],
    [
      'a microphone that is not there',
      [
        ['device_unavailable', { message: 'No input device is called "mic"', attempts: 1 }],
        ['device_unavailable', { message: 'No input device is called "mic"', attempts: 2 }],
        ['backend_given_up', { backend: 'parec', next: 'portaudio', message: 'no' }],
      ],
      [
        '  source No input device is called "mic" (it is tried again)',
        '  source No input device is called "mic" (tried 2 times)',
        '  source parec failed too often; portaudio is tried in its place',
      ],
    ],
    [
      'exact silence and its end',
      [
        ['signal_silent', { device: 'mic', zero_ms: 3_000 }],
        ['signal_restored', { device: 'mic' }],
      ],
      [
        '  silent microphone mic gives no sound at all: is it muted?',
        '  sound  microphone mic gives sound again',
      ],
    ],
    [
      'samples that are missing while the microphone goes on',
      [gap('xrun', 4_000), gap('backlog', 32_000)],
      [
        '  lost   0.25 s of sound: it was lost on its way from the device',
        '  lost   2.0 s of sound: this machine was too busy to take it in time',
      ],
    ],
    [
      'a stage that does not keep up, when it begins and when it is over',
      [
        ['buffer_overflow', { buffer: 'ring', dropped_samples: 0, utilisation: 0.801 }],
        ['buffer_overflow', { buffer: 'ring', reader: 'wakeword', dropped_samples: 320 }],
        ['buffer_overflow', { buffer: 'ring', reader: 'wakeword', dropped_samples: 16_000 }],
        gap('overrun', 16_320, 'wakeword'),
        ['buffer_overflow', { buffer: 'ring', reader: 'wakeword', dropped_samples: 320 }],
      ],
      [
        '  late   sound waits to be processed, its buffer is 80 % full',
        '  late   the wake word does not keep up, and sound is being lost for it',
        '  lost   1.0 s of sound for the wake word: it came faster than it was processed',
        '  late   the wake word does not keep up, and sound is being lost for it',
      ],
    ],
    [
      'subscribers that are too slow for the audio',
      [['buffer_overflow', { buffer: 'audio-outlet', dropped_samples: 640 }]],
      ['  lost   0.04 s of sound for subscribers: they are too slow'],
    ],
    [
      'a cause that it does not know',
      [lost('struck_by_lightning')],
      ['  lost   microphone mic: struck_by_lightning'],
    ],
  ];
  for (const [what, steps, expected] of cases) {
    it(`tells ${what}`, () => {
      expect(new Shown().play(steps)).to.deep.equal(expected);
    });
  }

  it('leaves what the microphone itself tells out of what is missing', () => {
    const shown = new Shown();
    const readiness = (missing: string[], trouble: string | null): void => {
      const state = missing.length === 0 ? 'ready' : 'degraded';
      shown.screen.show({ type: 'readiness.changed', state, missing, trouble });
    };
    const trouble = 'microphone "mic"';
    readiness([], null);
    const atStart = shown.lines.length;
    readiness([trouble], trouble);
    readiness([], null);
    expect(shown.lines).to.have.length(atStart);
    readiness([trouble, 'vad'], trouble);
    readiness([trouble], trouble);
    readiness([], null);
    expect(shown.lines.slice(atStart)).to.deep.equal([
      '  degraded: vad not ready',
      '  ready again',
    ]);
  });

  it('opens a source once', () => {
    const shown = new Shown();
    shown.screen.show({
      type: 'source.opened',
      source: {
        kind: 'device',
        name: 'mic',
        sampleRateHz: 16_000,
        channels: 1,
        format: 's16le',
        durationMs: null,
        realTime: true,
      },
    });
    expect(shown.play([opened(0)])).to.have.length(1);
  });
});
