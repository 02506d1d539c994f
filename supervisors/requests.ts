import type { AnyActorRef } from 'xstate';
import type { ChildSpec } from './child-spec.ts';
import type { Entry } from './decision.ts';

/** What a supervisor is asked for at run time. */
export type SupervisorRequest =
  | { op: 'start_child'; spec: ChildSpec }
  /** Of a dynamic supervisor: one more of its template. */
  | { op: 'start_child'; input: unknown }
  | { op: 'terminate_child'; id: string }
  | { op: 'restart_child'; id: string }
  | { op: 'delete_child'; id: string };

/** OTP's words, and `invalid` with what is wrong, `shutdown` when the supervisor is on its way down. */
export type SupervisorReply = { ok: true; id: string } | { ok: false; error: string };

/** The state of a supervisor as far as it answers questions. */
interface AnsweringSnapshot {
  readonly status: string;
  readonly context: { readonly children: readonly Entry[] };
}

let lastRequest = 0;

function request(supervisor: AnyActorRef, body: SupervisorRequest): Promise<SupervisorReply> {
  lastRequest += 1;
  const requestId = lastRequest;
  if ((supervisor.getSnapshot() as AnsweringSnapshot).status !== 'active') {
    return Promise.resolve({ ok: false, error: 'noproc' });
  }
  return new Promise((resolve) => {
    const done = (reply: SupervisorReply): void => {
      listening.unsubscribe();
      ended.unsubscribe();
      resolve(reply);
    };
    const listening = supervisor.on('sup.reply', (emitted) => {
      const { requestId: of, reply } = emitted as unknown as {
        requestId: number;
        reply: SupervisorReply;
      };
      if (of === requestId) done(reply);
    });
    const gone = (): void => {
      done({ ok: false, error: 'noproc' });
    };
    const ended = supervisor.subscribe({ complete: gone, error: gone });
    supervisor.send({ type: 'sup.request', requestId, body });
  });
}

/**
 * Starts a child below a running supervisor, after those that it has; of a dynamic one, one more of its template, with
 * this input. Resolves once it is ready: with `already_started`, `already_present`, `invalid: …` or why it failed.
 */
export function startChild(
  supervisor: AnyActorRef,
  child: ChildSpec | { input: unknown },
): Promise<SupervisorReply> {
  return request(
    supervisor,
    'id' in child ? { op: 'start_child', spec: child } : { op: 'start_child', input: child.input },
  );
}

/** Stops a child within its bound; its specification stays, unless it is temporary. Else `not_found`. */
export function terminateChild(supervisor: AnyActorRef, id: string): Promise<SupervisorReply> {
  return request(supervisor, { op: 'terminate_child', id });
}

/** Starts a child that is down. Else `not_found`, `running`, `restarting` or why it failed. */
export function restartChild(supervisor: AnyActorRef, id: string): Promise<SupervisorReply> {
  return request(supervisor, { op: 'restart_child', id });
}

/** Forgets a child that is down. Else `not_found`, `running` or `restarting`. */
export function deleteChild(supervisor: AnyActorRef, id: string): Promise<SupervisorReply> {
  return request(supervisor, { op: 'delete_child', id });
}

/** The children of a running supervisor, in order of starting. */
export function whichChildren(
  supervisor: AnyActorRef,
): { id: string; status: Entry['status']; type: 'worker' | 'supervisor' }[] {
  return entriesOf(supervisor).map(({ spec, status }) => ({
    id: spec.id,
    status,
    type: spec.type,
  }));
}

export interface ChildCounts {
  readonly specs: number;
  readonly active: number;
  readonly supervisors: number;
  readonly workers: number;
}

/** How many children a running supervisor has. A dynamic one counts its template as its one specification. */
export function countChildren(supervisor: AnyActorRef): ChildCounts {
  const entries = entriesOf(supervisor);
  const supervisors = entries.filter(({ spec }) => spec.type === 'supervisor').length;
  return {
    specs: isDynamic(supervisor) ? 1 : entries.length,
    active: entries.filter(({ status }) => status === 'running').length,
    supervisors,
    workers: entries.length - supervisors,
  };
}

function entriesOf(supervisor: AnyActorRef): readonly Entry[] {
  return (supervisor.getSnapshot() as AnsweringSnapshot).context.children;
}

function isDynamic(supervisor: AnyActorRef): boolean {
  const { context } = supervisor.getSnapshot() as {
    context: { spec: { strategy: string } };
  };
  return context.spec.strategy === 'simple_one_for_one';
}
