import { expect } from 'chai';
import type { Benchmark, Bound } from '../../../src/bench/benchmark.ts';
import { runBench } from '../../../src/cli/bench.ts';
import type { BenchOptions } from '../../../src/cli/bench.ts';
import { RtapError } from '../../../src/domain/errors.ts';
import { CapturedIo } from '../cli/captured-io.ts';

const OPTIONS: BenchOptions = { name: null, isQuick: false, json: false, isStderrTty: false };

function benchmark(name: string, measured: number): Benchmark {
  const bound: Bound = { what: `the ${name} time`, measured, atMost: 1.15 };
  return {
    name,
    run: (run) => {
      run.onProgress('turns', 0.5);
      const rows = [
        ['', 'ms'],
        ['a turn', '7.00'],
      ];
      return Promise.resolve({
        figures: { turn_ms: 7 },
        tables: [{ title: 'Turns', rows }],
        bounds: [bound],
      });
    },
  };
}

const GOOD = benchmark('good', 1.15);
const SLOW = benchmark('slow', 1.16);

async function bench(options: Partial<BenchOptions>, benchmarks: readonly Benchmark[]) {
  const io = new CapturedIo();
  const code = await runBench({ ...OPTIONS, ...options }, io, benchmarks);
  return { code, io, stdout: io.stdout.text, stderr: io.stderr.text };
}

describe('rtap bench', () => {
  it('draws a table, names the machine, and succeeds while the bounds hold', async () => {
    const { code, stdout, stderr } = await bench({}, [GOOD]);
    expect(code).to.equal(0);
    expect(stdout).to.contain(`node ${process.versions.node}`).and.to.contain('a turn  7.00');
    expect(stdout).to.contain('held: the good time, is 1.150; at most 1.15 is allowed');
    expect(stderr).to.equal('');
  });

  it('fails and says which, when a bound is exceeded or was not measured', async () => {
    const { code, stdout, stderr } = await bench({}, [GOOD, SLOW]);
    expect(code).to.equal(1);
    expect(stderr).to.equal('rtap: too slow: the slow time, is 1.160; at most 1.15 is allowed\n');
    expect(stdout).to.contain('exceeded: the slow time');
    expect((await bench({}, [benchmark('odd', Number.NaN)])).code).to.equal(1);
  });

  it('does not judge a quick run', async () => {
    const { code, stdout, stderr } = await bench({ isQuick: true }, [SLOW]);
    expect(code).to.equal(0);
    expect(stderr).to.equal('');
    expect(stdout).to.contain('too short to judge');
  });

  it('fails, and says why, when this machine cannot run one, and runs the others', async () => {
    const problem = 'There is no sound server on this machine';
    const unable: Benchmark = {
      name: 'unable',
      problem: () => problem,
      run: () => Promise.reject(new Error('it was run')),
    };
    for (const isQuick of [true, false]) {
      const { code, stdout, stderr } = await bench({ isQuick }, [unable, GOOD]);
      expect(code).to.equal(1);
      expect(stderr).to.equal(`rtap: ${problem}; the benchmark unable was not run.\n`);
      expect(stdout).to.contain('held: the good time');
      const { io } = await bench({ isQuick, json: true }, [unable, GOOD]);
      expect(io.json()).to.deep.include({ ok: false, not_run: { unable: problem } });
    }
    const alone = await bench({ name: 'unable', isQuick: true }, [unable, GOOD]);
    expect(alone.code).to.equal(1);
    expect(alone.stdout).to.equal('');
  });

  it('tells programs the same as JSON', async () => {
    const { code, io } = await bench({ json: true }, [SLOW]);
    expect(code).to.equal(1);
    const { ok, quick, benchmarks } = io.json() as Record<string, unknown>;
    expect({ ok, quick, benchmarks }).to.deep.equal({
      ok: false,
      quick: false,
      benchmarks: {
        slow: {
          turn_ms: 7,
          bounds: [{ what: 'the slow time', measured: 1.16, at_most: 1.15, held: false }],
        },
      },
    });
  });

  it('shows its progress on a terminal alone, and clears it', async () => {
    const { stderr } = await bench({ isStderrTty: true }, [GOOD]);
    expect(stderr).to.contain('good: turns 50 %');
    expect(stderr.endsWith('\r\u001b[K')).to.equal(true);
  });

  it('runs the one that is named, and refuses a name that there is not', async () => {
    const { stdout } = await bench({ name: 'good' }, [SLOW, GOOD]);
    expect(stdout).not.to.contain('slow');
    let refusal: unknown;
    try {
      await bench({ name: 'speed' }, [SLOW, GOOD]);
    } catch (thrown) {
      refusal = thrown;
    }
    expect(refusal).to.be.instanceOf(RtapError);
    expect(refusal).to.include({
      code: 'USAGE',
      message: 'There is no benchmark "speed"; there is slow, good.',
    });
  });
});
