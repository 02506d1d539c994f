import type { AnyActorRef, AnyMachineSnapshot } from 'xstate';
import type { SupervisionEmitted } from '../../supervisors/records.ts';
import {
  deleteChild,
  restartChild,
  startChild,
  terminateChild,
} from '../../supervisors/requests.ts';
import type { SupervisorReply } from '../../supervisors/requests.ts';
import { Sys, SysError } from '../../supervisors/sys.ts';
import { RunningTree } from '../support/supervised.ts';
import type { Scenario, Step } from './random-tree.ts';
import { Witness, boundMs, contextOf } from './witness.ts';
import type { Violation } from './witness.ts';

/** After so long without faults a tree must be live again. */
const SETTLED_MS = 20_000;

/** Sent at once: more than some stashes hold. */
const LETTERS = 3;

/** Runs a scenario, lets it settle, shuts it down; tells which rules were broken. */
export async function trial(scenario: Scenario): Promise<readonly Violation[]> {
  const attempt = new Trial(scenario);
  return attempt.run();
}

class Trial {
  readonly #scenario: Scenario;
  readonly #tree: RunningTree;
  readonly #witness: Witness;
  readonly #sys: Sys;
  #asked = 0;
  #answered = 0;
  /** Children that are down with good reason, so far. */
  readonly #excused = new Set<string>();
  /** Children that somebody asked to terminate, and supervisors of groups in which that happened. */
  readonly #terminated = new Set<string>();
  /** Lives that hang and are to be found. */
  readonly #hung = new Set<AnyActorRef>();
  #letters = 0;
  #seenRecords = 0;
  #deadlineMs = Infinity;

  constructor(scenario: Scenario) {
    this.#scenario = scenario;
    this.#witness = new Witness(() => this.#nowMs());
    this.#tree = new RunningTree(scenario.tree, {
      observe: (inspected) => {
        this.#witness.observe(inspected);
      },
    });
    this.#tree.root.on('supervision.record', (emitted) => {
      this.#witness.note((emitted as unknown as SupervisionEmitted).record);
    });
    this.#sys = new Sys(this.#tree.root);
  }

  async run(): Promise<readonly Violation[]> {
    this.#tree.root.start();
    this.#advance(0);
    for (const step of this.#scenario.steps) {
      this.#advance(step.afterMs);
      if (this.#tree.end !== null) break;
      this.#do(step);
      this.#advance(0);
    }
    this.#settle();
    await this.#compareReplies();
    if (this.#tree.end === null && this.#deadlineMs === Infinity) {
      this.#stop('sup.shutdown');
      this.#settle();
    }
    if (this.#tree.end === null) this.#witness.broken('shutdown', 'it never ended');
    this.#account();
    await this.#compareReplies();
    return this.#witness.violations;
  }

  #nowMs(): number {
    // The witness hears of the root before the tree is there.
    return (this.#tree as RunningTree | undefined)?.clock.now() ?? 0;
  }

  /** Looks at everything after every step of virtual time. */
  #advance(durationMs: number): void {
    const { clock } = this.#tree;
    const endMs = clock.now() + durationMs;
    let isMore = true;
    while (isMore) {
      isMore = clock.step(endMs);
      this.#look();
    }
  }

  #look(): void {
    const { records, world } = this.#tree;
    for (; this.#seenRecords < records.length; this.#seenRecords += 1) {
      const record = records[this.#seenRecords];
      if (record === undefined) break;
      if (record.kind === 'fell' && record.exit !== 'abnormal') this.#excused.add(record.child);
      else if (record.kind === 'started') this.#excused.delete(record.child);
    }
    for (const id of world.doubled.splice(0)) this.#witness.broken('incarnations', `two of ${id}`);
    if (this.#tree.end === null && this.#nowMs() > this.#deadlineMs) {
      this.#witness.broken('shutdown', `it should have ended at ${this.#deadlineMs} ms`);
      this.#deadlineMs = NaN;
    }
  }

  #do(step: Step): void {
    switch (step.do) {
      case 'shutdown':
      case 'escalate':
        this.#stop(`sup.${step.do}`);
        return;
      case 'start': {
        // A child more would be a longer bound.
        if (this.#deadlineMs !== Infinity) return;
        const supervisor = this.#supervisor(step.supervisor);
        if (supervisor !== undefined) this.#await(supervisor, startChild(supervisor, step.child));
        return;
      }
      case 'terminate':
      case 'restart':
      case 'delete':
        this.#ask(step.do, step.id);
        return;
      case 'mail':
        for (let sent = 0; sent < LETTERS; sent += 1) {
          this.#letters += 1;
          this.#tree.mail(step.id, this.#letters);
        }
        return;
      case 'kill':
      case 'suspend':
      case 'resume':
        this.#operate(step.do, step.id);
        return;
      case 'hang':
        this.#hang(step.id);
        return;
      case 'crash':
      case 'end':
      case 'end_shutdown':
        this.#tree.tell(step.id, `test.${step.do}`);
    }
  }

  #stop(type: 'sup.shutdown' | 'sup.escalate'): void {
    const { root } = this.#tree;
    if (this.#deadlineMs === Infinity) this.#deadlineMs = this.#nowMs() + boundMs(root);
    root.send({ type, reason: 'the scenario says so' });
  }

  #supervisor(id: string): AnyActorRef | undefined {
    return id === this.#scenario.tree.id ? this.#tree.root : this.#tree.find(id);
  }

  #ask(what: 'terminate' | 'restart' | 'delete', id: string): void {
    const slot = this.#tree.find(`slot:${id}`);
    const supervisor = slot?._parent;
    if (supervisor === undefined) return;
    if (what === 'terminate') {
      const { spec } = contextOf(supervisor);
      this.#terminated.add(id);
      // Whoever was to be started with it stays down as well.
      const isGroup = spec.strategy === 'one_for_all' || spec.strategy === 'rest_for_one';
      if (isGroup) this.#terminated.add(spec.id);
    }
    const requests = { terminate: terminateChild, restart: restartChild, delete: deleteChild };
    this.#await(supervisor, requests[what](supervisor, id));
  }

  #await(supervisor: AnyActorRef, request: Promise<SupervisorReply>): void {
    this.#asked += 1;
    void request.then((reply) => {
      this.#answered += 1;
      // Others may be killed with what they were asked for.
      if (supervisor === this.#tree.root && !reply.ok && reply.error === 'noproc') {
        this.#witness.broken('replies', 'the root ended without an answer');
      }
    });
  }

  /** Requests are answered by promises. */
  async #compareReplies(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    if (this.#answered !== this.#asked) {
      this.#witness.broken('replies', `${this.#answered} of ${this.#asked} answered`);
    }
  }

  #operate(what: 'kill' | 'suspend' | 'resume', id: string): void {
    try {
      this.#sys[what](id);
    } catch (thrown) {
      if (!(thrown instanceof SysError)) throw thrown;
    }
  }

  #hang(id: string): void {
    const ref = this.#tree.find(id);
    const slot = this.#tree.find(`slot:${id}`);
    if (ref === undefined || slot === undefined) return;
    const { spec } = (slot.getSnapshot() as { context: { spec: { [key: string]: unknown } } })
      .context;
    // One that may take for ever and does is nobody's fault.
    if (spec['shutdownMs'] === 'infinity') return;
    if (spec['heartbeat'] !== null) this.#hung.add(ref);
    ref.send({ type: 'test.hang' });
  }

  /** No more faults: waits until the tree is live or has ended. */
  #settle(): void {
    const endMs = this.#nowMs() + SETTLED_MS;
    let lacking: string | null = null;
    do {
      this.#resumeAll(this.#tree.root);
      this.#advance(100);
      lacking = this.#tree.end === null ? this.#lacking(this.#tree.root) : null;
    } while (lacking !== null && this.#nowMs() < endMs);
    if (lacking !== null) this.#witness.broken('liveness', lacking);
    if (this.#tree.end === null) this.#compareFalls(this.#tree.root);
  }

  #resumeAll(supervisor: AnyActorRef): void {
    if (this.#tree.end !== null) return;
    for (const { ref, spec } of this.#running(supervisor)) {
      if (spec.type === 'supervisor') this.#resumeAll(ref);
      else this.#operate('resume', spec.id);
    }
  }

  #compareFalls(supervisor: AnyActorRef): void {
    this.#witness.compareFalls(supervisor);
    for (const { ref, spec } of this.#running(supervisor)) {
      if (spec.type === 'supervisor') this.#compareFalls(ref);
    }
  }

  #running(supervisor: AnyActorRef) {
    return contextOf(supervisor).children.flatMap(({ spec }) => {
      const ref = this.#tree.find(spec.id);
      return ref === undefined ? [] : [{ ref, spec }];
    });
  }

  /** What a supervisor lacks to be live; null when it is. */
  #lacking(supervisor: AnyActorRef): string | null {
    const { awaiting, children, pending, spec } = contextOf(supervisor);
    const { value } = supervisor.getSnapshot() as { value: unknown };
    if (value !== 'running') return `${spec.id} is ${JSON.stringify(value)}`;
    if (pending.length > 0) return `${spec.id} has work`;
    for (const { spec: child, status } of children) {
      if (status === 'down' && this.#isExcused(child.id, spec.id)) continue;
      if (status !== 'running') return `${child.id} is ${status}`;
      const slot = this.#tree.find(`slot:${child.id}`);
      const ref = this.#tree.find(child.id);
      const isUp = (slot?.getSnapshot() as AnyMachineSnapshot | undefined)?.matches({ live: 'up' });
      if (isUp !== true || ref === undefined) return `${child.id} runs, and is not up`;
      if (this.#hung.has(ref)) return `${child.id} hangs`;
      const below = child.type === 'supervisor' ? this.#lacking(ref) : null;
      if (below !== null) return below;
    }
    const waited = Object.keys(awaiting).find((id) =>
      children.some((entry) => entry.spec.id === id && entry.status === 'restarting'),
    );
    return waited === undefined ? null : `${waited} is waited for`;
  }

  #isExcused(id: string, supervisorId: string): boolean {
    const terminated = this.#terminated;
    return this.#excused.has(id) || terminated.has(id) || terminated.has(supervisorId);
  }

  /** What must be even at the end. */
  #account(): void {
    const { lateLetters, records, world } = this.#tree;
    const left = this.#tree.leftovers();
    if (left.length > 0) this.#witness.broken('leaks', left.join(', '));

    const isLetter = (record: object): boolean => 'event' in record && record.event === 'test.mail';
    const dead = [...records, ...lateLetters].filter(isLetter).length;
    const lost = this.#letters - world.received.length - dead;
    // As in Erlang, what lies in the mailbox of a child that is killed goes with it.
    if (lost < 0 || lost > this.#witness.killedAtHandover) {
      const counts = `${world.received.length} received and ${dead} dead`;
      this.#witness.broken('mail', `${this.#letters} sent, ${counts}`);
    }
  }
}
