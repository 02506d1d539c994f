/** The vocabulary of a supervision tree: OTP's words, as JSON data. */

export type Restart = 'permanent' | 'transient' | 'temporary';
export type Strategy = 'one_for_one' | 'one_for_all' | 'rest_for_one';

/** Delay before a restart: `base * factor^(attempt-1)`, capped, shortened by up to `jitter` of itself. */
export interface Backoff {
  readonly baseMs: number;
  readonly factor: number;
  readonly capMs: number;
  /** 0 to 1. */
  readonly jitter: number;
}

export interface Heartbeat {
  /** Pause between an answered ping and the next one. */
  readonly everyMs: number;
  /** An answer that takes longer is a hung child. */
  readonly missMs: number;
}

/** At most `restarts` restarts within any `periodMs`; one more is an escalation. */
export interface Intensity {
  readonly restarts: number;
  readonly periodMs: number;
}

interface ChildSpecBase {
  /** Unique in the whole tree; the running actor is found under it. */
  readonly id: string;
  readonly restart: Restart;
  /** How long the child may drain before it is killed. */
  readonly shutdownMs: number;
  /** How long the child may take to say that it has started. */
  readonly startMs: number;
  /** Null switches it off; the child's `why` then says why. */
  readonly heartbeat: Heartbeat | null;
  readonly backoff: Backoff;
  /** Up for this long, and its attempts are forgiven. */
  readonly stableMs: number;
  /** One sentence: why it stands here, and why with these bounds. */
  readonly why: string;
}

export interface WorkerSpec extends ChildSpecBase {
  readonly type: 'worker';
}

export interface SupervisorSpec extends ChildSpecBase {
  readonly type: 'supervisor';
  readonly strategy: Strategy;
  readonly intensity: Intensity;
  /** Started left to right, stopped in reverse. */
  readonly children: readonly ChildSpec[];
}

export type ChildSpec = WorkerSpec | SupervisorSpec;

/** Every problem of a tree at once, each with the path of the child; an empty list means that it can be built. */
export function treeProblems(root: SupervisorSpec): string[] {
  const problems: string[] = [];
  const seen = new Map<string, string>();
  const visit = (spec: ChildSpec, parentPath: string): void => {
    const path = parentPath === '' ? spec.id : `${parentPath}/${spec.id}`;
    const problem = (text: string): void => void problems.push(`${path}: ${text}`);
    if (!/^[a-z][a-z0-9-]*$/.test(spec.id)) problem('the id is not kebab-case');
    const other = seen.get(spec.id);
    if (other === undefined) seen.set(spec.id, path);
    else problem(`the id is already taken by ${other}`);
    if (spec.why.trim() === '') problem('it does not say why');
    for (const [name, value] of [
      ['shutdownMs', spec.shutdownMs],
      ['startMs', spec.startMs],
      ['stableMs', spec.stableMs],
    ] as const) {
      if (!isWhole(value) || value <= 0) problem(`${name} is not a positive whole number`);
    }
    problems.push(...backoffProblems(spec.backoff).map((text) => `${path}: ${text}`));
    const beat = spec.heartbeat;
    if (beat !== null && !(beat.everyMs > 0 && beat.missMs > 0)) {
      problem('the heartbeat needs positive times');
    }
    if (spec.type === 'worker') return;
    if (!isWhole(spec.intensity.restarts) || spec.intensity.restarts < 0) {
      problem('intensity.restarts is not a whole number of at least 0');
    }
    if (!isWhole(spec.intensity.periodMs) || spec.intensity.periodMs <= 0) {
      problem('intensity.periodMs is not a positive whole number');
    }
    const needMs = spec.children.reduce((sum, child) => sum + child.shutdownMs, 0);
    if (needMs > spec.shutdownMs) {
      problem(
        `its children may take ${String(needMs)} ms to stop, but it has ${String(spec.shutdownMs)} ms`,
      );
    }
    for (const child of spec.children) visit(child, path);
  };
  visit(root, '');
  return problems;
}

function backoffProblems(backoff: Backoff): string[] {
  const problems: string[] = [];
  if (!(backoff.baseMs >= 0)) problems.push('backoff.baseMs is negative');
  if (!(backoff.factor >= 1)) problems.push('backoff.factor is below 1');
  if (!(backoff.capMs >= backoff.baseMs)) problems.push('backoff.capMs is below backoff.baseMs');
  if (!(backoff.jitter >= 0 && backoff.jitter <= 1)) problems.push('backoff.jitter is not in 0..1');
  return problems;
}

function isWhole(value: number): boolean {
  return Number.isInteger(value);
}
