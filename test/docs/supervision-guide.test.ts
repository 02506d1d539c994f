import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { ROOT } from '../support/daemon.ts';

const guide = readFileSync(join(ROOT, 'docs/supervision.md'), 'utf8');

/** The first code block of a language. */
function block(language: string): string {
  const [, text] = new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``).exec(guide) ?? [];
  if (text === undefined) throw new Error(`the guide has no ${language} block`);
  return text;
}

describe('The guide to rtap/supervision', () => {
  let folder = '';

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'rtap-guide-'));
    const packed = execFileSync('npm', ['pack', '--silent', '--pack-destination', folder], {
      cwd: ROOT,
      encoding: 'utf8',
    });
    const installed = join(folder, 'node_modules/rtap');
    mkdirSync(installed, { recursive: true });
    const tarball = join(folder, packed.trim().split('\n').at(-1) ?? '');
    execFileSync('tar', ['-xzf', tarball, '-C', installed, '--strip-components=1']);
    mkdirSync(join(folder, 'node_modules/@types'));
    for (const name of ['xstate', '@types/node', 'undici-types']) {
      symlinkSync(join(ROOT, 'node_modules', name), join(folder, 'node_modules', name));
    }
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  });
  after(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('its example runs from the packed package, and prints what it says', () => {
    writeFileSync(join(folder, 'office.js'), block('js'));
    const printed = execFileSync(process.execPath, ['office.js'], {
      cwd: folder,
      encoding: 'utf8',
    });
    expect(printed).to.equal(block('text'));
  });

  it('the package has types that a TypeScript project can use', () => {
    const source = [
      "import { supervise, startChild, type SupervisorSpec } from 'rtap/supervision';",
      "const spec: SupervisorSpec = { id: 'top', type: 'supervisor', children: [] };",
      'export const logic = supervise(spec, { actors: {} });',
      'export const start: typeof startChild = startChild;',
      '// @ts-expect-error there is no such strategy',
      "export const wrong: SupervisorSpec = { ...spec, strategy: 'all_for_none' };",
    ];
    writeFileSync(join(folder, 'typed.ts'), source.join('\n'));
    const flags = ['--noEmit', '--strict', '--module', 'nodenext', '--skipLibCheck', 'false'];
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
    const { stdout } = spawnSync(process.execPath, [tsc, ...flags, '--types', 'node', 'typed.ts'], {
      cwd: folder,
      encoding: 'utf8',
    });
    expect(stdout).to.equal('');
  });
});
