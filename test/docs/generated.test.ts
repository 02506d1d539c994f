import { readFileSync, readdirSync } from 'node:fs';
import { expect } from 'chai';
import { PICTURES, generatedDocuments } from '../support/documents.ts';
import { allNodes } from '../support/explore.ts';
import { machineFiles, nameOf } from '../support/statechart/machine-files.ts';
import { DRAWN } from '../support/statechart/machines.ts';

const DOCS = new URL('../../docs/', import.meta.url);

describe('the generated documents', () => {
  let documents: ReadonlyMap<string, string> = new Map();

  before(async () => {
    documents = await generatedDocuments();
  });

  it('are what the sources say; `npm run docs` writes them anew', () => {
    const drifted = [...documents]
      .filter(([path, text]) => written(path) !== text)
      .map(([path]) => path);
    expect(drifted).to.deep.equal([]);
  });

  it('come out the same, byte for byte, when they are made again', async () => {
    expect([...(await generatedDocuments())]).to.deep.equal([...documents]);
  });

  it('have a picture of every machine, and none of a machine that is gone', async () => {
    const files = await machineFiles();
    expect(Object.keys(DRAWN)).to.have.members(files);
    expect(readdirSync(new URL(PICTURES, DOCS))).to.have.members(
      files.map((file) => `${nameOf(file)}.svg`),
    );
  });

  it('say of every state what it is', () => {
    const untold = Object.entries(DRAWN).flatMap(([file, machine]) =>
      allNodes(machine)
        .filter(({ type, description }) => type === 'atomic' && description === undefined)
        .map(({ id }) => `${file}: ${id}`),
    );
    expect(untold).to.deep.equal([]);
  });
});

function written(path: string): string | null {
  try {
    return readFileSync(new URL(path, DOCS), 'utf8');
  } catch {
    return null;
  }
}
