import { mkdtempSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { FolderWatch } from '../../../../src/io/devices/folder-watch.ts';

describe('FolderWatch', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'rtap-folder-'));
  });

  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('tells once of the files that a device makes, and once when they go', async () => {
    let told = 0;
    let change: () => void = () => undefined;
    const changed = (): Promise<void> =>
      new Promise((resolve) => {
        change = resolve;
      });
    const watch = new FolderWatch(folder, () => {
      told += 1;
      change();
    });
    const coming = changed();
    for (const name of ['controlC1', 'pcmC1D0c', 'pcmC1D0p']) writeFileSync(join(folder, name), '');
    await coming;
    expect(told).to.equal(1);
    const going = changed();
    unlinkSync(join(folder, 'pcmC1D0c'));
    await going;
    expect(told).to.equal(2);
    watch.close();
  });

  it('says nothing of a folder that is not there', () => {
    new FolderWatch(join(folder, 'none'), () => {
      throw new Error('it told of nothing');
    }).close();
  });
});
