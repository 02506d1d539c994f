import type { Chance } from './chance.ts';
import type { AutoShutdown, Behaviour, Node, SupervisorNode, WorkerNode } from './scenario.ts';

const MOST_LEVELS = 3;

/** Grows trees whose ids are `w1`, `w2`, … for workers, `s1`, … for supervisors, `t1`, … for templates. */
export class RandomTree {
  readonly #chance: Chance;
  readonly #periodMs: number;
  #workers = 0;
  #supervisors = 0;

  constructor(chance: Chance, periodMs: number) {
    this.#chance = chance;
    this.#periodMs = periodMs;
  }

  supervisor(level: number, above: AutoShutdown): SupervisorNode {
    const chance = this.#chance;
    this.#supervisors += 1;
    const id = `s${this.#supervisors}`;
    const isDynamic = chance.is(level === 1 ? 0.1 : 0.25);
    const strategy = isDynamic
      ? ('simple_one_for_one' as const)
      : chance.pick(['one_for_one', 'one_for_all', 'rest_for_one'] as const);
    const autoShutdown = chance.is(0.3)
      ? chance.pick(['any_significant', 'all_significant'] as const)
      : ('never' as const);
    const children = isDynamic
      ? [this.worker(autoShutdown, 't')]
      : Array.from({ length: chance.whole(level === 1 ? 1 : 0, 4 - level + 1) }, () =>
          this.child(level, autoShutdown),
        );
    return {
      id,
      type: 'supervisor',
      ...this.#flags(level === 1 ? 'never' : above),
      ...(level > 1 && chance.is(0.15) ? { shutdown: 'brutal_kill' as const } : {}),
      strategy,
      intensity: chance.pick([0, 1, 2, 3, 4, 6, 9]),
      periodMs: this.#periodMs,
      autoShutdown,
      children,
    };
  }

  child(level: number, autoShutdown: AutoShutdown): Node {
    return level < MOST_LEVELS && this.#chance.is(0.3)
      ? this.supervisor(level + 1, autoShutdown)
      : this.worker(autoShutdown);
  }

  worker(autoShutdown: AutoShutdown, letter = 'w'): WorkerNode {
    const chance = this.#chance;
    this.#workers += 1;
    return {
      id: `${letter}${this.#workers}`,
      ...this.#flags(autoShutdown),
      ...(chance.is(0.35)
        ? { shutdown: chance.pick<'brutal_kill' | number>(['brutal_kill', 37, 81, 131]) }
        : {}),
      ...this.behaviour(letter === 'w'),
    };
  }

  behaviour(mayFail: boolean): Behaviour {
    const chance = this.#chance;
    return {
      ...(chance.is(0.3) ? { stopTakesMs: chance.pick([23, 59, 113, 171]) } : {}),
      ...(chance.is(0.12) ? { startTakesMs: chance.pick([29, 67, 127]) } : {}),
      ...(chance.is(0.05) ? { ignoresShutdown: true } : {}),
      // Never at the first start: a tree that does not boot shows no more than that.
      ...(mayFail && chance.is(0.3)
        ? { failsStarts: this.#failures(chance.is(0.02) ? 1 : 2) }
        : {}),
    };
  }

  #failures(first: number): number[] {
    const length = this.#chance.whole(1, 3);
    return Array.from({ length }, (_, index) => first + index + (this.#chance.is(0.3) ? 1 : 0));
  }

  #flags(autoShutdown: AutoShutdown): Pick<Node, 'restart' | 'significant'> {
    const chance = this.#chance;
    const restart = chance.pick([
      ...(['permanent', 'permanent', 'permanent', 'transient', 'transient'] as const),
      'temporary',
    ] as const);
    const maySignify = autoShutdown !== 'never' && restart !== 'permanent';
    return { restart, ...(maySignify && chance.is(0.6) ? { significant: true } : {}) };
  }
}
