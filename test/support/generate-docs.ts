// Writes the documents that are generated; a test fails when one of them drifts.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { PICTURES, generatedDocuments } from './documents.ts';

const DOCS = new URL('../../docs/', import.meta.url);

const documents = await generatedDocuments();
rmSync(new URL(PICTURES, DOCS), { recursive: true, force: true });
mkdirSync(new URL(PICTURES, DOCS));
for (const [path, text] of documents) writeFileSync(new URL(path, DOCS), text);
