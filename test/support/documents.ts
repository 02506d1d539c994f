import { configurationDocument } from '../../config/document.ts';
import { statechartDocument, statechartPictures } from './statechart/document.ts';
import { treeDocument } from './tree-document.ts';

/** The folder of the pictures, below `docs`: nothing else is in it. */
export const PICTURES = 'statecharts';

/** Every generated document, by its path below `docs`. */
export async function generatedDocuments(): Promise<Map<string, string>> {
  const pictures = await statechartPictures();
  return new Map([
    ['configuration.md', configurationDocument()],
    ['tree.md', treeDocument()],
    ['statecharts.md', statechartDocument()],
    ...[...pictures].map(([name, svg]): [string, string] => [`${PICTURES}/${name}.svg`, svg]),
  ]);
}
