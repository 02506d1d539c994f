import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { expect } from 'chai';
import type { ProcessOptions } from '../../../../src/io/processes/owned-process.ts';
import { isDeathPassedOn } from '../../../../src/io/processes/parent-death.ts';
import { freeze, isGone, isGoneSoon } from './watched-process.ts';

const OWNED_PROCESS = new URL('../../../../src/io/processes/owned-process.ts', import.meta.url);

/** A process that owns another one, and the number of that one once it is ready. */
async function startOwner(
  options: ProcessOptions,
  env: NodeJS.ProcessEnv = process.env,
): Promise<{ owner: ChildProcess; pid: number }> {
  const script = `
    const { OwnedProcess } = await import(${JSON.stringify(OWNED_PROCESS.href)});
    const owned = new OwnedProcess(${JSON.stringify(options)}, ({ type }) => {
      if (type === 'ready') console.log(owned.pid);
    });
    setInterval(() => undefined, 1_000_000);`;
  const owner = spawn(
    process.execPath,
    ['--import', 'tsx', '--input-type=module', '--eval', script],
    { stdio: ['ignore', 'pipe', 'inherit'], env },
  );
  const [line] = (await once(createInterface(owner.stdout), 'line')) as [string];
  return { owner, pid: Number(line) };
}

async function kill(owner: ChildProcess): Promise<void> {
  owner.kill('SIGKILL');
  await once(owner, 'exit');
}

describe('death with the parent', () => {
  /** Ready when the program runs, and with it the kernel's promise. */
  const SLEEPER: ProcessOptions = {
    command: '/bin/sh',
    args: ['-c', 'echo ready; exec sleep 1000'],
    readiness: { when: 'line', matching: 'ready' },
  };

  for (const group of isDeathPassedOn() ? [false, true] : []) {
    for (const isFrozen of [false, true]) {
      const what = `${group ? 'in a group of its own' : 'in our group'}${isFrozen ? ', frozen' : ''}`;
      it(`by the kernel: ${what}`, async () => {
        const { owner, pid } = await startOwner({ ...SLEEPER, group });
        expect(isGone(pid)).to.equal(false);
        if (isFrozen) await freeze(pid);
        await kill(owner);
        expect(await isGoneSoon(pid)).to.equal(true);
      });
    }
  }

  it('by its own notice of a closed pipe, where the kernel is not asked', async () => {
    const reader = { command: '/bin/cat', stdin: 'pipe' } as const;
    const { owner, pid } = await startOwner(reader, { ...process.env, PATH: '/no/such/folder' });
    expect(isGone(pid)).to.equal(false);
    await kill(owner);
    expect(await isGoneSoon(pid)).to.equal(true);
  });
});
