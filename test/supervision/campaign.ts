/** Thousands of random trees with random faults: `tsx test/supervision/campaign.ts --count 20000 --seed 1`. */
import { parseArgs } from 'node:util';
import { search } from './search.ts';

const USAGE = 'usage: tsx test/supervision/campaign.ts [--count N] [--seed N]\n';

/** So many are tried before something is said. */
const BATCH = 2_000;

interface Order {
  readonly count: number;
  readonly seed: number;
}

function orderOf(args: string[]): Order | null {
  try {
    const { values } = parseArgs({
      args,
      options: {
        count: { type: 'string', default: '10000' },
        seed: { type: 'string', default: '1' },
      },
    });
    const order = { count: Number(values.count), seed: Number(values.seed) };
    return Object.values(order).every((one) => Number.isInteger(one) && one > 0) ? order : null;
  } catch {
    return null;
  }
}

/** Each batch has a seed of its own, so that one alone can be had again. */
async function campaign({ count, seed }: Order): Promise<boolean> {
  let isClean = true;
  for (let batch = 0; batch * BATCH < count; batch += 1) {
    const size = Math.min(BATCH, count - batch * BATCH);
    const findings = await search({ count: size, seed: seed + batch });
    for (const { told } of findings.values()) process.stdout.write(`${told}\n\n`);
    isClean &&= findings.size === 0;
    process.stdout.write(`seed ${seed + batch}: ${size} trees, ${findings.size} rules broken\n`);
  }
  return isClean;
}

const order = orderOf(process.argv.slice(2));
if (order === null) {
  process.stderr.write(USAGE);
  process.exitCode = 2;
} else if (!(await campaign(order))) {
  process.exitCode = 1;
}
