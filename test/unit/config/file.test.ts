import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { loadConfig } from '../../../config/load.ts';
import { KEYS, SECTIONS } from '../../../config/schema.ts';
import { RtapError } from '../../../src/domain/errors.ts';

describe('any configuration file', () => {
  let folder: string;
  let file: string;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'rtap-config-fuzz-'));
    file = join(folder, 'rtap.yaml');
  });

  after(() => {
    rmSync(folder, { recursive: true });
  });

  /** Loads the file; an error that is not the one for a bad configuration is thrown on. */
  function outcome(content: string | Uint8Array): 'accepted' | 'refused' {
    writeFileSync(file, content);
    try {
      loadConfig({ set: [], env: {}, file });
      return 'accepted';
    } catch (thrown) {
      if (!(thrown instanceof RtapError) || thrown.code !== 'CONFIG_INVALID') throw thrown;
      expect(thrown.message).not.to.match(/\n\s+at /);
      return 'refused';
    }
  }

  it('of arbitrary bytes is accepted or refused, never more', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(outcome(bytes)).to.be.oneOf(['accepted', 'refused']);
      }),
      { numRuns: 200 },
    );
  });

  it('of text that looks like YAML is accepted or refused, never more', () => {
    const scraps = fc.constantFrom(
      ...[
        'audio',
        'output',
        ':',
        ': ',
        '\n',
        '  ',
        '- ',
        '{',
        '}',
        '[',
        ']',
        '&a ',
        '*a',
        '<<',
        '|',
      ],
      ...[
        '%YAML 1.1\n',
        '---\n',
        '!!set',
        '? ',
        '"',
        "'",
        '#',
        '\t',
        '~',
        '\0',
        '__proto__',
        '.nan',
      ],
    );
    fc.assert(
      fc.property(fc.array(scraps, { maxLength: 40 }), (parts) => {
        expect(outcome(parts.join(''))).to.be.oneOf(['accepted', 'refused']);
      }),
      { numRuns: 500 },
    );
  });

  it('of known keys with arbitrary values is accepted or refused, never more', () => {
    const sections = [...SECTIONS].filter((path) => !path.includes('.'));
    const names = [...KEYS.keys()].map((path) => path.split('.').at(-1) ?? path);
    const tree = fc.dictionary(
      fc.constantFrom(...sections),
      fc.oneof(fc.dictionary(fc.constantFrom(...names), fc.jsonValue()), fc.jsonValue()),
    );
    fc.assert(
      fc.property(tree, fc.boolean(), (value, asYaml) => {
        const text = asYaml ? stringify(value) : JSON.stringify(value);
        expect(outcome(text)).to.be.oneOf(['accepted', 'refused']);
      }),
      { numRuns: 300 },
    );
  });

  it('that is nested too deeply, or expands too far, is refused', () => {
    expect(outcome('['.repeat(60_000))).to.equal('refused');
    expect(outcome(`${'{a: '.repeat(10_000)}1${'}'.repeat(10_000)}`)).to.equal('refused');
    const level = (index: number) => `l${index}: &l${index} [${`*l${index - 1},`.repeat(9)}]`;
    const bomb = ['l0: &l0 [x]', ...Array.from({ length: 9 }, (_, index) => level(index + 1))];
    expect(outcome(bomb.join('\n'))).to.equal('refused');
  });
});
