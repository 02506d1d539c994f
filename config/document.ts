import { markdownTable } from './markdown-table.ts';
import { LAYERS } from './problem.ts';
import { PROFILES } from './profiles.ts';
import { KEYS } from './schema.ts';
import type { Key } from './schema.ts';
import { readSectionTree } from './section-tree.ts';

function code(value: unknown): string {
  return `\`${JSON.stringify(value)}\``;
}

function keyRow({ path, leaf }: Key): string[] {
  const alias = leaf.alias === undefined ? '' : ` Also set by \`${leaf.alias}\`.`;
  return [`\`${path}\``, code(leaf.default), leaf.accepts, `${leaf.doc}.${alias}`];
}

function sections(): string[] {
  const bySection = new Map<string, Key[]>();
  for (const key of KEYS.values()) {
    const [section = ''] = key.path.split('.');
    bySection.set(section, [...(bySection.get(section) ?? []), key]);
  }
  return [...bySection].map(
    ([section, keys]) =>
      `## ${section}\n\n${markdownTable([['key', 'default', 'must be', 'what it does'], ...keys.map(keyRow)])}`,
  );
}

function profiles(): string {
  const rows = Object.entries(PROFILES).map(([name, profile]) => {
    const { assignments } = readSectionTree(profile.values, () => ({ layer: 'profile', name }));
    const differences = assignments.map(({ path, value }) => `\`${path}\` is ${code(value)}`);
    return [
      `\`${name}\``,
      profile.production ? 'yes' : 'no',
      differences.length === 0 ? 'none' : differences.join(', '),
    ];
  });
  return markdownTable([['profile', 'production', 'differences from the defaults'], ...rows]);
}

/** The reference of the configuration as Markdown, from the schema and the profiles alone. */
export function configurationDocument(): string {
  const parts = [
    '# Configuration',
    '<!-- Generated from config/schema.ts by `npm run docs`. -->',
    `A value of a later layer replaces that of an earlier one: ${LAYERS.join(', ')}.`,
    [
      '- The profile is chosen by `--environment`, then `RTAP_ENVIRONMENT`.',
      '- The file is named by `--config`, then `RTAP_CONFIG`: YAML or JSON, with the sections below.',
      '- The variable of `section.key` is `RTAP_SECTION_KEY`; an empty one counts as not set.',
      '- On the command line it is `--set section.key=value`, as often as needed.',
      '- A list is written with commas in a variable and on the command line.',
    ].join('\n'),
    '`rtap config check` lists every problem at once; `rtap config show` prints each value with the layer it came from.',
    `## Profiles\n\n${profiles()}`,
    'In a production profile the source is a device and never falls back to anything that is none.',
    ...sections(),
  ];
  return `${parts.join('\n\n')}\n`;
}
