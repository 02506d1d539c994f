import { createActor } from 'xstate';
import type { Actor, AnyActorLogic, AnyActorRef, InspectionEvent } from 'xstate';
import type { SupervisorSpec } from '../../../supervisors/child-spec.ts';
import type { SupervisionEmitted, SupervisionRecord } from '../../../supervisors/records.ts';
import {
  countChildren,
  deleteChild,
  restartChild,
  startChild,
  terminateChild,
  whichChildren,
} from '../../../supervisors/requests.ts';
import type { SupervisorReply } from '../../../supervisors/requests.ts';
import { supervise } from '../../../supervisors/supervise.ts';
import type { Behaviour, Node, Scenario, Step, SupervisorNode } from './scenario.ts';
import { specOf } from './our-spec.ts';
import { SteadyClock } from './steady-clock.ts';
import type { Reply, Trace, TraceEvent } from './trace.ts';
import { createWorker } from './worker.ts';

export interface OurRun {
  readonly trace: Trace;
  /** Two moments were so near to each other that the twin, in real time, may swap them. */
  readonly hasCloseCall: boolean;
  /**
   * A supervisor was asked to stop in the midst of an operation, which OTP would finish first; or to terminate a dynamic
   * child by its name before that had started, while OTP knows it by its pid alone.
   */
  readonly differsByDecision: boolean;
}

/** How long after its end a run may still take, for what is slow to stop. */
const LATEST_END_MS = 20_000;

/** Runs a scenario on our supervisors and on virtual time. */
export async function runOurs(scenario: Scenario): Promise<OurRun> {
  const run = new Run(scenario);
  for (const [number, step] of scenario.steps.entries()) {
    await run.until(step.atMs);
    run.do(step, number);
    if (run.hasEnded) break;
  }
  await run.until(scenario.endMs);
  if (!run.hasEnded) run.stop();
  await run.until(scenario.endMs + LATEST_END_MS);
  return run.result();
}

class Run {
  readonly #tree: SupervisorNode;
  readonly #clock = new SteadyClock();
  readonly #trace: TraceEvent[] = [];
  readonly #root: Actor<AnyActorLogic>;
  readonly #starts = new Map<string, number>();
  /** Those that have started and not ended. */
  readonly #alive = new Set<string>();
  readonly #awaitedAtBoot: Set<string>;
  /** The supervisor of every child that there has been. */
  readonly #parents = new Map<string, string>();
  readonly #templates = new Map<string, Node>();
  #differsByDecision = false;
  #hasEnded = false;

  constructor({ tree }: Scenario) {
    this.#tree = tree;
    this.#know(tree);
    this.#awaitedAtBoot = new Set(
      tree.strategy === 'simple_one_for_one' ? [] : tree.children.map(({ id }) => id),
    );
    const worker = createWorker((childId) => {
      const number = (this.#starts.get(childId) ?? 0) + 1;
      this.#starts.set(childId, number);
      return number;
    });
    this.#root = createActor(supervise(specOf(tree) as SupervisorSpec, { actors: { worker } }), {
      clock: this.#clock,
      inspect: (inspected) => {
        this.#witness(inspected);
      },
    });
    this.#root.on('supervision.record', (emitted) => {
      this.#note((emitted as unknown as SupervisionEmitted).record);
    });
    const ended = (): void => {
      this.#hasEnded = true;
      const event = this.#alive.has(tree.id)
        ? ({ event: 'stop', id: tree.id, reason: 'shutdown' } as const)
        : ({ event: 'start_failed', id: tree.id } as const);
      this.#log(event);
    };
    this.#root.subscribe({ complete: ended, error: ended });
    if (this.#awaitedAtBoot.size === 0) this.#started(tree.id);
    this.#root.start();
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  async until(atMs: number): Promise<void> {
    await settled();
    while (!this.#hasEnded && this.#clock.step(atMs)) await settled();
  }

  do(step: Step, number: number): void {
    this.#clock.note(step.atMs);
    if (this.#hasEnded) return;
    switch (step.do) {
      case 'stop':
        this.stop();
        break;
      case 'exit':
        this.#exit(step.id, step.reason);
        break;
      default:
        this.#ask(step, number);
    }
  }

  stop(): void {
    this.#root.send({ type: 'sup.shutdown' });
  }

  result(): OurRun {
    if (!this.#hasEnded) this.#log({ event: 'hung', id: this.#tree.id });
    return {
      trace: this.#trace,
      hasCloseCall: this.#clock.hasCloseCall,
      differsByDecision: this.#differsByDecision,
    };
  }

  #exit(id: string, reason: string): void {
    if (!this.#alive.has(id)) return;
    if (reason === 'kill') this.#find(`slot:${id}`)?.send({ type: 'slot.kill' });
    else this.#find(id)?.send({ type: 'worker.exit', reason });
  }

  #ask(step: Exclude<Step, { do: 'stop' | 'exit' }>, number: number): void {
    const { supervisor: id, do: request } = step;
    const asked = 'child' in step ? { child: childId(step.child) } : {};
    const reply = (answer: Partial<Reply>): void => {
      this.#log({ event: 'reply', step: number, request, id, ...asked, ...answer });
    };
    const supervisor = this.#alive.has(id)
      ? id === this.#tree.id
        ? this.#root
        : this.#find(id)
      : undefined;
    if (supervisor === undefined) {
      reply({ ok: false, error: 'noproc' });
      return;
    }
    const isAhead =
      step.do === 'terminate_child' &&
      this.#templates.has(id) &&
      !whichChildren(supervisor).some((one) => one.id === step.child);
    switch (step.do) {
      case 'count_children':
        reply({ counts: { ...countChildren(supervisor) } });
        break;
      case 'which_children':
        reply({ children: whichChildren(supervisor) });
        break;
      default:
        void this.#change(supervisor, step).then((answer) => {
          if (answer.ok && isAhead) this.#differsByDecision = true;
          reply(answer.ok ? { ok: true, child: answer.id } : { ok: false, error: errorOf(answer) });
        });
    }
  }

  #change(
    supervisor: AnyActorRef,
    step: Exclude<Step, { do: 'stop' | 'exit' | 'count_children' | 'which_children' }>,
  ): Promise<SupervisorReply> {
    switch (step.do) {
      case 'start_child': {
        if ('child' in step) {
          this.#know(step.child, step.supervisor);
          return startChild(supervisor, specOf(step.child));
        }
        const template = this.#templates.get(step.supervisor);
        const changes = 'changes' in step ? step.changes : {};
        return startChild(supervisor, { input: { ...template, ...changes } satisfies Behaviour });
      }
      case 'terminate_child':
        return terminateChild(supervisor, step.child);
      case 'restart_child':
        return restartChild(supervisor, step.child);
      case 'delete_child':
        return deleteChild(supervisor, step.child);
    }
  }

  /** Remembers who stands where. */
  #know(node: Node, parent?: string): void {
    if (parent !== undefined) this.#parents.set(node.id, parent);
    if (node.type !== 'supervisor') return;
    const [template] = node.children;
    if (node.strategy === 'simple_one_for_one' && template !== undefined) {
      this.#templates.set(node.id, template);
    }
    for (const child of node.children) this.#know(child, node.id);
  }

  #note(record: SupervisionRecord): void {
    switch (record.kind) {
      case 'started':
        this.#started(record.child);
        break;
      case 'fell':
        if (record.isStarting) this.#log({ event: 'start_failed', id: record.child });
        else this.#ended(record.child, fallReason(record));
        break;
      case 'stopped':
        this.#ended(record.child, stopReason(record.reason));
        break;
      case 'escalated':
      case 'auto_shutdown':
        this.#log({ event: record.kind, id: record.supervisor });
        break;
      case 'dead_letter':
    }
  }

  #started(id: string): void {
    this.#alive.add(id);
    this.#log({ event: 'start', id });
    // The root says nothing of itself: it is up once all that it begins with are.
    if (this.#awaitedAtBoot.delete(id) && this.#awaitedAtBoot.size === 0)
      this.#started(this.#tree.id);
  }

  #ended(id: string, reason: 'normal' | 'shutdown' | 'crash' | 'killed'): void {
    this.#alive.delete(id);
    this.#log({ event: 'stop', id, reason });
    // What stands below a killed supervisor goes with it.
    if (reason !== 'killed') return;
    for (const one of this.#alive) {
      if (this.#isBelow(one, id)) this.#alive.delete(one);
    }
  }

  #isBelow(id: string, supervisor: string): boolean {
    // A dynamic child stands where its template does.
    const parent = this.#parents.get(id) ?? this.#parents.get(id.replace(/-\d+$/, ''));
    return parent !== undefined && (parent === supervisor || this.#isBelow(parent, supervisor));
  }

  #witness(inspected: InspectionEvent): void {
    if (inspected.type !== '@xstate.event' || inspected.event.type !== 'sup.shutdown') return;
    const { value } = inspected.actorRef.getSnapshot() as { value?: unknown };
    if (typeof value === 'object' && value !== null && 'executing' in value) {
      this.#differsByDecision = true;
    }
  }

  #find(systemId: string): AnyActorRef | undefined {
    return this.#root.system.get(systemId) as AnyActorRef | undefined;
  }

  #log(event: DistributiveOmit<TraceEvent, 'atMs'>): void {
    this.#trace.push({ atMs: this.#clock.now(), ...event });
  }
}

const childId = (child: Node | string): string => (typeof child === 'string' ? child : child.id);

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

/** Requests are answered by promises. */
const settled = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

function fallReason({ exit, reason }: Extract<SupervisionRecord, { kind: 'fell' }>) {
  if (exit !== 'abnormal') return exit;
  return reason === 'killed' ? 'killed' : 'crash';
}

function stopReason(reason: string) {
  if (reason === 'failed while stopping') return 'crash';
  return reason.startsWith('killed') ? 'killed' : 'shutdown';
}

const OTPS_ERRORS = new Set([
  ...['already_present', 'already_started', 'not_found', 'noproc', 'restarting', 'running'],
  ...['shutdown', 'simple_one_for_one'],
]);

function errorOf({ error }: Extract<SupervisorReply, { ok: false }>): string {
  if (OTPS_ERRORS.has(error)) return error;
  return error.startsWith('invalid') ? 'invalid' : 'start_failed';
}
