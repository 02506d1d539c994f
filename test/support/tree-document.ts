import { KEYS } from '../../config/schema.ts';
import { markdownTable } from '../../config/markdown-table.ts';
import { resolveTree } from '../../supervisors/child-spec.ts';
import type { Child, Supervisor } from '../../supervisors/child-spec.ts';
import { treeOf } from '../../supervisors/tree.ts';

/** The supervision tree as Markdown, with every engine and every server, the audio outlet too, and with the default time to stop. */
export function treeDocument(): string {
  const root = resolveTree(
    treeOf({
      shutdownMs: Number(KEYS.get('resilience.shutdown_ms')?.leaf.default),
      engines: ['recogniser', 'language', 'wakeword', 'vad'],
      hasServers: true,
      hasAudioOutlet: true,
    }),
  );
  const parts = [
    '# The supervision tree',
    '<!-- Generated from supervisors/tree.ts by `npm run docs`. -->',
    'Children start from top to bottom and stop in reverse. Bounds are those of a shutdown within the default `resilience.shutdown_ms`; another value scales them.',
    drawing(root),
    [
      '- _start_: how long a child may take to say that it has started; `immediate` does not wait for it.',
      '- _stop_: how long it may take to drain before it is killed.',
      '- _heartbeat_: a ping so long after the last answer, and how long its own may take.',
      '- _backoff_: before the first restart, and the most before a later one; forgotten when the child has been up for the time after _stable_.',
      '- _stash_: events that are kept for it while it is down; what is beyond becomes dead letters.',
    ].join('\n'),
    ...supervisorsOf(root).map(section),
  ];
  return `${parts.join('\n\n')}\n`;
}

function drawing(root: Supervisor): string {
  const lines = [[root.id, summary(root)], ...branches(root.children, '')];
  const width = Math.max(...lines.map(([name = '']) => name.length)) + 2;
  return lines.map(([name = '', text = '']) => `    ${name.padEnd(width)}${text}`).join('\n');
}

function branches(children: readonly Child[], indent: string): string[][] {
  return children.flatMap((child, index) => {
    const isLast = index === children.length - 1;
    return [
      [`${indent}${isLast ? '└─' : '├─'} ${child.id}`, summary(child)],
      ...branches(
        child.type === 'supervisor' ? child.children : [],
        `${indent}${isLast ? '   ' : '│  '}`,
      ),
    ];
  });
}

function summary(child: Child): string {
  return child.type === 'supervisor' ? policy(child) : child.restart;
}

function policy({ strategy, intensity, autoShutdown }: Supervisor): string {
  const { restarts, periodMs } = intensity;
  const ending = autoShutdown === 'never' ? '' : `, ends with ${autoShutdown.replace('_', ' ')}`;
  return `${strategy}, ${restarts} restarts in ${duration(periodMs)}${ending}`;
}

function supervisorsOf(child: Child): Supervisor[] {
  return child.type === 'supervisor' ? [child, ...child.children.flatMap(supervisorsOf)] : [];
}

type Column = [head: string, cell: (child: Child) => string];

const COLUMNS: readonly Column[] = [
  ['child', ({ id }) => `\`${id}\``],
  ['type', ({ type }) => type],
  ['restart', ({ restart, significant }) => `${restart}${significant ? ', significant' : ''}`],
  ['strategy and intensity', (child) => (child.type === 'supervisor' ? policy(child) : '')],
  ['start', ({ startMs }) => bound(startMs)],
  ['stop', ({ shutdownMs }) => bound(shutdownMs)],
  ['heartbeat', heartbeat],
  ['backoff', backoff],
  ['stable', ({ stableMs }) => duration(stableMs)],
  ['stash', ({ stash }) => (stash === 0 ? '' : String(stash))],
  ['why', ({ why }) => why],
];

function section(supervisor: Supervisor): string {
  const columns = COLUMNS.filter(([, cell]) => supervisor.children.some((one) => cell(one) !== ''));
  return [
    `## ${supervisor.id}`,
    `${policy(supervisor)}. ${supervisor.why}`,
    markdownTable([
      columns.map(([head]) => head),
      ...supervisor.children.map((child) => columns.map(([, cell]) => cell(child))),
    ]),
  ].join('\n\n');
}

function heartbeat({ heartbeat: beat }: Child): string {
  return beat === null ? 'none' : `${duration(beat.everyMs)}, ${duration(beat.missMs)}`;
}

function backoff({ backoff: delay }: Child): string {
  return delay === null ? 'none' : `${duration(delay.baseMs)} to ${duration(delay.capMs)}`;
}

function bound(value: number | string): string {
  return typeof value === 'number' ? duration(value) : `\`${value}\``;
}

function duration(ms: number): string {
  return ms >= 1_000 && ms % 1_000 === 0 ? `${ms / 1_000} s` : `${ms.toLocaleString('en')} ms`;
}
