import { EXIT, RtapError } from '../domain/errors.ts';
import { followControl, requestControl } from '../io/control/control-client.ts';
import { writeJson, writeLine } from './command-io.ts';
import type { CommandIo } from './command-io.ts';

/** Longer than any child's bound to stop or to start. */
const DEADLINE_MS = 30_000;

export type SysAction =
  'suspend' | 'resume' | 'state' | 'replace' | 'kill' | 'terminate' | 'restart' | 'trace';

export interface SysOptions {
  readonly controlPath: string;
  readonly action: SysAction;
  readonly child: string;
  readonly json: boolean;
  /** Fields of the context, as JSON, for `replace`. */
  readonly context?: string;
  /** A state, as JSON or as its name, for `replace`. */
  readonly value?: string;
  /** Ends a trace. */
  readonly signal: AbortSignal;
}

const DONE: Readonly<Partial<Record<SysAction, string>>> = {
  suspend: 'is suspended: its events wait until it is resumed',
  resume: 'goes on',
  replace: 'has its new state',
  kill: 'is killed; its supervisor decides what follows',
  terminate: 'is stopped, and stays down until it is restarted',
  restart: 'runs again',
};

/**
 * `rtap sys`: what Erlang's `sys` gives an operator, over the control socket. Rejects with `NOT_RUNNING` where there is
 * no daemon, and with `USAGE` for what cannot be done, such as a child that is not there.
 */
export async function runSys(options: SysOptions, io: CommandIo): Promise<number> {
  const { action, child, controlPath, json } = options;
  if (action === 'trace') {
    await followControl(
      controlPath,
      'sys.trace',
      { id: child },
      {
        signal: options.signal,
        onLine: (line) => {
          if (json) writeLine(io.stdout, JSON.stringify('event' in line ? line.event : line));
          else writeLine(io.stdout, 'event' in line ? stepText(line.event) : droppedText(line));
        },
      },
    );
    return EXIT.done;
  }
  const result = await requestControl(
    controlPath,
    `sys.${action}`,
    { id: child, ...replacement(options) },
    { deadlineMs: DEADLINE_MS },
  );
  if (action === 'state' || json) writeJson(io.stdout, result);
  else writeLine(io.stdout, `${child} ${DONE[action] ?? 'is done'}`);
  return EXIT.done;
}

function replacement({ action, context, value }: SysOptions): object {
  if (action !== 'replace') return {};
  if (context === undefined && value === undefined) {
    throw new RtapError(
      'USAGE',
      'Say what is to be replaced: --context JSON, --value STATE or both.',
    );
  }
  return {
    ...(context === undefined ? {} : { context: parsed(context, '--context') }),
    ...(value === undefined
      ? {}
      : { value: /^[[{"]/.test(value) ? parsed(value, '--value') : value }),
  };
}

function parsed(text: string, option: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new RtapError('USAGE', `${option} is no JSON: ${text}`);
  }
}

function droppedText(line: object): string {
  return `  (${String((line as { dropped: number }).dropped)} dropped: this end reads too slowly)`;
}

interface Step {
  readonly kind: string;
  readonly actor: string;
  readonly from?: string | null;
  readonly event?: { type: string };
  readonly value?: unknown;
  readonly status?: string;
}

function stepText(event: unknown): string {
  const step = event as Step;
  if (step.kind === 'event') {
    const { type, ...rest } = step.event ?? { type: '' };
    const fields = Object.keys(rest).length === 0 ? '' : `  ${JSON.stringify(rest)}`;
    return `${step.actor}  <- ${type}${fields}  from ${step.from ?? 'outside'}`;
  }
  const value = typeof step.value === 'string' ? step.value : JSON.stringify(step.value);
  return `${step.actor}  is ${value}${step.status === 'active' ? '' : ` (${String(step.status)})`}`;
}
