import { expect } from 'chai';
import { captureLines } from '../../../src/cli/capture-view.ts';
import type { CaptureStatus } from '../../../src/cli/capture-view.ts';
import { levelBar } from '../../../src/cli/level-bar.ts';

describe('levelBar', () => {
  const cases: [number, number, string][] = [
    [-30, -12, '[#####..|..]'],
    [-60, -60, '[..........]'],
    [-120, -120, '[..........]'],
    [-59, -59, '[|.........]'],
    [0, 0, '[#########|]'],
    [6, 6, '[#########|]'],
    [-30, -30, '[####|.....]'],
  ];
  for (const [rms, peak, bar] of cases) {
    it(`draws ${String(rms)} dBFS with its peak at ${String(peak)}`, () => {
      expect(levelBar(12, rms, peak)).to.equal(bar);
    });
  }

  it('has exactly its width, down to one cell', () => {
    for (const width of [3, 4, 20, 200]) {
      expect(levelBar(width, -20, -10)).to.have.length(width);
    }
    expect(levelBar(0, -20, -70)).to.equal('[#]');
  });
});

describe('captureLines', () => {
  const capture: CaptureStatus = {
    state: 'running',
    device: 'USB microphone',
    backend: 'pulse',
    level: { rms_dbfs: -30.4, peak_dbfs: -12 },
    gain_db: 6.02,
    frame_age_ms: 11.6,
    drift_ppm: -14,
  };

  it('tell where the audio comes from and how loud it is', () => {
    expect(captureLines(capture, 45)).to.deep.equal([
      '  capture running, USB microphone through pulse, last frame 12 ms ago, drift -14 ppm, gain +6.0 dB',
      '  level   [######..|..]  -30 dBFS, peak  -12',
    ]);
  });

  it('tell which device is lost, and why', () => {
    const silent = { level: null, gain_db: null, frame_age_ms: null, drift_ppm: null };
    const lost = { ...silent, device: null, backend: null, state: 'lost for 2.0 s', wanted: 'mic' };
    const line = (more: Partial<CaptureStatus>): string =>
      captureLines({ ...lost, ...more }, 80).join();
    expect(line({})).to.equal('  capture lost for 2.0 s, mic');
    expect(line({ loss: { cause: 'removed', moved_to: null } })).to.equal(
      '  capture lost for 2.0 s, mic: it was unplugged',
    );
    expect(line({ loss: { cause: 'moved', moved_to: 'spare' } })).to.equal(
      '  capture lost for 2.0 s, mic: the system switched to spare',
    );
  });

  it('tell which device stands in, and for which', () => {
    const [first] = captureLines(
      { ...capture, state: 'hearing another', wanted: 'mic', drift_ppm: null, gain_db: null },
      80,
    );
    expect(first).to.equal(
      '  capture hearing another, USB microphone in place of mic through pulse, last frame 12 ms ago',
    );
  });

  it('leave out what is not known', () => {
    const lost: CaptureStatus = {
      state: 'searching',
      device: null,
      backend: null,
      level: null,
      gain_db: null,
      frame_age_ms: null,
      drift_ppm: null,
    };
    expect(captureLines(lost, 80)).to.deep.equal(['  capture searching']);
  });

  it('fill a terminal without running over, up to a bar of 50', () => {
    for (const columns of [45, 60, 80]) {
      expect((captureLines(capture, columns)[1] ?? '').length).to.be.at.most(columns);
    }
    expect(captureLines(capture, 400)[1]).to.have.length(10 + 50 + 21);
  });
});
