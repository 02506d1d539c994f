import type {
  AnyMachineSnapshot,
  AnyStateMachine,
  ContextFrom,
  EventFromLogic,
  EventObject,
  InputFrom,
  SnapshotFrom,
} from 'xstate';
import type { Alphabet } from '../../support/explore.ts';

/** How one machine is explored, and what is expected of it. */
export interface Exploration extends Alphabet {
  /** States that only a shutdown leaves, each with the reason why that is right. */
  readonly rests: Readonly<Record<string, string>>;
  /** After it, nothing but timers leads to the end, within the bound. */
  readonly shutdown: EventObject;
  readonly boundMs: number;
  readonly hasEnded: (snapshot: AnyMachineSnapshot) => boolean;
}

const BOUND_MS = 200;

interface Options<TMachine extends AnyStateMachine> {
  readonly input?: InputFrom<TMachine>;
  readonly events:
    | readonly EventFromLogic<TMachine>[]
    | ((snapshot: SnapshotFrom<TMachine>) => readonly EventFromLogic<TMachine>[]);
  /** What of the context a guard asks for; nothing when left out. */
  readonly key?: (context: ContextFrom<TMachine>) => unknown;
  readonly rests?: Readonly<Record<string, string>>;
}

/** An exploration of a machine that obeys the contract with its supervisor. */
export function exploring<TMachine extends AnyStateMachine>(
  machine: TMachine,
  { input, events, key = () => null, rests = {} }: Options<TMachine>,
): Exploration {
  const shutdown = { type: 'sup.shutdown', withinMs: BOUND_MS };
  return {
    machine,
    input,
    events: (snapshot) => [
      { type: 'sup.ping' },
      shutdown,
      ...(typeof events === 'function' ? events(snapshot as SnapshotFrom<TMachine>) : events),
    ],
    key: (snapshot) => key(snapshot.context as ContextFrom<TMachine>),
    rests,
    shutdown,
    boundMs: BOUND_MS,
    hasEnded: ({ status }) => status === 'done',
  };
}
