import { expect } from 'chai';
import type { ConfigRequest } from '../../../config/load.ts';
import { KEYS } from '../../../config/schema.ts';
import { runConfigCheck, runConfigShow } from '../../../src/cli/config.ts';
import { CapturedIo } from './captured-io.ts';

type Command = typeof runConfigCheck;

function run(command: Command, given: Partial<ConfigRequest>, json = false) {
  const io = new CapturedIo();
  const code = command({ request: { set: [], env: {}, ...given }, json }, io);
  return { code, io, out: io.stdout.text, err: io.stderr.text };
}

describe('rtap config', () => {
  it('check says that a configuration is valid, with its notices on stderr', () => {
    const { code, out, err } = run(runConfigCheck, { environment: 'pc2' });
    expect(code).to.equal(0);
    expect(out).to.match(/^The configuration is valid: profile pc2, hash [0-9a-f]{64}\.\n$/);
    expect(err).to.match(/^notice: The profile pc2 of v1/);
  });

  it('check prints every problem, one a line', () => {
    const set = ['audio.frame_ms=10', 'nothing=1', 'admin.port=x'];
    const { code, out, err } = run(runConfigCheck, { set });
    expect(code).to.equal(2);
    expect(out).to.equal('');
    expect(err.trimEnd().split('\n')).to.have.length(3);
    expect(err).to.include('admin.port = "x" (command line: --set): must be a whole number');
  });

  it('check and show print JSON when asked, also of problems', () => {
    for (const command of [runConfigCheck, runConfigShow]) {
      const valid = run(command, {}, true);
      expect(valid.code).to.equal(0);
      expect(valid.io.json()).to.include({ valid: true });
      const invalid = run(command, { set: ['audio.channels=2'] }, true);
      expect(invalid.code).to.equal(2);
      expect(invalid.err).to.equal('');
      expect(invalid.io.json()).to.deep.equal({
        valid: false,
        problems: [
          {
            path: 'audio.channels',
            value: 2,
            layer: 'command line',
            where: '--set',
            message: 'must be 1: the pipeline is mono, and mixes a source with more channels down',
          },
        ],
      });
    }
  });

  it('show prints the value and the layer of every key, aligned', () => {
    const { code, out } = run(runConfigShow, {
      environment: 'pc2',
      env: { RTAP_ADMIN_PORT: '0' },
      set: ['wakeword.phrases=alexa,hey_jarvis'],
    });
    const lines = out.trimEnd().split('\n').slice(1);
    expect(code).to.equal(0);
    expect(lines).to.have.length(KEYS.size);
    const cells = lines.map((line) => line.split(/ {2,}/));
    expect(cells).to.deep.include(['admin.port', '0', 'environment: RTAP_ADMIN_PORT']);
    expect(cells).to.deep.include(['resilience.bulkhead.max_queue_size', '16', 'profile: pc2']);
    expect(cells).to.deep.include([
      'wakeword.phrases',
      '["alexa","hey_jarvis"]',
      'command line: --set',
    ]);
    const columns = lines.map((line) => line.indexOf(' default'));
    expect(new Set(columns.filter((column) => column > 0)).size).to.equal(1);
  });

  it('show tells in JSON what each key is and where it came from', () => {
    const { io } = run(runConfigShow, { set: ['output.host=localhost'] }, true);
    const shown = io.json() as { config: { output: object }; keys: object[]; hash: string };
    expect(shown.config.output).to.include({ host: 'localhost' });
    expect(shown.keys).to.have.length(KEYS.size);
    expect(shown.keys).to.deep.include({
      path: 'output.host',
      value: 'localhost',
      layer: 'command line',
      name: '--set',
    });
  });
});
