import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { RtapError } from '../../../../src/domain/errors.ts';
import { requestControl } from '../../../../src/io/control/control-client.ts';
import { controlSocketPath } from '../../../../src/io/control/control-path.ts';
import { ControlServer, type ControlHandler } from '../../../../src/io/control/control-socket.ts';

const DEADLINE = { deadlineMs: 5_000 };

describe('The control socket', () => {
  let base = '';
  let path = '';
  const servers: ControlServer[] = [];

  beforeEach(() => {
    base = mkdtempSync(join(tmpdir(), 'rtap-control-'));
    path = join(base, 'rtap', 'main.sock');
  });
  afterEach(async () => {
    for (const server of servers.splice(0)) await server.close(200);
    rmSync(base, { recursive: true, force: true });
  });

  async function openServer(
    handlers: Record<string, ControlHandler> = { echo: (args) => args },
    options: { maxClients?: number; maxLineBytes?: number } = {},
  ): Promise<ControlServer> {
    const server = new ControlServer({ path, handlers, ...options });
    await server.open();
    servers.push(server);
    return server;
  }

  async function failureOf(promise: Promise<unknown>): Promise<RtapError> {
    const outcome = await promise.then(
      () => null,
      (thrown: unknown) => thrown,
    );
    expect(outcome).to.be.instanceOf(RtapError);
    return outcome as RtapError;
  }

  /** Sends raw bytes and collects what comes until the other side ends. */
  async function exchange(bytes: string): Promise<string> {
    const socket = connect(path);
    let received = '';
    socket.on('data', (chunk) => {
      received += chunk.toString();
    });
    socket.on('error', () => undefined);
    socket.end(bytes);
    await once(socket, 'close');
    return received;
  }

  it('answers a command with its result', async () => {
    await openServer({ echo: (args) => args, later: () => Promise.resolve([1, 2]) });
    expect(await requestControl(path, 'echo', { a: [1] }, DEADLINE)).to.deep.equal({ a: [1] });
    expect(await requestControl(path, 'later', null, DEADLINE)).to.deep.equal([1, 2]);
  });

  it('gives the refusal of a handler to the caller, code and all', async () => {
    await openServer({
      fail: () => {
        throw new RtapError('ENGINE_DOWN', 'The recogniser is down.', { engine: 'stt' });
      },
      break: () => Promise.reject(new Error('broken')),
    });
    const failure = await failureOf(requestControl(path, 'fail', null, DEADLINE));
    expect(failure).to.deep.include({ code: 'ENGINE_DOWN', details: { engine: 'stt' } });
    expect(failure.message).to.equal('The recogniser is down.');
    expect(await failureOf(requestControl(path, 'break', null, DEADLINE))).to.include({
      code: 'PROTOCOL',
      message: 'broken',
    });
    const unknown = await failureOf(requestControl(path, 'toString', null, DEADLINE));
    expect(unknown.code).to.equal('USAGE');
    expect(unknown.message).to.contain('fail, break');
  });

  it('can be reached only by its owner', async () => {
    await openServer();
    expect(statSync(dirname(path)).mode & 0o777).to.equal(0o700);
    expect(statSync(path).mode & 0o777).to.equal(0o600);
  });

  it('refuses a directory that others can open, a link, and a file', async () => {
    const directory = dirname(path);
    const cases: [string, () => void][] = [
      [
        'open to other users',
        () => {
          mkdirSync(directory);
          chmodSync(directory, 0o755);
        },
      ],
      [
        'symbolic link',
        () => {
          mkdirSync(join(base, 'elsewhere'), { mode: 0o700 });
          symlinkSync(join(base, 'elsewhere'), directory);
        },
      ],
      [
        'not a directory',
        () => {
          writeFileSync(directory, '');
        },
      ],
    ];
    for (const [reason, plant] of cases) {
      plant();
      const served = await failureOf(openServer());
      expect(served.code).to.equal('STATE_DIRECTORY');
      expect(served.message).to.contain(reason).and.to.contain(directory);
      const asked = await failureOf(requestControl(path, 'echo', null, DEADLINE));
      expect(asked.code).to.equal('STATE_DIRECTORY');
      rmSync(directory, { recursive: true });
    }
  });

  it('refuses a place that holds an ordinary file, and leaves the file alone', async () => {
    mkdirSync(dirname(path), { mode: 0o700 });
    writeFileSync(path, 'precious');
    expect((await failureOf(openServer())).code).to.equal('STATE_DIRECTORY');
    expect(statSync(path).size).to.equal(8);
  });

  it('says that the instance is already running', async () => {
    await openServer();
    const failure = await failureOf(openServer());
    expect(failure.code).to.equal('PORT_IN_USE');
    expect(failure.message).to.contain('"main" is already running');
    expect(await requestControl(path, 'echo', 1, DEADLINE)).to.equal(1);
  });

  it('replaces the socket of a process that was killed', async () => {
    mkdirSync(dirname(path), { mode: 0o700 });
    const script = `require('net').createServer().listen(process.argv[1], () => console.log('up'))`;
    const child = spawn(process.execPath, ['-e', script, path], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(existsSync(path)).to.equal(true);
    expect((await failureOf(requestControl(path, 'echo', 1, DEADLINE))).code).to.equal(
      'NOT_RUNNING',
    );
    await openServer();
    expect(await requestControl(path, 'echo', 2, DEADLINE)).to.equal(2);
  });

  it('says that no daemon is running', async () => {
    const failure = await failureOf(requestControl(path, 'status', null, DEADLINE));
    expect(failure.code).to.equal('NOT_RUNNING');
    expect(failure.message).to.contain('"main"').and.to.contain(path);
    const server = await openServer();
    await server.close(200);
    expect(existsSync(path)).to.equal(false);
    expect((await failureOf(requestControl(path, 'status', null, DEADLINE))).code).to.equal(
      'NOT_RUNNING',
    );
  });

  it('gives up at its deadline', async () => {
    await openServer({ hang: () => new Promise(() => undefined) });
    const failure = await failureOf(requestControl(path, 'hang', null, { deadlineMs: 30 }));
    expect(failure.code).to.equal('PROTOCOL');
    expect(failure.message).to.contain('30 ms');
  });

  it('answers several requests of one client in order, and garbage in between', async () => {
    await openServer({
      slow: () => new Promise((resolve) => setImmediate(resolve, 'slow')),
      fast: () => 'fast',
    });
    const answers = await exchange(
      '{"id":1,"command":"slow"}\nnonsense\n[]\n{"command":"fast"}\n{"id":"b","command":"fast"}\n',
    );
    const lines = answers.trimEnd().split('\n');
    const parsed = lines.map((line) => JSON.parse(line) as { id: unknown; ok: boolean });
    expect(parsed.map(({ id, ok }) => [id, ok])).to.deep.equal([
      [1, true],
      [null, false],
      [null, false],
      [null, false],
      ['b', true],
    ]);
  });

  it('refuses a line that is too long, and clients beyond the limit', async () => {
    await openServer(undefined, { maxLineBytes: 1_000, maxClients: 1 });
    expect(await exchange('x'.repeat(2_000))).to.contain('longer than 1000 bytes');
    const first = connect(path);
    await once(first, 'connect');
    first.write('{"id":1,"command":"echo"}\n');
    await once(first, 'data');
    expect(await exchange('{"id":1,"command":"echo"}\n')).to.contain('which is the limit');
    first.destroy();
  });
});

describe('The control socket path', () => {
  it('is in the user’s runtime directory when that is the user’s own', () => {
    const runtime = mkdtempSync(join(tmpdir(), 'rtap-xdg-'));
    const uid = process.getuid?.() ?? 0;
    try {
      const env = { XDG_RUNTIME_DIR: runtime };
      expect(controlSocketPath('main', env, uid)).to.equal(join(runtime, 'rtap', 'main.sock'));
      expect(controlSocketPath('main', env, uid + 1)).to.equal(`/tmp/rtap-${uid + 1}/main.sock`);
    } finally {
      rmSync(runtime, { recursive: true });
    }
  });

  it('is in /tmp otherwise', () => {
    expect(controlSocketPath('main', {}, 1234)).to.equal('/tmp/rtap-1234/main.sock');
    const relative = { XDG_RUNTIME_DIR: 'run' };
    expect(controlSocketPath('main', relative, 1234)).to.equal('/tmp/rtap-1234/main.sock');
    const gone = { XDG_RUNTIME_DIR: '/nonexistent' };
    expect(controlSocketPath('main', gone, 1234)).to.equal('/tmp/rtap-1234/main.sock');
  });

  for (const name of ['', '..', 'a/b', '.hidden', 'x'.repeat(65), 'a b']) {
    it(`refuses ${JSON.stringify(name.slice(0, 10))} as an instance name`, () => {
      expect(() => controlSocketPath(name, {}, 1)).to.throw(RtapError, 'instance name');
    });
  }
});
