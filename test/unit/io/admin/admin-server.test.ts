import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { connect, createServer } from 'node:net';
import { expect } from 'chai';
import { RtapError } from '../../../../src/domain/errors.ts';
import { AdminServer, type AdminServerOptions } from '../../../../src/io/admin/admin-server.ts';
import { buildMetrics } from '../../../../src/telemetry/metrics.ts';

describe('AdminServer', () => {
  const closers: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
  });

  async function openServer(options: Partial<AdminServerOptions> = {}) {
    const { render } = buildMetrics();
    const server = new AdminServer({
      port: 0,
      liveness: () => ({ alive: true, reasons: [] }),
      readiness: () => ({ ready: true, reasons: [] }),
      status: () => ({ tree: ['root'] }),
      metrics: render,
      ...options,
    });
    const { url, port } = await server.open();
    closers.push(() => server.close(200));
    const get = async (path: string) => {
      const response = await fetch(`${url}${path}`, { headers: { connection: 'close' } });
      return { status: response.status, body: await response.text(), response };
    };
    return { server, url, port, get };
  }

  it('keeps liveness and readiness apart, and lists each reason', async () => {
    const reasons = ['the recogniser is loading', 'no device is open'];
    const { get } = await openServer({ readiness: () => ({ ready: false, reasons }) });
    const livez = await get('/livez');
    expect(livez.status).to.equal(200);
    expect(JSON.parse(livez.body)).to.deep.equal({ alive: true, reasons: [] });
    const readyz = await get('/readyz');
    expect(readyz.status).to.equal(503);
    expect(JSON.parse(readyz.body)).to.deep.equal({ ready: false, reasons });
    const health = await get('/health');
    expect(health.status).to.equal(503);
    expect(JSON.parse(health.body)).to.deep.equal({
      status: 'not_ready',
      alive: true,
      ready: false,
      reasons,
    });
  });

  it('says that it is dead when it is', async () => {
    const reasons = ['the loop stood still for 4 s'];
    const { get } = await openServer({ liveness: () => ({ alive: false, reasons }) });
    expect((await get('/livez')).status).to.equal(503);
    expect(JSON.parse((await get('/health')).body)).to.include({ status: 'dead' });
    expect((await get('/readyz')).status).to.equal(200);
  });

  it('serves the status and the metrics', async () => {
    const { get } = await openServer();
    expect(JSON.parse((await get('/status')).body)).to.deep.equal({ tree: ['root'] });
    const metrics = await get('/metrics');
    expect(metrics.response.headers.get('content-type')).to.match(/^text\/plain; version=0\.0\.4/);
    expect(metrics.body).to.match(/^rtap_memory_usage_bytes \d+$/m);
    expect((await get('/nothing')).status).to.equal(404);
  });

  it('answers 500 in one sentence when a source fails, and goes on', async () => {
    const { get } = await openServer({
      status: () => {
        throw new Error('the tree is gone');
      },
      metrics: () => Promise.reject(new Error('no metrics')),
    });
    const status = await get('/status');
    expect(status.status).to.equal(500);
    expect(JSON.parse(status.body)).to.deep.equal({ error: 'the tree is gone' });
    expect((await get('/metrics')).status).to.equal(500);
    expect((await get('/livez')).status).to.equal(200);
  });

  it('waits for the metrics no longer than it may', async () => {
    const { get } = await openServer({
      metrics: () => new Promise<string>(() => undefined),
      metricsDeadlineMs: 20,
    });
    const answer = await get('/metrics');
    expect(answer.status).to.equal(503);
    expect(answer.body).to.contain('20 ms');
  });

  it('refuses other methods and foreign host names', async () => {
    const { url, port } = await openServer({ allowedHosts: ['rtap.home.example'] });
    const posted = await fetch(`${url}/status`, { method: 'POST', body: '{}' });
    expect(posted.status).to.equal(405);
    expect(posted.headers.get('allow')).to.equal('GET, HEAD');
    const statusFor = async (host: string) => {
      const sent = request({ port, path: '/status', headers: { host }, agent: false }).end();
      const [response] = (await once(sent, 'response')) as [IncomingMessage];
      response.resume();
      return response.statusCode;
    };
    expect(await statusFor('evil.example')).to.equal(403);
    expect(await statusFor(`evil.example:${port}`)).to.equal(403);
    expect(await statusFor('bad host')).to.equal(403);
    expect(await statusFor('RTAP.home.example')).to.equal(200);
    expect(await statusFor(`[::1]:${port}`)).to.equal(200);
    expect(await statusFor(`localhost:${port}`)).to.equal(200);
  });

  it('survives garbage and headers that are too large', async () => {
    const { port, get } = await openServer();
    for (const bytes of ['\0\0\0\r\n\r\n', `GET / HTTP/1.1\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`]) {
      const raw = connect(port, '127.0.0.1');
      raw.on('error', () => undefined);
      raw.write(bytes);
      const [answer] = (await once(raw, 'data')) as [Buffer];
      expect(answer.toString()).to.match(/^HTTP\/1.1 4\d\d /);
      raw.destroy();
    }
    expect((await get('/livez')).status).to.equal(200);
  });

  it('names a port in use', async () => {
    const squatter = createServer().listen(0, '127.0.0.1');
    await once(squatter, 'listening');
    closers.push(() => squatter.close());
    const { port } = squatter.address() as { port: number };
    const failure = await openServer({ port }).catch((thrown: unknown) => thrown);
    expect(failure).to.be.instanceOf(RtapError).with.property('code', 'PORT_IN_USE');
    expect((failure as RtapError).message).to.contain(`127.0.0.1:${port}`);
  });
});
