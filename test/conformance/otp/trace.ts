/** What happened in a run, in order. docs/otp-conformance.md has the format. */
export type TraceEvent = { readonly atMs: number } & (
  | { readonly event: 'start' | 'start_failed' | 'escalated' | 'hung'; readonly id: string }
  /** Ours alone: OTP says nothing of it but what it does. */
  | { readonly event: 'auto_shutdown'; readonly id: string }
  | {
      readonly event: 'stop';
      readonly id: string;
      readonly reason: 'normal' | 'shutdown' | 'crash' | 'killed';
    }
  | Reply
);

/** The answer to the step of that number, which a supervisor was asked for. */
export interface Reply {
  readonly atMs: number;
  readonly event: 'reply';
  readonly step: number;
  readonly request: string;
  readonly id: string;
  /** The child that was asked for, or that came of it. */
  readonly child?: string;
  readonly ok?: boolean;
  readonly error?: string;
  readonly counts?: Readonly<Record<string, number>>;
  readonly children?: readonly { id: string | null; status: string; type: string }[];
}

export type Trace = readonly TraceEvent[];

/** JSON with one event a line. */
export function printed(trace: Trace): string {
  return `[\n${trace.map((event) => `  ${JSON.stringify(event)}`).join(',\n')}\n]`;
}

/** The first difference between OTP's trace and ours, or null: the order of events, and the answer to each request. */
export function difference(otps: Trace, ours: Trace): string | null {
  const theirEvents = spoken(otps);
  const ourEvents = spoken(ours);
  const at = theirEvents.findIndex((one, index) => one !== ourEvents[index]);
  if (at >= 0 || theirEvents.length !== ourEvents.length) {
    const place = at >= 0 ? at : theirEvents.length;
    const say = (one: string | undefined): string => one ?? 'nothing';
    return `event ${place + 1} is ${say(theirEvents[place])} in OTP, ${say(ourEvents[place])} with us`;
  }
  return replyDifference(otps, ours);
}

/** Moments that lie nearer to each other than this are one. */
const ONE_MOMENT_MS = 8;

interface Together {
  readonly template: string;
  readonly atMs: number;
  readonly lines: string[];
}

/** The events as lines. Siblings of a dynamic supervisor that stop together have no order: they are sorted. */
function spoken(trace: Trace): string[] {
  const groups: Together[] = [];
  for (const event of trace) {
    const line = lineOf(event);
    if (line === null) continue;
    const template = event.event === 'stop' ? templateOf(event.id) : '';
    const last = groups.at(-1);
    const isTogether =
      template !== '' && template === last?.template && event.atMs - last.atMs <= ONE_MOMENT_MS;
    if (isTogether) last.lines.push(line);
    else groups.push({ template, atMs: event.atMs, lines: [line] });
  }
  return groups.flatMap(({ lines }) => lines.sort());
}

/** Dynamic children are named after their template, `worker-1`; others have none. */
function templateOf(id: string): string {
  return /^(.*)-\d+$/.exec(id)?.[1] ?? '';
}

function lineOf(event: TraceEvent): string | null {
  switch (event.event) {
    case 'reply':
    case 'auto_shutdown':
      return null;
    case 'stop':
      return `stop ${event.id} (${event.reason})`;
    case 'start':
    case 'start_failed':
    case 'escalated':
    case 'hung':
      return `${event.event} ${event.id}`;
  }
}

const isReply = (event: TraceEvent): event is Reply => event.event === 'reply';

function replyDifference(otps: Trace, ours: Trace): string | null {
  const answers = new Map(ours.filter(isReply).map((reply) => [reply.step, reply]));
  for (const theirs of otps.filter(isReply)) {
    const own = answers.get(theirs.step);
    answers.delete(theirs.step);
    if (own !== undefined && isDecided(theirs, own)) continue;
    if (own === undefined || answerOf(theirs) !== answerOf(own)) {
      const answer = own === undefined ? 'nothing' : answerOf(own);
      return `step ${theirs.step}, ${theirs.request}, is answered ${answerOf(theirs)} by OTP, ${answer} by us`;
    }
  }
  // An orphan in OTP may be busy beyond the end of the run.
  const more = [...answers.values()].find((own) => !isQuestion(own) && answerOf(own) !== 'noproc');
  return more === undefined ? null : `step ${more.step}, ${more.request}, is answered by us alone`;
}

/** Answers that differ by decision; docs/otp-conformance.md says why. */
function isDecided(theirs: Reply, own: Reply): boolean {
  // Ours come at once: where OTP's came later, its supervisor was busy.
  if (isQuestion(theirs)) return theirs.atMs - own.atMs > ONE_MOMENT_MS;
  if (theirs.request !== 'terminate_child') return false;
  // Dynamic children have names with us, and no more than a pid in OTP.
  const isByName = templateOf(theirs.child ?? '') !== '';
  const isGone = theirs.ok === true || theirs.error === 'simple_one_for_one';
  return isByName && isGone && own.error === 'not_found';
}

const isQuestion = ({ request }: Reply): boolean => /^(count|which)_/.test(request);

function answerOf({ ok, child, error, counts, children }: Reply): string {
  // Whether a supervisor is on its way down or gone already is a matter of moments.
  if (error !== undefined) return error === 'shutdown' ? 'noproc' : error;
  if (counts !== undefined) return JSON.stringify(Object.entries(counts).sort());
  if (children !== undefined) {
    return JSON.stringify(children.map(({ id, status, type }) => `${id} ${status} ${type}`).sort());
  }
  return ok === true ? `ok ${child}` : 'nothing';
}
