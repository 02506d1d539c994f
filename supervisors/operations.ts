import { backoffMs } from './backoff.ts';
import { resolveChild } from './child-spec.ts';
import type { Child, Supervisor } from './child-spec.ts';
import { decide } from './decision.ts';
import type { Entry } from './decision.ts';
import { stopAll, withoutChild, withoutStop } from './plan.ts';
import type { Plan, Work } from './plan.ts';
import type { Exit, SupervisionRecord } from './records.ts';
import type { SupervisorReply, SupervisorRequest } from './requests.ts';
import type { SlotEvent, SlotReport } from './slot.ts';
import { childProblems } from './tree-problems.ts';

/** A supervisor's memory, as JSON. */
export interface SupervisorContext {
  readonly spec: Supervisor;
  /** In order of starting. */
  readonly children: readonly Entry[];
  /** Restarts within the last period. */
  readonly recentRestarts: number;
  readonly restarts: number;
  readonly pending: readonly Work[];
  readonly plan: Plan | null;
  /** By the child whose backoff is waited for: what is started after it. */
  readonly awaiting: Readonly<Record<string, readonly string[]>>;
  /** Numbers the children of a dynamic supervisor. */
  readonly serial: number;
  readonly goal: 'run' | 'stop' | 'auto_shutdown' | 'fail' | 'start_failed';
  readonly reason: string;
}

/** What a supervisor does to the world around it. */
export type Effect =
  | { readonly kind: 'create'; readonly spec: Child }
  | { readonly kind: 'remove'; readonly id: string }
  | { readonly kind: 'tell'; readonly id: string; readonly event: SlotEvent }
  | { readonly kind: 'record'; readonly record: SupervisionRecord }
  | { readonly kind: 'reply'; readonly requestId: number; readonly reply: SupervisorReply }
  /** Says `sup.ready` to its own supervisor. */
  | { readonly kind: 'ready' }
  /** Forgets one restart after so long. */
  | { readonly kind: 'forget'; readonly serial: number; readonly afterMs: number };

/** What an operation makes of a supervisor: its next memory, and what it does. */
export interface Step {
  readonly context: SupervisorContext;
  readonly effects: readonly Effect[];
}

/** What an operation needs to know from without. */
export interface Surroundings {
  readonly logics: ReadonlySet<string>;
  readonly seed: number;
  /** Whether a child of that id stands anywhere in the tree. */
  readonly isTaken: (id: string) => boolean;
}

type Fell = Extract<SlotReport, { type: 'slot.fell' }>;

function isDynamic({ spec }: SupervisorContext): boolean {
  return spec.strategy === 'simple_one_for_one';
}

/** The children that a supervisor begins with: none, if it is dynamic. */
export function boot(context: SupervisorContext): Step {
  const begins = isDynamic(context) ? [] : context.spec.children;
  return {
    context: {
      ...context,
      children: begins.map((spec) => ({ spec, status: 'down' })),
      plan: { cause: { kind: 'boot' }, stop: [], start: begins.map(({ id }) => id), backoff: null },
    },
    effects: begins.map((spec) => ({ kind: 'create', spec })),
  };
}

/** Looks at the first of what is pending; that may make a plan. */
export function takeNext(before: SupervisorContext, around: Surroundings): Step {
  const [work, ...pending] = before.pending;
  const context = { ...before, pending };
  switch (work?.kind) {
    case 'fell':
      return judge(context, work.report, around);
    case 'again':
      return judge(context, { ...work, exit: null }, around);
    case 'due':
      return startAfterBackoff(context, work.id);
    case 'request':
      return obey(context, work.requestId, work.body, around);
    case undefined:
      return { context, effects: [] };
  }
}

interface End {
  readonly id: string;
  /** Null for a failed attempt to start it again. */
  readonly exit: Exit | null;
  readonly attempts: number;
  readonly reason: string;
}

/** What becomes of a child that has ended by itself. */
function judge(context: SupervisorContext, end: End, around: Surroundings): Step {
  const { id, exit, attempts, reason } = end;
  const { spec } = context;
  const entry = context.children.find((one) => one.spec.id === id);
  if (entry?.status !== (exit === null ? 'restarting' : 'running')) return { context, effects: [] };
  const decision = decide({
    flags: spec,
    entries: context.children,
    childId: id,
    exit,
    recentRestarts: context.recentRestarts,
  });
  if (decision.kind === 'restart') {
    const { backoff } = entry.spec;
    const delayMs = backoff === null ? 0 : backoffMs(backoff, around.seed, id, attempts);
    const restarts = context.restarts + 1;
    return {
      context: {
        ...context,
        restarts,
        recentRestarts: context.recentRestarts + 1,
        children: withStatus(withoutAttempts(context.children, decision.start), id, 'restarting'),
        awaiting: Object.fromEntries(
          Object.entries(context.awaiting).filter(([one]) => !decision.start.includes(one)),
        ),
        plan: {
          cause: { kind: 'restart' },
          stop: decision.stop.map((one) => [one]),
          start: decision.start,
          backoff: delayMs > 0 ? { id, delayMs } : null,
        },
      },
      // A restart that is exactly a period old still counts, as in OTP.
      effects: [{ kind: 'forget', serial: restarts, afterMs: spec.intensity.periodMs + 1 }],
    };
  }
  const dropped = isForgotten(context, entry.spec)
    ? removed(context, id)
    : {
        context: { ...context, children: withStatus(context.children, id, 'down') },
        effects: [tell(id, { type: 'slot.abandon' })],
      };
  switch (decision.kind) {
    case 'abandon':
      return dropped;
    case 'auto_shutdown':
      return then(
        dropped,
        [{ kind: 'record', record: { kind: 'auto_shutdown', supervisor: spec.id, child: id } }],
        (now) => endAll(now, 'auto_shutdown', 'auto-shutdown'),
      );
    case 'escalate':
      return then(dropped, [], (now) =>
        giveUp(
          now,
          `${spec.id} gave up after ${String(now.recentRestarts)} restarts in ` +
            `${String(spec.intensity.periodMs)} ms; last, ${id}: ${reason}`,
        ),
      );
  }
}

function startAfterBackoff(context: SupervisorContext, id: string): Step {
  const { [id]: group, ...awaiting } = context.awaiting;
  if (group === undefined) return { context, effects: [] };
  // Meanwhile some may have been started by request, and some deleted.
  const start = group.filter((one) => {
    const entry = entryOf(context, one);
    return entry !== undefined && entry.status !== 'running';
  });
  return {
    context: {
      ...context,
      awaiting,
      plan: { cause: { kind: 'restart' }, stop: [], start, backoff: null },
    },
    effects: [],
  };
}

function obey(
  context: SupervisorContext,
  requestId: number,
  body: SupervisorRequest,
  around: Surroundings,
): Step {
  const refuse = (error: string): Step => ({
    context,
    effects: [{ kind: 'reply', requestId, reply: { ok: false, error } }],
  });
  const planned = (id: string, stop: Plan['stop'], start: Plan['start']): SupervisorContext => ({
    ...context,
    plan: { cause: { kind: 'request', requestId, op: body.op, id }, stop, start, backoff: null },
  });
  if (body.op === 'start_child') {
    const made = newChild(context, body, around);
    if (typeof made === 'string') return refuse(made);
    return {
      context: {
        ...planned(made.id, [], [made.id]),
        serial: context.serial + 1,
        children: [...context.children, { spec: made, status: 'down' }],
      },
      effects: [{ kind: 'create', spec: made }],
    };
  }
  const { id } = body;
  const entry = entryOf(context, id);
  if (isDynamic(context) && body.op !== 'terminate_child') return refuse('simple_one_for_one');
  if (entry === undefined) return refuse('not_found');
  if (body.op === 'terminate_child') return { context: planned(id, [[id]], []), effects: [] };
  if (entry.status !== 'down') return refuse(entry.status);
  if (body.op === 'restart_child') return { context: planned(id, [], [id]), effects: [] };
  return then(removed(context, id), [{ kind: 'reply', requestId, reply: { ok: true, id } }]);
}

/** The child that is asked for, or why there cannot be one. */
function newChild(
  context: SupervisorContext,
  body: Extract<SupervisorRequest, { op: 'start_child' }>,
  { logics, isTaken }: Surroundings,
): Child | string {
  if (isDynamic(context)) {
    const [template] = context.spec.children;
    if (template === undefined || !('input' in body)) {
      return 'invalid: a dynamic child is started by its input';
    }
    let serial = context.serial + 1;
    while (isTaken(`${template.id}-${String(serial)}`)) serial += 1;
    return { ...template, id: `${template.id}-${String(serial)}`, input: body.input };
  }
  if (!('spec' in body)) return 'invalid: a child is started by its specification';
  const present = entryOf(context, body.spec.id);
  if (present !== undefined) {
    return present.status === 'running' ? 'already_started' : 'already_present';
  }
  const child = resolveChild(body.spec);
  const problems = childProblems(child, context.spec, logics);
  if (problems.length > 0) return `invalid: ${problems.join('; ')}`;
  const taken = idsOf(child).find(isTaken);
  return taken === undefined ? child : takenId(taken);
}

const takenId = (id: string): string => `invalid: ${id}: the id is already taken in this tree`;

/** Stops every child, and refuses what was asked for. */
function endAll(context: SupervisorContext, goal: SupervisorContext['goal'], reason: string): Step {
  const { cause } = context.plan ?? {};
  const asked = [
    ...(cause?.kind === 'request' ? [cause.requestId] : []),
    ...context.pending.flatMap((work) => (work.kind === 'request' ? [work.requestId] : [])),
  ];
  return {
    context: {
      ...context,
      goal,
      reason,
      pending: [],
      awaiting: {},
      plan: {
        cause: { kind: 'end' },
        stop: stopAll(context.children, isDynamic(context)),
        start: [],
        backoff: null,
      },
    },
    effects: asked.map((requestId) => ({
      kind: 'reply',
      requestId,
      reply: { ok: false, error: 'shutdown' },
    })),
  };
}

/** The orderly stop; one that is under way for another reason goes on. */
export function shutDown(context: SupervisorContext): Step {
  return context.goal === 'run' ? endAll(context, 'stop', 'asked to') : { context, effects: [] };
}

/** Stops every child and then fails; an orderly stop that is under way becomes a failing one. */
export function giveUp(context: SupervisorContext, reason: string): Step {
  if (context.goal === 'fail' || context.goal === 'start_failed') return { context, effects: [] };
  const effects: Effect[] = [
    { kind: 'record', record: { kind: 'escalated', supervisor: context.spec.id, reason } },
  ];
  return then({ context, effects }, [], (now) => endAll(now, 'fail', reason));
}

/** The child that was being started has failed to: at boot the supervisor does too. */
export function failStart(context: SupervisorContext, { id, attempts, reason }: Fell): Step {
  const cause = context.plan?.cause;
  switch (cause?.kind) {
    case 'boot':
      return endAll(context, 'start_failed', `${context.spec.id} could not start ${id}: ${reason}`);
    case 'request': {
      const { requestId, op } = cause;
      const reply: Effect = { kind: 'reply', requestId, reply: { ok: false, error: reason } };
      const unplanned = { ...context, plan: null };
      return op === 'start_child'
        ? then(removed(unplanned, id), [reply])
        : { context: unplanned, effects: [tell(id, { type: 'slot.abandon' }), reply] };
    }
    default:
      return {
        context: {
          ...context,
          plan: null,
          children: withStatus(
            withoutAttempts(context.children, context.plan?.start ?? []),
            id,
            'restarting',
          ),
          pending: [...context.pending, { kind: 'again', id, attempts, reason }],
        },
        effects: [],
      };
  }
}

/** A child of the wave that is being stopped is down. */
export function noteDown(context: SupervisorContext, id: string): Step {
  const entry = entryOf(context, id);
  const noted: SupervisorContext = {
    ...context,
    awaiting: Object.fromEntries(Object.entries(context.awaiting).filter(([one]) => one !== id)),
    plan: context.plan === null ? null : withoutStop(context.plan, id),
    pending: withoutChild(context.pending, id),
    children: withStatus(context.children, id, 'down'),
  };
  const isGone = context.goal === 'run' && entry !== undefined && isForgotten(context, entry.spec);
  return isGone ? removed(noted, id) : { context: noted, effects: [] };
}

/** The first that is to be started is up. */
export function noteUp(context: SupervisorContext, id: string): Step {
  if (context.plan === null) return { context, effects: [] };
  return {
    context: {
      ...context,
      plan: { ...context.plan, start: context.plan.start.slice(1) },
      children: withStatus(context.children, id, 'running'),
    },
    effects: [],
  };
}

/** What is to be started waits for the backoff of the one that fell. */
export function beginBackoff(context: SupervisorContext): Step {
  if (context.plan === null || context.plan.backoff === null) return { context, effects: [] };
  const { backoff, start } = context.plan;
  return {
    context: { ...context, plan: null, awaiting: { ...context.awaiting, [backoff.id]: start } },
    effects: [tell(backoff.id, { type: 'slot.wait', delayMs: backoff.delayMs })],
  };
}

/** The plan is done. */
export function finish(context: SupervisorContext): Step {
  const cause = context.plan?.cause;
  const unplanned = { ...context, plan: null };
  switch (cause?.kind) {
    case 'boot':
      return { context: unplanned, effects: [{ kind: 'ready' }] };
    case 'request': {
      const { requestId, id } = cause;
      return {
        context: unplanned,
        effects: [{ kind: 'reply', requestId, reply: { ok: true, id } }],
      };
    }
    default:
      return { context: unplanned, effects: [] };
  }
}

/** Keeps what comes in for later, or refuses it on the way down. */
export function keep(context: SupervisorContext, work: Work): Step {
  if (context.goal === 'run') {
    return { context: { ...context, pending: [...context.pending, work] }, effects: [] };
  }
  if (work.kind !== 'request') return { context, effects: [] };
  const { requestId } = work;
  return {
    context,
    effects: [{ kind: 'reply', requestId, reply: { ok: false, error: 'shutdown' } }],
  };
}

function removed(context: SupervisorContext, id: string): Step {
  return {
    context: { ...context, children: context.children.filter(({ spec }) => spec.id !== id) },
    effects: [{ kind: 'remove', id }],
  };
}

function then(
  step: Step,
  effects: readonly Effect[],
  next: (context: SupervisorContext) => Step = (context) => ({ context, effects: [] }),
): Step {
  const last = next(step.context);
  return { context: last.context, effects: [...step.effects, ...effects, ...last.effects] };
}

function tell(id: string, event: SlotEvent): Effect {
  return { kind: 'tell', id, event };
}

function entryOf({ children }: SupervisorContext, id: string): Entry | undefined {
  return children.find(({ spec }) => spec.id === id);
}

/** Whoever is started with a group is down until then: only the one that failed is being restarted. */
function withoutAttempts(children: readonly Entry[], ids: readonly string[]): readonly Entry[] {
  return children.map((entry) =>
    ids.includes(entry.spec.id) && entry.status === 'restarting'
      ? { ...entry, status: 'down' }
      : entry,
  );
}

function withStatus(
  children: readonly Entry[],
  id: string,
  status: Entry['status'],
): readonly Entry[] {
  return children.map((entry) => (entry.spec.id === id ? { ...entry, status } : entry));
}

/** Whether nothing is kept of a child once it is down. */
function isForgotten(context: SupervisorContext, { restart }: Child): boolean {
  return isDynamic(context) || restart === 'temporary';
}

function idsOf(child: Child): string[] {
  return [child.id, ...(child.type === 'supervisor' ? child.children.flatMap(idsOf) : [])];
}
