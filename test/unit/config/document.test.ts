import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { configurationDocument } from '../../../config/document.ts';
import { KEYS } from '../../../config/schema.ts';

describe('docs/configuration.md', () => {
  const written = readFileSync(new URL('../../../docs/configuration.md', import.meta.url), 'utf8');

  it('is what the schema says; `npm run docs` writes it anew', () => {
    expect(written).to.equal(configurationDocument());
  });

  it('names every key once', () => {
    for (const path of KEYS.keys()) {
      expect(written.split(`\n| \`${path}\` `), path).to.have.length(2);
    }
  });
});
