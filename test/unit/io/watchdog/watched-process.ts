/** A process under a watchdog, with one actor; it blocks as it is told on its input, and says on its output what it was told. */
import { spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { createActor, fromTransition } from 'xstate';
import { Watchdog } from '../../../../src/io/watchdog/watchdog.ts';
import { processRecorder } from '../../../../src/telemetry/flight-recorder.ts';

type Order = { type: 'rest' } | { type: 'spin'; forMs: number } | { type: 'native' };

function spin(forMs: number): void {
  const endMs = performance.now() + forMs;
  while (performance.now() < endMs);
}

const logic = fromTransition((state: null, order: Order) => {
  if (order.type === 'spin') spin(order.forMs);
  // Until our input ends.
  if (order.type === 'native') spawnSync('cat', { stdio: ['inherit', 'ignore', 'ignore'] });
  return state;
}, null);

const monitored: typeof logic = {
  ...logic,
  transition: (snapshot, event, scope) => {
    processRecorder.enter(scope.self.id, event.type);
    try {
      return logic.transition(snapshot, event, scope);
    } finally {
      processRecorder.leave();
    }
  },
};

function print(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

const watchdog = new Watchdog({
  recorder: processRecorder,
  limitMs: Number(process.argv[2]),
  onBlocked: (block) => {
    print({ type: 'block', ...block });
  },
  onUnable: (reason) => {
    print({ type: 'unable', reason });
  },
});
await watchdog.start();
const actor = createActor(monitored, { id: 'worker#1' }).start();

createInterface({ input: process.stdin }).on('line', (line) => {
  if (line === 'ready') watchdog.ready();
  else if (line === 'stopping') watchdog.stopping();
  else {
    actor.send(JSON.parse(line) as Order);
    print({ type: 'done' });
  }
});
print({ type: 'watched' });
