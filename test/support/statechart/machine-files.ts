import { readdirSync } from 'node:fs';
import { StateMachine } from 'xstate';

const ROOT = new URL('../../../', import.meta.url);
const FOLDERS = ['machines/', 'supervisors/'];

/** Files that export a machine, or what makes one: paths from the root of the repository. */
export async function machineFiles(): Promise<string[]> {
  const found: string[] = [];
  for (const folder of FOLDERS) {
    for (const file of readdirSync(new URL(folder, ROOT))) {
      const exported = (await import(new URL(`${folder}${file}`, ROOT).href)) as object;
      if (Object.entries(exported).some(isMachine)) found.push(`${folder}${file}`);
    }
  }
  return found;
}

/** `wake-word` for `machines/wake-word.ts`. */
export function nameOf(file: string): string {
  return file.replace(/^.*\/(.*)\.ts$/, '$1');
}

function isMachine([name, value]: [string, unknown]): boolean {
  return value instanceof StateMachine || /^create(\w*Machine|Supervisor)$/.test(name);
}
