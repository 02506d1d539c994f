import type { AnyActorRef, InspectionEvent } from 'xstate';
import type { Child, Supervisor } from '../../supervisors/child-spec.ts';
import type { SupervisorContext } from '../../supervisors/operations.ts';
import type { SupervisionRecord } from '../../supervisors/records.ts';
import type { SlotReport } from '../../supervisors/slot.ts';

/** What holds in every tree at every moment. */
export const RULES = {
  incarnations: 'never two incarnations of a child are alive',
  order: 'children start in order and stop in reverse, one at a time',
  intensity: 'never more restarts in a period than its intensity, and an escalation at one more',
  restarts: 'each fall is one restart, by its type',
  shutdown: 'a shutdown ends within the sum of its bounds, in a final state',
  leaks: 'nothing is left after the end',
  liveness: 'once the faults stop, the tree is live again or has ended',
  mail: 'no letter is lost: it is received, or a dead letter',
  replies: 'every request is answered once',
} as const;

export type Rule = keyof typeof RULES;

export interface Violation {
  readonly rule: Rule;
  readonly atMs: number;
  readonly text: string;
}

/** What is known of one supervisor's life. */
interface Life {
  starting: string | null;
  /** With the operation that told them to. */
  readonly stopping: Map<string, unknown>;
  readonly lastUp: Map<unknown, number>;
  readonly lastDown: Map<unknown, number>;
  readonly restartsAtMs: number[];
  /** Falls that are to be followed by a restart. */
  falls: number;
  wasAsked: boolean;
}

const isSupervisor = (ref: AnyActorRef): boolean =>
  (ref.getSnapshot() as { machine?: { id: string } } | undefined)?.machine?.id === 'supervisor';

export const contextOf = (supervisor: AnyActorRef): SupervisorContext =>
  (supervisor.getSnapshot() as { context: SupervisorContext }).context;

/** Watches a tree from without, by what its actors say to each other, and counts for itself. */
export class Witness {
  readonly violations: Violation[] = [];
  readonly #now: () => number;
  readonly #lives = new Map<AnyActorRef, Life>();
  readonly #incarnations = new Map<string, AnyActorRef>();
  readonly #supervisors = new Map<string, AnyActorRef>();
  /** Of the letters that a slot had kept: to whom, and when. */
  readonly #handedOver: { readonly id: string; readonly atMs: number }[] = [];
  /** How many of those went to a child that was killed before it could look. */
  killedAtHandover = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  broken(rule: Rule, text: string): void {
    this.violations.push({ rule, atMs: this.#now(), text });
  }

  /** For the `inspect` option. */
  observe(inspected: InspectionEvent): void {
    const ref = inspected.actorRef as AnyActorRef;
    if (inspected.type === '@xstate.actor') this.#born(ref);
    else if (inspected.type === '@xstate.snapshot') {
      if (isSupervisor(ref)) this.#count(ref);
    } else if (inspected.type === '@xstate.event') {
      const { event } = inspected;
      if (event.type === 'slot.start') this.#started(ref);
      else if (event.type === 'slot.stop') this.#toldToStop(ref);
      else if (/^slot\.(up|down|fell)$/.test(event.type)) this.#reported(ref, event as SlotReport);
      else if (event.type === 'test.mail' && inspected.sourceRef === ref._parent) {
        this.#handedOver.push({ id: ref.id, atMs: this.#now() });
      } else if (event.type === 'sup.request') this.#life(ref).wasAsked = true;
    }
  }

  /** For the records of the root. */
  note(record: SupervisionRecord): void {
    if (record.kind === 'stopped' && record.reason === 'killed') {
      const id = `${record.child}#${record.incarnation}`;
      const isJust = (one: { id: string; atMs: number }): boolean =>
        one.id === id && one.atMs === this.#now();
      this.killedAtHandover += this.#handedOver.filter(isJust).length;
    }
    if (record.kind !== 'escalated' || !record.reason.includes(' gave up after ')) return;
    const ref = this.#supervisors.get(record.supervisor);
    if (ref === undefined || !record.reason.startsWith(`${record.supervisor} gave up`)) return;
    const recent = this.#recent(ref);
    const { restarts } = contextOf(ref).spec.intensity;
    this.#life(ref).falls -= 1;
    if (recent !== restarts) {
      this.broken('intensity', `${record.supervisor} gave up after ${recent} of ${restarts}`);
    }
  }

  /** While nothing is under way: whether each fall was a restart. Groups and requests make up for falls otherwise. */
  compareFalls(supervisor: AnyActorRef): void {
    const { spec } = contextOf(supervisor);
    const { falls, restartsAtMs, wasAsked } = this.#life(supervisor);
    const isSingle = spec.strategy === 'one_for_one' || spec.strategy === 'simple_one_for_one';
    if (!isSingle || wasAsked || falls === restartsAtMs.length) return;
    this.broken('restarts', `${spec.id}: ${falls} falls, ${restartsAtMs.length} restarts`);
  }

  #life(supervisor: AnyActorRef): Life {
    let life = this.#lives.get(supervisor);
    if (life === undefined) {
      life = {
        starting: null,
        stopping: new Map(),
        lastUp: new Map(),
        lastDown: new Map(),
        restartsAtMs: [],
        falls: 0,
        wasAsked: false,
      };
      this.#lives.set(supervisor, life);
    }
    return life;
  }

  #born(ref: AnyActorRef): void {
    const [, name, number] = /^(.*)#(\d+)$/.exec(ref.id) ?? [];
    if (name === undefined) return;
    const before = this.#incarnations.get(name);
    const { status = '' } = (before?.getSnapshot() ?? {}) as { status?: string };
    if (status === 'active')
      this.broken('incarnations', `${before?.id ?? ''} lives, and ${ref.id}`);
    this.#incarnations.set(name, ref);
    this.#supervisors.set(name, ref);
    const { spec } = (ref._parent?.getSnapshot() as { context: { spec: Child } }).context;
    if (spec.restart === 'temporary' && number !== '1') {
      this.broken('restarts', `${ref.id} is temporary`);
    }
  }

  #count(supervisor: AnyActorRef): void {
    const { restarts, spec } = contextOf(supervisor);
    this.#supervisors.set(spec.id, supervisor);
    const { restartsAtMs } = this.#life(supervisor);
    while (restartsAtMs.length < restarts) {
      restartsAtMs.push(this.#now());
      const recent = this.#within(supervisor);
      if (recent > spec.intensity.restarts) {
        this.broken('intensity', `${spec.id}: ${recent} restarts of ${spec.intensity.restarts}`);
      }
    }
  }

  #recent(supervisor: AnyActorRef): number {
    this.#count(supervisor);
    return this.#within(supervisor);
  }

  /** One that is exactly a period old still counts. */
  #within(supervisor: AnyActorRef): number {
    const sinceMs = this.#now() - contextOf(supervisor).spec.intensity.periodMs;
    return this.#life(supervisor).restartsAtMs.filter((atMs) => atMs >= sinceMs).length;
  }

  #started(slot: AnyActorRef): void {
    const supervisor = slot._parent;
    if (supervisor === undefined) return;
    const life = this.#life(supervisor);
    if (life.starting !== null) this.broken('order', `${slot.id} starts beside ${life.starting}`);
    const [stopping] = life.stopping.keys();
    if (stopping !== undefined) this.broken('order', `${slot.id} starts while ${stopping} stops`);
    life.starting = slot.id;
  }

  #toldToStop(slot: AnyActorRef): void {
    const supervisor = slot._parent;
    if (supervisor === undefined) return;
    const { plan, spec } = contextOf(supervisor);
    const { stopping } = this.#life(supervisor);
    if (stopping.has(slot.id)) return;
    const beside = [...stopping].find(([, cause]) => cause === plan?.cause)?.[0];
    if (beside !== undefined && spec.strategy !== 'simple_one_for_one') {
      this.broken('order', `${slot.id} is told to stop beside ${beside}`);
    }
    stopping.set(slot.id, plan?.cause);
  }

  #reported(supervisor: AnyActorRef, report: SlotReport): void {
    if (!('id' in report)) return;
    const { children, plan, spec } = contextOf(supervisor);
    const life = this.#life(supervisor);
    const slot = `slot:${report.id}`;
    const index = children.findIndex((entry) => entry.spec.id === report.id);
    switch (report.type) {
      case 'slot.up': {
        life.starting = null;
        const last = life.lastUp.get(plan?.cause) ?? -1;
        if (index <= last) this.broken('order', `${report.id} is up after a later one`);
        life.lastUp.set(plan?.cause, index);
        return;
      }
      case 'slot.down': {
        if (life.starting === slot) life.starting = null;
        const cause = life.stopping.get(slot);
        life.stopping.delete(slot);
        if (report.reason === null || spec.strategy === 'simple_one_for_one') return;
        const last = life.lastDown.get(cause) ?? Infinity;
        if (index >= last) this.broken('order', `${report.id} is down after an earlier one`);
        life.lastDown.set(cause, index);
        return;
      }
      case 'slot.fell': {
        const isFailedRestart = life.starting === slot && plan?.cause.kind === 'restart';
        if (life.starting === slot) life.starting = null;
        const child = children[index]?.spec;
        if (child === undefined || plan?.cause.kind === 'end') return;
        if (isFailedRestart || (!report.isStarting && isRestarted(child, report.exit))) {
          life.falls += 1;
        }
        return;
      }
      default:
    }
  }
}

function isRestarted({ restart }: Child, exit: string): boolean {
  return restart === 'permanent' || (restart === 'transient' && exit === 'abnormal');
}

/** The longest that a running supervisor may take to stop, with all that was added to it. */
export function boundMs(supervisor: AnyActorRef): number {
  const { children, spec } = contextOf(supervisor);
  const bounds = children.map(({ spec: child }) => {
    const ref = supervisor.system.get(child.id) as AnyActorRef | undefined;
    return childBoundMs(child, ref);
  });
  return inTotal(spec, bounds);
}

function childBoundMs(child: Child, ref?: AnyActorRef): number {
  const { shutdownMs } = child;
  if (shutdownMs === 'brutal_kill') return 0;
  if (child.type === 'worker') {
    const { stopAfterMs = 0 } = child.input as { stopAfterMs?: number };
    return shutdownMs === 'infinity' ? stopAfterMs : shutdownMs;
  }
  const ownMs =
    ref !== undefined && isSupervisor(ref)
      ? boundMs(ref)
      : inTotal(
          child,
          child.children.map((one) => childBoundMs(one)),
        );
  return shutdownMs === 'infinity' ? ownMs : Math.min(ownMs, shutdownMs);
}

function inTotal({ strategy }: Supervisor, bounds: readonly number[]): number {
  if (strategy === 'simple_one_for_one') return Math.max(0, ...bounds);
  return bounds.reduce((sum, bound) => sum + bound, 0);
}
