import { setTimeout as delay } from 'node:timers/promises';
import type { Microphone } from '../support/microphone.ts';
import type { Chance } from '../conformance/otp/chance.ts';

const COMMAND = 'Turn on the kitchen lights.';
/** Between two things that happen to it. */
const MAX_PAUSE_MS = 600;
/** While it comes back it may be cut; after that it must be heard. */
const MAX_TRIES = 3;

/** What is wrong with the card at the moment. */
interface Condition {
  isFrozen: boolean;
  isDead: boolean;
  isUnplugged: boolean;
  isSuspended: boolean;
  hasSecond: boolean;
}

interface Step {
  readonly name: string;
  isPossible(condition: Condition): boolean;
  run(microphone: Microphone, condition: Condition): Promise<void> | void;
}

const answers = ({ isFrozen, isDead }: Condition): boolean => !isFrozen && !isDead;

const STEPS: readonly Step[] = [
  {
    name: 'unplug',
    isPossible: (now) => answers(now) && !now.isUnplugged,
    run: async ({ card }, now) => {
      await card.unplug();
      Object.assign(now, { isUnplugged: true, isSuspended: false });
    },
  },
  {
    name: 'plug',
    isPossible: (now) => answers(now) && now.isUnplugged,
    run: async ({ card }, now) => {
      await card.plug();
      now.isUnplugged = false;
    },
  },
  {
    name: 'suspend',
    isPossible: (now) => answers(now) && !now.isUnplugged && !now.isSuspended,
    run: async ({ card }, now) => {
      await card.suspend();
      now.isSuspended = true;
    },
  },
  {
    name: 'resume',
    isPossible: (now) => answers(now) && now.isSuspended,
    run: async ({ card }, now) => {
      await card.resume();
      now.isSuspended = false;
    },
  },
  {
    name: 'freeze',
    isPossible: answers,
    run: async ({ card }, now) => {
      await card.freeze();
      now.isFrozen = true;
    },
  },
  {
    name: 'thaw',
    isPossible: ({ isFrozen }) => isFrozen,
    run: async ({ card }, now) => {
      await card.thaw();
      now.isFrozen = false;
    },
  },
  {
    name: 'kill the server',
    isPossible: ({ isDead }) => !isDead,
    run: async ({ card }, now) => {
      await card.kill();
      Object.assign(now, { isDead: true, isFrozen: false, isUnplugged: true, isSuspended: false });
      now.hasSecond = false;
    },
  },
  {
    name: 'start the server',
    isPossible: ({ isDead }) => isDead,
    run: async ({ card }, now) => {
      await card.startServer();
      now.isDead = false;
    },
  },
  {
    name: 'put in another microphone',
    isPossible: (now) => answers(now) && !now.hasSecond,
    run: async ({ card }, now) => {
      await card.second();
      now.hasSecond = true;
    },
  },
  {
    name: 'pull out the other microphone',
    isPossible: (now) => answers(now) && now.hasSecond,
    run: async ({ card }, now) => {
      await card.removeSecond();
      now.hasSecond = false;
    },
  },
  {
    name: 'kill what records',
    isPossible: () => true,
    run: (microphone) => {
      microphone.signalCaptures('SIGKILL');
    },
  },
  {
    name: 'freeze what records',
    isPossible: () => true,
    run: (microphone) => {
      microphone.signalCaptures('SIGSTOP');
    },
  },
];

/**
 * Does so many things to a microphone, as chance has it, mends them, and then says a command. Returns what was done;
 * throws when the command is not heard.
 */
export async function tryMicrophone(
  microphone: Microphone,
  chance: Chance,
  steps: number,
): Promise<string[]> {
  const now: Condition = {
    isFrozen: false,
    isDead: false,
    isUnplugged: false,
    isSuspended: false,
    hasSecond: false,
  };
  const done: string[] = [];
  const take = async (step: Step): Promise<void> => {
    done.push(step.name);
    await step.run(microphone, now);
  };
  for (let count = 0; count < steps; count += 1) {
    const possible = STEPS.filter((step) => step.isPossible(now));
    const step = possible[chance.whole(0, possible.length - 1)];
    if (step !== undefined) await take(step);
    await delay(chance.unit() * MAX_PAUSE_MS);
  }
  for (const name of [
    'thaw',
    'start the server',
    'plug',
    'resume',
    'pull out the other microphone',
  ]) {
    const step = STEPS.find((one) => one.name === name);
    if (step?.isPossible(now) === true) await take(step);
  }
  const heard = await microphone.hearsAgain('jarviscmd_am_michael', MAX_TRIES);
  if (heard !== COMMAND) throw new Error(`heard ${String(heard)} after: ${done.join(', ')}`);
  return done;
}
