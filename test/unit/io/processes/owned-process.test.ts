import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { expect } from 'chai';
import {
  freeze,
  isGone,
  isGoneSoon,
  isSoon,
  killStarted,
  startProcess,
  startShell,
} from './watched-process.ts';

/** Long enough that no test waits for it. */
const FOR_EVER = 'exec sleep 1000';
const READY = { when: 'line', matching: 'ready' } as const;
/** Says that it is ready, and ignores SIGTERM. */
const STUBBORN = `trap '' TERM; echo ready; ${FOR_EVER}`;

function types(events: readonly { type: string }[]): string[] {
  return events.map(({ type }) => type);
}

function node(script: string): { command: string; args: readonly string[] } {
  return { command: process.execPath, args: ['--eval', script] };
}

/** How many this process has open. */
function descriptors(): number {
  return readdirSync('/proc/self/fd').length;
}

describe('OwnedProcess', () => {
  afterEach(killStarted);

  describe('is ready', () => {
    it('as soon as it runs, unless something else was asked for', async () => {
      const sleeper = startShell(FOR_EVER);
      await sleeper.told('ready');
      expect(sleeper.events[0]).to.deep.equal({ type: 'spawned', pid: sleeper.pid });
      expect(types(sleeper.events)).to.deep.equal(['spawned', 'ready']);
    });

    for (const [where, matching] of [
      ['>&1', 'up and ready'],
      ['>&2', 'ready'],
      ['>&1', /^up .*y$/g],
    ] as const) {
      it(`by a line ${where} that has ${String(matching)} in it`, async () => {
        const shell = startShell(`echo down; printf 'up and '; echo ready ${where}; ${FOR_EVER}`, {
          readiness: { when: 'line', matching },
        });
        await shell.told('ready');
        expect(types(shell.events)).to.deep.equal(['spawned', 'ready']);
      });
    }

    it('by a message, and by no other', async () => {
      const child = startProcess({
        ...node("process.send('loading'); process.send({ up: 1 }); setInterval(() => 0, 1e6)"),
        readiness: { when: 'message', matching: (message) => typeof message === 'object' },
      });
      await child.told('ready');
      expect(types(child.events)).to.deep.equal(['spawned', 'message', 'message', 'ready']);
    });

    it('never, when it ends before it has said so', async () => {
      const shell = startShell('echo steady', { readiness: READY });
      expect(await shell.exit()).to.include({ code: 0 });
      expect(types(shell.events)).to.deep.equal(['spawned', 'exited']);
    });
  });

  describe('ends', () => {
    const ENDS = [
      { script: 'exit 0', code: 0, signal: null, description: 'exited with code 0' },
      { script: 'exit 7', code: 7, signal: null, description: 'exited with code 7' },
      {
        script: 'no-such-command',
        code: 127,
        signal: null,
        description: 'exited with code 127 (a command was not found)',
      },
      {
        script: 'kill -SEGV $$',
        code: null,
        signal: 'SIGSEGV',
        description: 'killed by SIGSEGV (crashed)',
      },
      {
        script: 'kill -KILL $$',
        code: null,
        signal: 'SIGKILL',
        description: 'killed by SIGKILL (out of memory, or by hand)',
      },
      {
        script: 'kill -TERM $$',
        code: null,
        signal: 'SIGTERM',
        description: 'killed by SIGTERM (asked to end)',
      },
      { script: 'kill -USR1 $$', code: null, signal: 'SIGUSR1', description: 'killed by SIGUSR1' },
    ];
    for (const { script, ...status } of ENDS) {
      it(`by itself: ${script}`, async () => {
        const shell = startShell(script);
        expect(await shell.exit()).to.deep.equal(status);
        expect(shell.process.pid).to.equal(null);
      });
    }

    it('by SIGTERM when it is asked to stop', async () => {
      const sleeper = startShell(FOR_EVER);
      await sleeper.process.stop(20_000);
      const status = await sleeper.exit();
      expect(status.description).to.equal('killed by SIGTERM (asked to stop)');
    });

    it('as it likes when it handles SIGTERM', async () => {
      const shell = startShell("trap 'exit 3' TERM; echo ready; while :; do sleep 0.01; done", {
        readiness: READY,
      });
      await shell.told('ready');
      await shell.process.stop(20_000);
      expect(await shell.exit()).to.include({ code: 3, signal: null });
    });

    it('by SIGKILL when it ignores SIGTERM for longer than its grace, and not before', async () => {
      const shell = startShell(STUBBORN, { readiness: READY });
      await shell.told('ready');
      const askedMs = performance.now();
      await shell.process.stop(150);
      expect(performance.now() - askedMs).to.be.within(149, 10_000);
      const status = await shell.exit();
      expect(status.description).to.equal('killed by SIGKILL (did not stop within 150 ms)');
    });

    it('by SIGKILL when it is frozen', async () => {
      const sleeper = startShell(FOR_EVER);
      const { pid } = await sleeper.told('spawned');
      await freeze(pid);
      await sleeper.process.stop(50);
      expect(await sleeper.exit()).to.include({ signal: 'SIGKILL' });
      expect(isGone(pid)).to.equal(true);
    });

    it('at once when it is killed, in the midst of a stop too', async () => {
      const shell = startShell(STUBBORN, { readiness: READY });
      await shell.told('ready');
      const stopped = shell.process.stop(1_000_000);
      await shell.process.kill();
      await stopped;
      const status = await shell.exit();
      expect(status.description).to.equal('killed by SIGKILL (by its owner)');
    });

    it('as its owner asks it to, where SIGTERM is not the way', async () => {
      const child = startProcess({
        ...node("process.on('message', () => process.exit(5)); process.send('up')"),
        readiness: { when: 'message' },
      });
      await child.told('ready');
      await child.process.stop(20_000, () => {
        child.process.send({ please: 'end' });
      });
      expect(await child.exit()).to.include({ code: 5, signal: null });
    });

    it('once, whatever is asked of it afterwards', async () => {
      const shell = startShell('exit 0');
      await shell.exit();
      await shell.process.stop(1_000_000);
      await shell.process.kill();
      shell.process.send({ to: 'nobody' });
      expect(types(shell.events)).to.deep.equal(['spawned', 'ready', 'exited']);
    });
  });

  describe('cannot be started', () => {
    const folder = mkdtempSync(join(tmpdir(), 'processes-'));
    const plain = join(folder, 'plain.txt');
    writeFileSync(plain, 'not a program');
    after(() => {
      rmSync(folder, { recursive: true });
    });

    const CASES = [
      {
        what: 'a name that is not on the path',
        options: { command: 'no-such-program' },
        problem: 'no such program no-such-program',
      },
      {
        what: 'a path that leads nowhere',
        options: { command: '/no/such/program' },
        problem: 'no such program /no/such/program',
      },
      {
        what: 'a file that is no program',
        options: { command: plain },
        problem: `${plain} is not executable`,
      },
      {
        what: 'such a file on its path',
        options: { command: 'plain.txt', env: { PATH: folder } },
        problem: 'plain.txt is not executable',
      },
      {
        what: 'such a file in its folder',
        options: { command: './plain.txt', cwd: folder },
        problem: './plain.txt is not executable',
      },
      { what: 'a folder', options: { command: folder }, problem: `${folder} is not executable` },
      {
        what: 'in a folder that is not there',
        options: { command: 'sh', cwd: '/no/such/folder' },
        problem: 'there is no folder /no/such/folder',
      },
      {
        what: 'with an argument that the system refuses',
        options: { command: 'sh', args: ['x'.repeat(3_000_000)] },
        problem: 'spawn E2BIG',
      },
    ];
    for (const { what, options, problem } of CASES) {
      it(`${what}: ${problem}`, async () => {
        const child = startProcess(options);
        const description = `could not be started: ${problem}`;
        expect(await child.exit()).to.deep.equal({ code: null, signal: null, description });
        expect(types(child.events)).to.deep.equal(['exited']);
        await child.process.stop(1_000_000);
      });
    }

    it('and is over at once for one who has asked it to stop meanwhile', async () => {
      const child = startProcess({ command: 'no-such-program' });
      await child.process.stop(1_000_000);
      expect(types(child.events)).to.deep.equal(['exited']);
    });
  });

  describe('says', () => {
    it('its lines, all of them before its exit, and those that are too long cut', async () => {
      const shell = startShell(
        "echo one; echo two >&2; head -c 9000 /dev/zero | tr '\\0' x; echo; printf last",
        { lines: true },
      );
      await shell.exit();
      const lines = shell.events.filter((event) => event.type === 'line');
      expect(lines.filter(({ from }) => from === 'stderr').map(({ text }) => text)).to.deep.equal([
        'two',
      ]);
      expect(
        lines
          .filter(({ from }) => from === 'stdout')
          .map(({ text, cutCharacters }) => [text.length, cutCharacters]),
      ).to.deep.equal([
        [3, 0],
        [8_192, 808],
        [4, 0],
      ]);
      expect(types(shell.events).at(-1)).to.equal('exited');
    });

    it('on its standard error what is kept for its owner, the last of it', async () => {
      const shell = startShell("head -c 100000 /dev/zero | tr '\\0' x >&2; echo the end >&2");
      await shell.exit();
      expect(shell.process.stderrTail).to.have.length(4_096);
      expect(shell.process.stderrTail).to.match(/xthe end\n$/);
    });

    it('what it is told, through its pipes', async () => {
      const shell = startShell('cat >&3', { stdin: 'pipe', pipes: 1 });
      shell.process.pipe(0)?.end('hello');
      let text = '';
      shell.process.pipe(3)?.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      await shell.exit();
      expect(text).to.equal('hello');
    });
  });

  describe('with a group', () => {
    /** Tells the number of a process that it has started. */
    async function grandchild(script: string, group: boolean) {
      const shell = startShell(`sleep 1000 & echo $!; ${script}`, { lines: true, group });
      const { text } = await shell.told('line');
      return { shell, pid: Number(text) };
    }

    it('takes what it has started with it when it stops, frozen or not', async () => {
      const { shell, pid } = await grandchild('wait', true);
      await freeze(pid);
      await shell.process.stop(20_000);
      expect(await isGoneSoon(pid)).to.equal(true);
    });

    it('and when it ends by itself', async () => {
      const { shell, pid } = await grandchild('exit 4', true);
      expect(await shell.exit()).to.include({ code: 4 });
      expect(await isGoneSoon(pid)).to.equal(true);
    });

    it('asks all of it to stop, before it is killed', async () => {
      const member = "(trap 'echo heard; exit 0' TERM; echo ready; while :; do sleep 0.01; done)";
      const shell = startShell(`trap : TERM; ${member} & wait; wait; exit 6`, {
        readiness: READY,
        lines: true,
        group: true,
      });
      await shell.told('ready');
      await shell.process.stop(20_000);
      expect(await shell.exit()).to.include({ code: 6 });
      expect(shell.events).to.deep.include({
        type: 'line',
        from: 'stdout',
        text: 'heard',
        cutCharacters: 0,
      });
    });

    it('and without one leaves them, and its end is told though its outputs are still open', async () => {
      const before = descriptors();
      const { shell, pid } = await grandchild('exit 4', false);
      expect(await shell.exit()).to.include({ code: 4 });
      expect(isGone(pid)).to.equal(false);
      expect(await isSoon(() => descriptors() === before)).to.equal(true);
      process.kill(pid, 'SIGKILL');
      expect(await isGoneSoon(pid)).to.equal(true);
    });
  });

  it('leaves no descriptor, timer or listener after fifty lives', async () => {
    const held = () => ({
      descriptors: descriptors(),
      resources: process.getActiveResourcesInfo().sort(),
      listeners: process.eventNames().map((name) => [name, process.listenerCount(name)]),
    });
    const timersOf = ({ resources }: ReturnType<typeof held>) =>
      resources.filter((name) => name === 'Timeout');
    const options = [
      { command: 'sleep', args: ['1000'], stdin: 'pipe', pipes: 2, lines: true },
      { ...node("process.send('up'); setInterval(() => 0, 1e6)"), readiness: { when: 'message' } },
      { command: 'no-such-program' },
      { command: 'sh', args: ['-c', STUBBORN], readiness: READY, group: true },
      // Its outputs stay open for a moment longer than it lives itself.
      { command: 'sh', args: ['-c', 'sleep 0.3 & echo ready'], readiness: READY },
    ] as const;
    async function live(index: number): Promise<void> {
      const child = startProcess(options[index % options.length] ?? options[0]);
      await Promise.race([child.told('ready'), child.told('exited')]);
      await child.process.stop(index % options.length === 3 ? 10 : 1_000_000);
    }
    await live(0);
    await isSoon(() => !held().resources.includes('ProcessWrap'));
    const before = held();
    for (let index = 0; index < 50; index += 5) {
      await Promise.all([0, 1, 2, 3, 4].map((offset) => live(index + offset)));
    }
    expect(timersOf(held())).to.deep.equal(timersOf(before));
    await isSoon(() => inspect(held()) === inspect(before));
    expect(held()).to.deep.equal(before);
  });
});
