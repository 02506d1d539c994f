import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { runDoctor } from '../../../src/cli/doctor.ts';
import type { Finding } from '../../../src/cli/doctor.ts';
import { WEIGHTS } from '../../../src/io/engines/weights.ts';
import { CapturedIo } from './captured-io.ts';

const ANY_PORTS = [
  'output.zmq_pub_port_events',
  'output.zmq_pub_port_transcripts',
  'output.websocket_port',
  'admin.port',
].map((path) => `${path}=0`);

describe('rtap doctor', () => {
  let folder: string;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'rtap-doctor-'));
  });

  after(() => {
    rmSync(folder, { recursive: true });
  });

  async function examine(set: string[], environment?: string) {
    const io = new CapturedIo();
    const state = `cluster.state_directory=${join(folder, 'state')}`;
    const request = {
      set: [...ANY_PORTS, state, 'cluster.instance=doctor-test', ...set],
      env: {},
      environment,
    };
    const code = await runDoctor({ request, json: true }, io);
    const { ok, findings } = io.json() as { ok: boolean; findings: Finding[] };
    expect(ok).to.equal(code === 0);
    return { code, findings, missing: findings.filter(({ status }) => status === 'missing') };
  }

  it('finds everything that a daemon needs on a machine that passes its tests', async () => {
    const { code, findings, missing } = await examine([]);
    expect(missing).to.deep.equal([]);
    expect(code).to.equal(0);
    const subjects = new Set(findings.map(({ subject }) => subject));
    expect(subjects).to.include.all.keys(
      ...['configuration', 'node', 'limits', 'backend parec', 'backend portaudio', 'source'],
      ...['engine vad', 'engine wakeword', 'engine recogniser', 'state directory', 'setpriv'],
    );
  });

  it('tells the digest and the licence of every file of weights', async () => {
    const { findings } = await examine([]);
    for (const { file, licence, sha256 } of WEIGHTS) {
      const found = findings.filter(({ data }) => data?.['file'] === file);
      expect(found, file).to.have.length(1);
      expect(found[0]?.data, file).to.include({ licence, sha256, digest_ok: true });
    }
    const used = (all: Finding[]) =>
      all.filter(({ data }) => data?.['used'] === true && data['engine'] === 'wakeword').length;
    expect(used(findings)).to.equal(3);
    expect(used((await examine(['wakeword.engine=phrase'])).findings)).to.equal(0);
    expect(used((await examine(['pipeline.activation=always'])).findings)).to.equal(0);
  });

  it('finds a port that is in use', async () => {
    const server: Server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const { code, missing } = await examine([`admin.port=${String(port)}`]);
    await new Promise((resolve) => server.close(resolve));
    expect(code).to.equal(1);
    expect(missing.map(({ subject }) => subject)).to.deep.equal([`port ${String(port)}`]);
    expect(missing[0]?.detail).to.match(/^admin\.port cannot listen .* in use/);
    const { findings } = await examine([`admin.port=${String(port)}`]);
    expect(findings.find(({ subject }) => subject === `port ${String(port)}`)?.status).to.equal(
      'ok',
    );
  });

  it('finds a state directory that cannot be made', async () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    const { missing } = await examine([`cluster.state_directory=${join(file, 'state')}`]);
    expect(missing.map(({ subject }) => subject)).to.deep.equal(['state directory']);
    expect(missing[0]?.detail).to.match(/cluster\.state_directory names another$/);
  });

  it('finds a model of your own that is not there', async () => {
    const { missing } = await examine([`stt.model_path=${folder}`]);
    expect(missing.map(({ subject }) => subject)).to.deep.equal([
      'engine recogniser',
      'engine recogniser',
    ]);
  });

  it('finds that a device which was asked for by name is not there', async () => {
    const named = await examine(['audio.source=device:no such device']);
    expect(named.code).to.equal(1);
    expect(named.missing.map(({ subject }) => subject)).to.include('source');
  });

  it('says what a machine without the programs of a sound server needs', async () => {
    const path = process.env['PATH'];
    process.env['PATH'] = folder;
    try {
      const { findings } = await examine(['audio.backends=parec']);
      const found = findings.find(({ subject }) => subject === 'backend parec');
      expect(found?.status).to.equal('note');
      expect(found?.detail).to.match(
        /^pactl is not installed .*pulseaudio-utils.* alone is enough/,
      );
    } finally {
      process.env['PATH'] = path;
    }
  });

  it('lists the problems of a bad configuration and looks at the rest with the defaults', async () => {
    const { code, findings } = await examine(['audio.frame_ms=1', 'audio.channels=2']);
    expect(code).to.equal(1);
    const details = findings
      .filter(({ subject, status }) => subject === 'configuration' && status === 'missing')
      .map(({ detail }) => detail);
    expect(details).to.have.length(2);
    expect(findings.some(({ subject }) => subject === 'port 6552')).to.equal(true);
  });

  it('prints a line for each finding and a verdict', async () => {
    const io = new CapturedIo();
    const set = [...ANY_PORTS, `cluster.state_directory=${folder}`, 'audio.source=silence'];
    const code = await runDoctor({ request: { set, env: {} }, json: false }, io);
    expect(code).to.equal(0);
    const lines = io.stdout.text.trimEnd().split('\n');
    expect(lines.at(-1)).to.equal('Everything that is needed is there.');
    expect(lines.slice(0, -1)).to.satisfy((all: string[]) =>
      all.every((line) => /^(ok|note|missing) +\S/.test(line)),
    );
  });
});
