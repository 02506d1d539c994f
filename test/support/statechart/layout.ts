import { createRequire } from 'node:module';
import type { ELK, ElkExtendedEdge, ElkNode, ElkPoint } from 'elkjs/lib/elk.bundled.js';
import type { Arrow, Box, Chart } from './chart.ts';

// A CommonJS package whose types call it an ES module.
const Elk = createRequire(import.meta.url)('elkjs/lib/elk.bundled.js') as new () => ELK;

export const SIZES = {
  title: 13,
  line: 11,
  titleHeight: 26,
  lineHeight: 15,
  labelHeight: 13,
  padding: 10,
  /** Width of a character of a monospaced font, as a share of its size. */
  character: 0.61,
} as const;

export interface PlacedBox {
  readonly box: Box;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface PlacedLabel {
  readonly text: string;
  readonly x: number;
  readonly y: number;
}

export interface PlacedArrow {
  readonly points: readonly ElkPoint[];
  readonly labels: readonly PlacedLabel[];
}

/** A chart with a place for everything; outer boxes come before inner ones. */
export interface PlacedChart {
  readonly width: number;
  readonly height: number;
  readonly boxes: readonly PlacedBox[];
  readonly arrows: readonly PlacedArrow[];
}

const OPTIONS = {
  'elk.algorithm': 'layered',
  'elk.direction': 'DOWN',
  'elk.randomSeed': '1',
  'elk.hierarchyHandling': 'INCLUDE_CHILDREN',
  'elk.edgeRouting': 'ORTHOGONAL',
  'elk.json.edgeCoords': 'ROOT',
  'elk.json.shapeCoords': 'ROOT',
  'elk.layered.spacing.nodeNodeBetweenLayers': '36',
  'elk.layered.spacing.edgeNodeBetweenLayers': '18',
  'elk.layered.spacing.edgeEdgeBetweenLayers': '14',
  'elk.spacing.nodeNode': '36',
  'elk.spacing.edgeNode': '20',
  'elk.spacing.edgeEdge': '16',
  'elk.spacing.edgeLabel': '5',
  'elk.padding': '[top=8,left=8,bottom=8,right=8]',
};

/** Room to the left and right of what is in a box, by its id. */
type Margins = Map<string, number>;

const MARGIN = 18;
const MAX_ROUNDS = 5;

/** Finds a place for every box, arrow and label; the same chart always gets the same. */
export async function place(chart: Chart): Promise<PlacedChart> {
  const margins: Margins = new Map();
  for (let round = 0; ; round += 1) {
    const placed = await placeWithin(chart, margins);
    // The layout knows no least width of a box that has others in it: it is widened from within.
    const tooNarrow = placed.boxes.filter(({ box, width }) => width < widthOf(box));
    if (tooNarrow.length === 0 || round === MAX_ROUNDS) return placed;
    for (const { box, width } of tooNarrow) {
      const missing = Math.ceil((widthOf(box) - width) / 2);
      margins.set(box.id, (margins.get(box.id) ?? MARGIN) + missing);
    }
  }
}

async function placeWithin(chart: Chart, margins: Margins): Promise<PlacedChart> {
  const steps = stepsOf(chart);
  const graph = await new Elk().layout<ElkNode>({
    id: ':chart',
    layoutOptions: OPTIONS,
    children: [nodeOf(chart.root, margins)],
    edges: chart.arrows.map((arrow, index) => edgeOf(arrow, index, steps)),
  });
  const byId = new Map<string, Box>();
  const remember = (box: Box): void => {
    byId.set(box.id, box);
    box.children.forEach(remember);
  };
  remember(chart.root);

  const boxes: PlacedBox[] = [];
  const visit = (node: ElkNode): void => {
    const box = byId.get(node.id);
    if (box === undefined) throw new Error(`nobody asked for ${node.id}`);
    const { x = 0, y = 0, width = 0, height = 0 } = node;
    boxes.push({ box, x, y, width, height });
    node.children?.forEach(visit);
  };
  graph.children?.forEach(visit);
  return {
    width: Math.ceil(graph.width ?? 0),
    height: Math.ceil(graph.height ?? 0),
    boxes,
    arrows: (graph.edges ?? []).map(placedArrow),
  };
}

const textWidth = (text: string, size: number): number => text.length * size * SIZES.character;

/** Height of a box's own text, above its children. */
export function textHeight(box: Box): number {
  return SIZES.titleHeight + (box.lines.length === 0 ? 0 : box.lines.length * SIZES.lineHeight + 8);
}

/** The least width that shows all of a box's own text. */
function widthOf(box: Box): number {
  if (box.kind === 'initial') return 12;
  const { padding, title, line } = SIZES;
  const texts = [textWidth(box.title, title), ...box.lines.map((text) => textWidth(text, line))];
  return Math.max(64, Math.ceil(Math.max(...texts) + 2 * padding));
}

function nodeOf(box: Box, margins: Margins): ElkNode {
  const height = box.kind === 'initial' ? 12 : textHeight(box);
  if (box.children.length === 0) return { id: box.id, width: widthOf(box), height };
  const margin = margins.get(box.id) ?? MARGIN;
  return {
    id: box.id,
    children: box.children.map((child) => nodeOf(child, margins)),
    layoutOptions: {
      'elk.padding': `[top=${height + 14},left=${margin},bottom=18,right=${margin}]`,
    },
  };
}

/** How many arrows lead to each box from where its machine starts. */
function stepsOf({ root, arrows }: Chart): Map<string, number> {
  const inner = (box: Box): string[] => [box.id, ...box.children.flatMap(inner)];
  const steps = new Map(inner(root).map((id) => [id, /:(initial|any)$/.test(id) ? 0 : Infinity]));
  for (let isStable = false; !isStable;) {
    isStable = true;
    for (const { from, to } of arrows) {
      const step = (steps.get(from) ?? Infinity) + 1;
      if (step >= (steps.get(to) ?? Infinity)) continue;
      steps.set(to, step);
      isStable = false;
    }
  }
  return steps;
}

function edgeOf(
  { from, to, labels }: Arrow,
  index: number,
  steps: ReadonlyMap<string, number>,
): ElkExtendedEdge {
  const isOnward = (steps.get(from) ?? 0) < (steps.get(to) ?? 0);
  return {
    // What leads away from the start points down; what leads back points up.
    layoutOptions: { 'elk.layered.priority.direction': isOnward ? '10' : '0' },
    id: `:arrow${index}`,
    sources: [from],
    targets: [to],
    labels: [
      {
        text: labels.join('\n'),
        width: Math.ceil(Math.max(...labels.map((text) => textWidth(text, SIZES.line)), 0)),
        height: labels.length * SIZES.labelHeight,
      },
    ].filter(({ text }) => text !== ''),
  };
}

function placedArrow({ sections = [], labels = [] }: ElkExtendedEdge): PlacedArrow {
  return {
    points: sections.flatMap(({ startPoint, bendPoints = [], endPoint }) => [
      startPoint,
      ...bendPoints,
      endPoint,
    ]),
    labels: labels.flatMap(({ text = '', x = 0, y = 0 }) =>
      text
        .split('\n')
        .map((line, index) => ({ text: line, x, y: y + (index + 0.8) * SIZES.labelHeight })),
    ),
  };
}
