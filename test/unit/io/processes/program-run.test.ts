import { expect } from 'chai';
import { runProgram } from '../../../../src/io/processes/program-run.ts';

const FOR_EVER_MS = 30_000;

function runShell(script: string, deadlineMs = FOR_EVER_MS): ReturnType<typeof runProgram> {
  return runProgram({ command: 'sh', args: ['-c', script] }, deadlineMs);
}

describe('runProgram', () => {
  it('tells how a program ended, and what it printed', async () => {
    const { status, stdout, stderr } = await runShell("printf 'one\\ntwo'; echo three >&2; exit 4");
    expect([status.code, stdout, stderr]).to.deep.equal([4, 'one\ntwo', 'three\n']);
  });

  it('gives it the environment that was asked for', async () => {
    const env = { PATH: process.env['PATH'], WORD: 'said' };
    const { stdout } = await runProgram(
      { command: 'sh', args: ['-c', 'echo $WORD'], env },
      FOR_EVER_MS,
    );
    expect(stdout).to.equal('said\n');
  });

  it('keeps a long line whole, and no more than the first MiB', async () => {
    const long = await runShell("head -c 100000 /dev/zero | tr '\\0' x");
    expect(long.stdout).to.equal('x'.repeat(100_000));
    const endless = await runShell("head -c 2000000 /dev/zero | tr '\\0' y");
    expect([endless.status.code, endless.stdout.length]).to.deep.equal([0, 1_048_576]);
  });

  it('kills it at the deadline, and keeps what it had printed', async () => {
    const { status, stdout } = await runShell('echo begun; exec sleep 1000', 300);
    expect(status.description).to.equal('killed by SIGKILL (did not stop within 300 ms)');
    expect(stdout).to.equal('begun\n');
  });

  it('says that there is no such program', async () => {
    const { status, stdout } = await runProgram({ command: 'no-such-program' }, FOR_EVER_MS);
    expect(status.description).to.equal('could not be started: no such program no-such-program');
    expect(stdout).to.equal('');
  });
});
