import type { AnyStateMachine } from 'xstate';

type StateNode = AnyStateMachine['root'];

interface Transition {
  readonly eventType: string;
  readonly guard?: unknown;
  readonly target?: readonly StateNode[] | undefined;
  readonly actions: readonly unknown[];
}

/** A statechart as it is drawn: boxes within boxes, and arrows. */
export interface Chart {
  readonly root: Box;
  readonly arrows: readonly Arrow[];
}

export type BoxKind = 'atomic' | 'compound' | 'parallel' | 'final' | 'initial' | 'any' | 'history';

export interface Box {
  readonly id: string;
  readonly kind: BoxKind;
  readonly title: string;
  readonly description: string;
  /** What is done on entry and exit, what runs meanwhile, and what is done about events that change no state. */
  readonly lines: readonly string[];
  readonly children: readonly Box[];
}

export interface Arrow {
  readonly from: string;
  readonly to: string;
  /** Every event that leads there, a line each. */
  readonly labels: readonly string[];
}

/** Reads the chart of a machine off its definition. */
export function chartOf(machine: AnyStateMachine): Chart {
  const arrows = new Map<string, { from: string; to: string; labels: string[] }>();
  const arrow = (from: string, to: string, label: string): void => {
    const key = `${from} to ${to}`;
    const known = arrows.get(key) ?? { from, to, labels: [] };
    arrows.set(key, known);
    if (label !== '' && !known.labels.includes(label)) known.labels.push(label);
  };

  const visit = (node: StateNode): Box => {
    const children: Box[] = Object.values(node.states as Record<string, StateNode>).map(visit);
    const marker = (kind: 'initial' | 'any', title: string): string => {
      const id = `${node.id}:${kind}`;
      if (!children.some((child) => child.id === id)) {
        children.unshift({ id, kind, title, description: '', lines: [], children: [] });
      }
      return id;
    };
    if (node.type === 'compound') {
      for (const target of node.initial.target) arrow(marker('initial', ''), target.id, '');
    }
    for (const transition of transitionsOf(node)) {
      const label = labelOf(node, transition);
      for (const target of transition.target ?? []) {
        const isInner = target !== node && isWithin(target, node);
        arrow(isInner ? marker('any', 'in any state') : node.id, target.id, label);
      }
    }
    return {
      id: node.id,
      kind: node.type,
      title: node.key,
      description: node.description ?? '',
      lines: linesOf(node),
      children,
    };
  };
  const root = visit(machine.root);
  return { root, arrows: [...arrows.values()] };
}

function transitionsOf(node: StateNode): Transition[] {
  return [...[...node.transitions.values()].flat(), ...(node.always ?? [])];
}

function linesOf(node: StateNode): string[] {
  const internal = new Map<string, string[]>();
  for (const transition of transitionsOf(node)) {
    if (transition.target !== undefined) continue;
    const actions = namesOf(transition.actions);
    const key = actions === '' ? 'ignored' : actions;
    internal.set(key, [...(internal.get(key) ?? []), labelOf(node, transition)]);
  }
  return [
    ...wrapped('entry', namesOf(node.entry.filter(isOurs))),
    ...wrapped('exit', namesOf(node.exit.filter(isOurs))),
    ...node.invoke.flatMap(({ id, src }) => wrapped('runs', typeof src === 'string' ? src : id)),
    ...[...internal].flatMap(([actions, events]) => wrapped(events.join(', '), actions)),
  ];
}

const LINE_CHARACTERS = 44;

/** `what / names`, continued on further lines where it is long. */
function wrapped(what: string, names: string): string[] {
  if (names === '') return [];
  const lines: string[] = [];
  let line = '';
  for (const word of `${what} / ${names}`.split(' ')) {
    if (line !== '' && line.length + word.length >= LINE_CHARACTERS) {
      lines.push(line);
      line = `   ${word}`;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

function labelOf(node: StateNode, { eventType, guard }: Transition): string {
  const condition = guard === undefined ? '' : ` [${guardName(guard)}]`;
  return `${eventName(node, eventType)}${condition}`;
}

const AFTER = 'xstate.after.';

function eventName(node: StateNode, eventType: string): string {
  if (eventType === '') return 'always';
  if (eventType.startsWith(AFTER)) {
    const delay = eventType.slice(AFTER.length, -node.id.length - 1);
    const { [delay]: value } = node.machine.implementations.delays as Record<string, unknown>;
    if (/^[0-9]+$/.test(delay)) return `after ${milliseconds(Number(delay))}`;
    return typeof value === 'number' ? `after ${delay} (${milliseconds(value)})` : `after ${delay}`;
  }
  return eventType
    .replace(/^xstate\.done\.state\..*$/, 'done')
    .replace(/^xstate\.(done|error)\.actor\./, '$1 of ')
    .replace(/ of \*$/, ' of an actor')
    .replace(/ of (.*)$/, (whole, id) => {
      const invoked = node.invoke.find((one) => one.id === id);
      return typeof invoked?.src === 'string' ? ` of ${invoked.src}` : whole;
    });
}

function milliseconds(value: number): string {
  return `${value.toLocaleString('en')} ms`;
}

function guardName(guard: unknown): string {
  if (typeof guard === 'string') return guard;
  const { type, name } = guard as { type?: string; name?: string };
  const combined = (guard as { guards?: readonly unknown[] }).guards;
  if (combined !== undefined) return `${name ?? ''} ${combined.map(guardName).join(', ')}`;
  return type ?? name ?? 'a condition';
}

function namesOf(actions: readonly unknown[]): string {
  return actions.map(actionName).join(', ');
}

function actionName(action: unknown): string {
  if (typeof action === 'string') return action;
  const { type, name } = action as { type?: string; name?: string };
  return type ?? name ?? 'an action';
}

/** False for what XState adds on its own, to start and to cancel a timer. */
function isOurs(action: unknown): boolean {
  const { event, sendId } = action as { event?: { type?: string }; sendId?: unknown };
  const timer = sendId ?? event?.type;
  return typeof timer !== 'string' || !timer.startsWith(AFTER);
}

function isWithin(node: StateNode, outer: StateNode): boolean {
  return node === outer || (node.parent !== undefined && isWithin(node.parent, outer));
}
