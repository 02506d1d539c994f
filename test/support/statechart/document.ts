import { readFileSync } from 'node:fs';
import type { AnyStateMachine } from 'xstate';
import { markdownTable } from '../../../config/markdown-table.ts';
import { chartOf } from './chart.ts';
import type { Box } from './chart.ts';
import { place } from './layout.ts';
import { nameOf } from './machine-files.ts';
import { DRAWN } from './machines.ts';
import { svgOf } from './svg.ts';

const ROOT = new URL('../../../', import.meta.url);

/** Every picture, by its name. */
export async function statechartPictures(): Promise<Map<string, string>> {
  const pictures = new Map<string, string>();
  for (const [file, machine] of Object.entries(DRAWN)) {
    const name = nameOf(file);
    pictures.set(name, svgOf(`Statechart of ${name}`, await place(chartOf(machine))));
  }
  return pictures;
}

/** The index of the pictures as Markdown: what each machine is for, and what its states are. */
export function statechartDocument(): string {
  const parts = [
    '# Statecharts',
    '<!-- Generated from the machines by `npm run docs`. -->',
    'A box is a state: its name, what is done on entry and on exit, what runs as long as it is active, and what is done about events that change no state. An arrow carries the events that lead along it, with their guards in brackets. A dot points to the state that is entered first; a double border is an end; a dashed border holds states that are active at the same time. What the actions do is said in the machine; what runs is supplied by `actors`.',
    ...Object.entries(DRAWN).map(([file, machine]) => section(file, machine)),
  ];
  return `${parts.join('\n\n')}\n`;
}

function section(file: string, machine: AnyStateMachine): string {
  const name = nameOf(file);
  const rows = statesOf(chartOf(machine).root, '').map(({ path, box }) => [
    `\`${path}\``,
    box.description === '' ? untold(box) : box.description,
  ]);
  return [
    `## ${name}`,
    `${sentenceOf(file)} From \`${file}\`.`,
    `![Statechart of ${name}](statecharts/${name}.svg)`,
    markdownTable([['state', 'what it is'], ...rows]),
  ].join('\n\n');
}

/** What the box itself says of a state without a description. */
function untold(box: Box): string {
  if (box.kind === 'final') return 'The end.';
  return box.children.some(({ kind }) => kind !== 'initial' && kind !== 'any')
    ? 'One of the states within it.'
    : '';
}

function statesOf(box: Box, path: string): { path: string; box: Box }[] {
  return box.children
    .filter(({ kind }) => kind !== 'initial' && kind !== 'any')
    .flatMap((child) => {
      const inner = path === '' ? child.title : `${path}.${child.title}`;
      return [{ path: inner, box: child }, ...statesOf(child, inner)];
    });
}

/** What the comment before a machine's export says of it, as one line. */
function sentenceOf(file: string): string {
  const source = readFileSync(new URL(file, ROOT), 'utf8');
  const found =
    /\/\*\*((?:(?!\*\/)[^])*)\*\/\s*export (?:const|function) (?:\w*Machine|createSupervisor)\b/.exec(
      source,
    );
  if (found?.[1] === undefined) throw new Error(`${file} does not say what its machine is`);
  return found[1].replaceAll(/\s*\n\s*\*?\s*/g, ' ').trim();
}
