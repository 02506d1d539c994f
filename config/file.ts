import { readFileSync, statSync } from 'node:fs';
import { isMap, isScalar, LineCounter, parseDocument, visit } from 'yaml';
import type { Document } from 'yaml';
import { describeError } from '../src/domain/errors.ts';
import type { LayerReading } from './assignment.ts';
import { readSectionTree } from './section-tree.ts';

const MAX_FILE_BYTES = 65_536;

class Unreadable extends Error {}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  ENOTDIR: 'does not exist: a part of its path is no folder',
  EACCES: 'cannot be read: permission denied',
  EPERM: 'cannot be read: permission denied',
  ELOOP: 'cannot be read: too many symbolic links',
  ENAMETOOLONG: 'cannot be read: its name is too long',
};

function readText(file: string): string {
  let bytes: Buffer;
  try {
    const entry = statSync(file);
    if (entry.isDirectory()) throw new Unreadable('is a folder, not a file');
    if (!entry.isFile()) throw new Unreadable('is not a regular file');
    if (entry.size > MAX_FILE_BYTES) {
      throw new Unreadable(`is larger than ${String(MAX_FILE_BYTES)} bytes`);
    }
    bytes = readFileSync(file);
  } catch (thrown) {
    if (thrown instanceof Unreadable) throw thrown;
    const code = (thrown as NodeJS.ErrnoException).code ?? '';
    throw new Unreadable(REASONS[code] ?? `cannot be read (${code || describeError(thrown)})`);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new Unreadable('is not UTF-8 text');
  }
}

function unreadableAt(lines: LineCounter, offset: number, why: string): Unreadable {
  const { line, col } = lines.linePos(offset);
  return new Unreadable(
    `is neither YAML nor JSON, at line ${String(line)}, column ${String(col)}: ${why}`,
  );
}

function parse(text: string, lines: LineCounter): { document: Document; tree: object } {
  const document = parseDocument(text, {
    lineCounter: lines,
    // Else the parser prints warnings of its own.
    logLevel: 'error',
    prettyErrors: false,
    resolveKnownTags: false,
    schema: 'core',
  });
  const fault = document.errors[0] ?? document.warnings[0];
  if (fault !== undefined) throw unreadableAt(lines, fault.pos[0], fault.message);
  visit(document, {
    Alias: (_, alias) => {
      if (alias.resolve(document) !== undefined) return;
      throw unreadableAt(lines, alias.range?.[0] ?? 0, `there is no anchor ${alias.source}`);
    },
  });
  const tree: unknown = document.toJS();
  if (tree === null) return { document, tree: {} };
  if (typeof tree !== 'object' || Array.isArray(tree)) {
    throw new Unreadable('must hold sections of keys, at line 1, column 1');
  }
  return { document, tree };
}

function lineOf(document: Document, lines: LineCounter, parts: readonly string[]): number | null {
  let node: unknown = document.contents;
  let offset: number | null = null;
  for (const part of parts) {
    if (!isMap(node)) break;
    const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === part);
    if (pair === undefined || !isScalar(pair.key) || !pair.key.range) break;
    offset = pair.key.range[0];
    node = pair.value;
  }
  return offset === null ? null : lines.linePos(offset).line;
}

function reasonOf(thrown: unknown): string {
  if (thrown instanceof Unreadable) return thrown.message;
  // The parser recurses, and has nothing against deep nesting.
  const why = thrown instanceof RangeError ? 'it is nested too deeply' : describeError(thrown);
  return `is neither YAML nor JSON: ${why}`;
}

/**
 * Reads a configuration file, YAML or JSON, of up to 64 KiB. It does not check the values; a file that cannot
 * be read or understood is one problem that says why and, where there is one, on which line and column.
 */
export function readConfigFile(file: string): LayerReading {
  const lines = new LineCounter();
  try {
    const { document, tree } = parse(readText(file), lines);
    return readSectionTree(tree, (parts) => {
      const line = lineOf(document, lines, parts);
      return { layer: 'file', name: line === null ? file : `${file}:${String(line)}` };
    });
  } catch (thrown) {
    const message = reasonOf(thrown);
    return {
      assignments: [],
      problems: [{ path: '', value: undefined, layer: 'file', where: file, message }],
    };
  }
}
