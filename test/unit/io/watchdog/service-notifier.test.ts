import { expect } from 'chai';
import { serviceWishes } from '../../../../src/io/watchdog/service-notifier.ts';
import { NotifySocket, prepareNotify } from './notify-socket.ts';
import { Watched } from './watched.ts';

const PID = 42;

describe('what a service manager wishes', () => {
  const table: [string, NodeJS.ProcessEnv, string | null, number | null][] = [
    ['nothing where there is none', {}, null, null],
    ['states', { NOTIFY_SOCKET: '/run/n' }, '/run/n', null],
    ['signs of life', { NOTIFY_SOCKET: '@n', WATCHDOG_USEC: '3000000' }, '@n', 3000],
    ['signs of our life', { WATCHDOG_USEC: '1000', WATCHDOG_PID: '42' }, null, 1],
    ["another's signs of life", { WATCHDOG_USEC: '1000', WATCHDOG_PID: '43' }, null, null],
    ['nonsense', { WATCHDOG_USEC: 'soon' }, null, null],
  ];
  for (const [what, env, socket, watchdogMs] of table) {
    it(what, () => {
      expect(serviceWishes(env, PID)).to.deep.equal({ socket, watchdogMs });
    });
  }
});

describe('telling the service manager', function () {
  let socket: NotifySocket;
  let watched: Watched | null = null;
  before(function () {
    this.timeout(180_000);
    const lacking = prepareNotify();
    if (lacking !== undefined) throw new Error(`this takes ${lacking}`);
  });
  beforeEach(async () => {
    socket = await NotifySocket.open();
  });
  afterEach(() => {
    watched?.kill();
    watched = null;
    socket.close();
  });
  async function start(env: NodeJS.ProcessEnv): Promise<Watched> {
    watched = await Watched.start({ limitMs: 0, env: { NOTIFY_SOCKET: socket.path, ...env } });
    return watched;
  }

  it('tells that it is ready and that it stops, in order', async () => {
    const service = await start({});
    service.tell('ready');
    service.tell('stopping');
    await socket.until('STOPPING=1');
    // The program asks the manager between two of them whether it has read the first.
    expect(socket.messages.filter((message) => !message.startsWith('BARRIER'))).to.deep.equal([
      'listening',
      'READY=1',
      'STOPPING=1',
    ]);
  });

  it('gives its signs of life while the loop turns, and none while it is blocked', async () => {
    const service = await start({ WATCHDOG_USEC: '200000' });
    await socket.until('WATCHDOG=1', 3);
    service.tell({ type: 'spin', forMs: 2500 });
    await service.said('loop.blocked');
    const before = socket.count('WATCHDOG=1');
    await service.said('loop.recovered');
    // One may have been under way; twenty would have been due.
    expect(socket.count('WATCHDOG=1') - before).to.be.lessThan(2);
    await socket.until('WATCHDOG=1', before + 4);
  });

  it('says once that the program is not there, and goes on', async () => {
    const service = await start({ PATH: '/nowhere', WATCHDOG_USEC: '100000' });
    const { reason } = await service.stdout.find(({ type }) => type === 'unable');
    expect(reason).to.match(/^systemd-notify cannot be started: .*ENOENT/);
    service.tell('ready');
    service.tell({ type: 'spin', forMs: 700 });
    await service.stdout.find(({ type }) => type === 'block');
    expect(service.stdout.all.filter(({ type }) => type === 'unable')).to.have.length(1);
  });

  it('says once that nobody listens, and goes on', async () => {
    const service = await start({ NOTIFY_SOCKET: '/nowhere/notify', WATCHDOG_USEC: '100000' });
    const { reason } = await service.stdout.find(({ type }) => type === 'unable');
    expect(reason).to.equal('systemd-notify WATCHDOG=1 ended with 1');
    service.tell({ type: 'spin', forMs: 700 });
    await service.stdout.find(({ type }) => type === 'block');
    expect(service.stdout.all.filter(({ type }) => type === 'unable')).to.have.length(1);
  });
});
