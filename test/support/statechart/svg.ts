import { SIZES, textHeight } from './layout.ts';
import type { PlacedArrow, PlacedBox, PlacedChart } from './layout.ts';

const RADIUS = 6;

const FONT = "ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace";

interface Palette {
  readonly ground: string;
  readonly box: string;
  readonly inner: string;
  readonly line: string;
  readonly text: string;
  readonly faint: string;
  readonly arrow: string;
  readonly label: string;
}

const LIGHT: Palette = {
  ground: '#ffffff',
  box: '#f6f8fa',
  inner: '#ffffff',
  line: '#57606a',
  text: '#1f2328',
  faint: '#57606a',
  arrow: '#57606a',
  label: '#0550ae',
};

const DARK: Palette = {
  ground: '#0d1117',
  box: '#161b22',
  inner: '#0d1117',
  line: '#8b949e',
  text: '#e6edf3',
  faint: '#9da7b1',
  arrow: '#8b949e',
  label: '#79c0ff',
};

/** Draws a placed chart; it follows the reader's colour scheme. */
export function svgOf(title: string, chart: PlacedChart): string {
  const { width, height } = chart;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escaped(title)}</title>`,
    '<style>',
    `text { font: ${SIZES.line}px ${FONT}; }`,
    `.title { font-size: ${SIZES.title}px; font-weight: bold; }`,
    '.parallel { stroke-dasharray: 6 4; }',
    '.arrow { fill: none; stroke-width: 1.2; }',
    '.label { paint-order: stroke; stroke-width: 4px; stroke-linejoin: round; }',
    colours(LIGHT),
    `@media (prefers-color-scheme: dark) {\n${colours(DARK)}\n}`,
    '</style>',
    '<defs><marker id="head" viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path class="head" d="M0 0.5L8 4L0 7.5z"/></marker></defs>',
    `<rect class="ground" width="${width}" height="${height}"/>`,
    ...chart.boxes.map(boxSvg),
    ...chart.arrows.map(arrowSvg),
    ...chart.arrows.flatMap(labelSvg),
    '</svg>',
    '',
  ].join('\n');
}

function colours(palette: Palette): string {
  const { ground, box, inner, line, text, faint, arrow, label } = palette;
  return [
    `.ground { fill: ${ground}; }`,
    `.box { fill: ${inner}; stroke: ${line}; }`,
    `.outer { fill: ${box}; stroke: ${line}; }`,
    `.rule { stroke: ${line}; stroke-opacity: 0.4; }`,
    `.title { fill: ${text}; }`,
    `.line { fill: ${faint}; }`,
    `.arrow { stroke: ${arrow}; }`,
    `.head, .dot { fill: ${arrow}; }`,
    `.label { fill: ${label}; stroke: ${ground}; }`,
  ].join('\n');
}

function boxSvg({ box, x, y, width, height }: PlacedBox): string {
  if (box.kind === 'initial') {
    return `<circle class="dot" cx="${number(x + width / 2)}" cy="${number(y + height / 2)}" r="5"/>`;
  }
  const rect = (by: number, shape: string): string =>
    `<rect class="${shape}" x="${number(x + by)}" y="${number(y + by)}" width="${number(width - 2 * by)}" height="${number(height - 2 * by)}" rx="${box.kind === 'any' ? height / 2 : 8 - by}"/>`;
  const shape = box.children.length === 0 ? 'box' : `outer ${box.kind}`;
  const { padding, lineHeight, titleHeight } = SIZES;
  const ruleY = number(y + titleHeight);
  return [
    '<g>',
    ...(box.description === '' ? [] : [`<title>${escaped(box.description)}</title>`]),
    rect(0, shape),
    ...(box.kind === 'final' ? [rect(3, 'box')] : []),
    box.kind === 'any'
      ? `<text class="line" text-anchor="middle" x="${number(x + width / 2)}" y="${number(y + 17)}">${escaped(box.title)}</text>`
      : `<text class="title" x="${number(x + padding)}" y="${number(y + 18)}">${escaped(box.title)}</text>`,
    ...(box.lines.length === 0
      ? []
      : [`<path class="rule" d="M${number(x)} ${ruleY}H${number(x + width)}"/>`]),
    ...box.lines.map(
      (line, index) =>
        `<text class="line" xml:space="preserve" x="${number(x + padding)}" y="${number(y + titleHeight + 14 + index * lineHeight)}">${escaped(line)}</text>`,
    ),
    ...(box.children.length === 0 || box.lines.length === 0
      ? []
      : [
          `<path class="rule" d="M${number(x)} ${number(y + textHeight(box))}H${number(x + width)}"/>`,
        ]),
    '</g>',
  ].join('');
}

function arrowSvg({ points }: PlacedArrow): string {
  return `<path class="arrow" d="${rounded(points)}" marker-end="url(#head)"/>`;
}

function labelSvg({ labels }: PlacedArrow): string[] {
  return labels.map(
    ({ text, x, y }) =>
      `<text class="label" x="${number(x)}" y="${number(y)}">${escaped(text)}</text>`,
  );
}

/** A line through the points, with its corners cut round. */
function rounded(points: PlacedArrow['points']): string {
  return points
    .map((point, index) => {
      const before = points[index - 1];
      const after = points[index + 1];
      const here = `${number(point.x)} ${number(point.y)}`;
      if (before === undefined) return `M${here}`;
      if (after === undefined) return `L${here}`;
      const start = towards(point, before);
      const end = towards(point, after);
      return `L${start}Q${here} ${end}`;
    })
    .join('');
}

function towards(from: { x: number; y: number }, to: { x: number; y: number }): string {
  const length = Math.hypot(to.x - from.x, to.y - from.y);
  const share = length === 0 ? 0 : Math.min(RADIUS, length / 2) / length;
  return `${number(from.x + (to.x - from.x) * share)} ${number(from.y + (to.y - from.y) * share)}`;
}

/** To a tenth of a pixel. */
function number(value: number): string {
  return String(Math.round(value * 10) / 10);
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
