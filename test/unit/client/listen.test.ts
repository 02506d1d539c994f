import { PassThrough, Writable } from 'node:stream';
import { expect } from 'chai';
import { ListenView } from '../../../src/cli/listen-view.ts';
import { runListen, type ListenOptions } from '../../../src/cli/listen.ts';
import type { Message } from '../../../src/domain/messages.ts';
import { eventBody, ledgerOf, transcriptBody } from '../io/outlets/message-bodies.ts';
import { RunningOutlets } from './running-outlets.ts';

/** One run of the command with its output kept. */
class Run {
  readonly interrupt = new AbortController();
  out = '';
  err = '';
  readonly exit: Promise<number>;
  #waiters: (() => void)[] = [];

  constructor(options: ListenOptions, terminal: { isTTY?: boolean; columns?: number } = {}) {
    const stdout = Object.assign(new PassThrough(), terminal);
    stdout.on('data', (chunk: Buffer) => {
      this.out += chunk.toString();
      this.#wake();
    });
    const stderr = {
      write: (text: string) => {
        this.err += text;
        this.#wake();
      },
    };
    this.exit = runListen(options, { stdout, stderr, signal: this.interrupt.signal });
    void this.exit.then(() => {
      this.#wake();
    });
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#waiters.push(resolve));
  }

  #wake(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const wake of waiters) wake();
  }
}

describe('rtap listen', () => {
  const closers: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
  });

  async function outlets(ports: Partial<RunningOutlets['ports']> = {}): Promise<RunningOutlets> {
    const running = await new RunningOutlets(ledgerOf(), ports).open();
    closers.push(() => running.close());
    return running;
  }

  function run(options: ListenOptions, terminal: { isTTY?: boolean; columns?: number } = {}): Run {
    const made = new Run(options, terminal);
    closers.push(async () => {
      made.interrupt.abort();
      await made.exit;
    });
    return made;
  }

  it('prints finals and events, and ends with 0 when it is interrupted', async () => {
    const running = await outlets();
    const listening = run({ ws: running.url });
    await listening.until(() => listening.err.includes('Listening to'));
    await clientsOf(running);
    running.event({ phrase: 'hey jarvis' });
    running.partial('turn on');
    running.final('turn on the light');
    await listening.until(() => listening.out.includes('light'));
    expect(listening.out).to.match(
      /^\d\d:\d\d:\d\d \* wake_word_detected phrase=hey jarvis\n\d\d:\d\d:\d\d en \(file\): turn on the light\n$/,
    );
    listening.interrupt.abort();
    expect(await listening.exit).to.equal(0);
  });

  it('prints the messages with --json and ends after --count finals', async () => {
    const running = await outlets();
    const listening = run({ ws: running.url, json: true, count: 2 });
    await clientsOf(running);
    running.partial('one');
    running.final('one');
    running.final('two');
    running.final('three');
    expect(await listening.exit).to.equal(0);
    const lines = listening.out.trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line) as Message)).to.deep.equal(
      (running.ledger.since('transcripts', 0) as Message[]).slice(0, 3),
    );
  });

  it('hears ZeroMQ endpoints', async () => {
    const running = await outlets();
    const listening = run({ zmq: running.endpoints.join(','), count: 1 });
    await listening.until(() => listening.err.includes('Listening to tcp://'));
    // A subscription takes a moment to arrive.
    while (listening.out === '') {
      running.final('over and over');
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    expect(await listening.exit).to.equal(0);
    expect(listening.out).to.contain('over and over');
  });

  it('says once what it waits for, then listens', async () => {
    const gone = await outlets();
    await gone.close();
    const listening = run({ ws: gone.url, count: 1 });
    await listening.until(() => listening.err.includes('Waiting'));
    expect(listening.err).to.contain(gone.url).and.to.contain('connection refused');
    expect(listening.err).to.contain('`rtap run`');
    const running = await outlets({ websocket: gone.ports.websocket });
    await clientsOf(running);
    running.final('here I am');
    expect(await listening.exit).to.equal(0);
    expect(listening.err.match(/Waiting/g)).to.have.length(1);
  });

  it('ends with 0 when its reader goes away', async () => {
    const running = await outlets();
    const stdout = new Writable({
      write: (_chunk, _encoding, done) => {
        done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
      },
    });
    const exit = runListen(
      { ws: running.url, json: true },
      { stdout, stderr: { write: () => true }, signal: new AbortController().signal },
    );
    await clientsOf(running);
    running.final('to nobody');
    expect(await exit).to.equal(0);
  });

  const wrong: [string, ListenOptions][] = [
    ['both transports', { ws: 'ws://127.0.0.1:1', zmq: 'tcp://127.0.0.1:1' }],
    ['a bad address', { ws: 'http://127.0.0.1' }],
    ['a bad endpoint', { zmq: '127.0.0.1:6552' }],
    ['a port that cannot be', { zmq: 'tcp://127.0.0.1:99999' }],
    ['a count of 0', { count: 0 }],
    ['a count that is no number', { count: Number.NaN }],
  ];
  for (const [what, options] of wrong) {
    it(`refuses ${what} with 2 and one line`, async () => {
      const listening = run(options);
      expect(await listening.exit).to.equal(2);
      expect(listening.err).to.match(/^rtap listen: [^\n]+\n$/);
    });
  }

  /** Waits until the command's connection has been taken. */
  async function clientsOf(running: RunningOutlets): Promise<void> {
    while (running.webSocket.stats().clients === 0) {
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
  }
});

describe('ListenView', () => {
  const ledger = ledgerOf();
  const partial = (text: string) => ledger.stamp('transcripts', transcriptBody(text, 'partial'));

  function view(terminal: { isTTY?: boolean; columns?: number }) {
    const written: string[] = [];
    const output = { write: (text: string) => written.push(text), ...terminal };
    return { view: new ListenView(output), written };
  }

  it('rewrites a partial on its line, and puts the final in its place', () => {
    const { view: terminal, written } = view({ isTTY: true, columns: 40 });
    terminal.show(partial('turn on'));
    terminal.show(partial('turn on the'));
    terminal.show(ledger.stamp('transcripts', transcriptBody('turn on the light')));
    const clear = '\r\x1b[2K';
    expect(written.slice(0, 3)).to.deep.equal([`${clear}turn on`, `${clear}turn on the`, clear]);
    expect(written[3]).to.match(/ en \(file\): turn on the light\n$/);
    expect(written).to.have.length(4);
  });

  it('keeps a partial to one line by its end', () => {
    const { view: terminal, written } = view({ isTTY: true, columns: 20 });
    terminal.show(partial('this is a sentence that goes on and on'));
    expect(written[0]).to.equal('\r\x1b[2K…t goes on and on');
  });

  it('lets no text drive the terminal', () => {
    const { view: terminal, written } = view({ isTTY: true, columns: 80 });
    terminal.show(partial('a\x1b[2Jb'));
    terminal.show(ledger.stamp('transcripts', transcriptBody('a\x1b]0;x\x07b\nc')));
    terminal.show(ledger.stamp('events', eventBody({ note: 'x\r\x1b[31m' })));
    const text = written.join('').replaceAll('\r\x1b[2K', '');
    expect(text.replaceAll('\n', '')).to.match(/^\P{Cc}*$/u);
    expect(text.split('\n')).to.have.length(3);
  });

  it('prints no partials where nothing can be rewritten', () => {
    const { view: plain, written } = view({});
    plain.show(partial('turn on'));
    expect(written).to.deep.equal([]);
  });
});
