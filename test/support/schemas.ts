import { readFileSync } from 'node:fs';
import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js';
import { parse } from 'yaml';

const DOCUMENT = new URL('../../docs/asyncapi.yaml', import.meta.url);

interface AsyncApiDocument {
  components: { schemas: Record<string, unknown> };
}

export interface Schemas {
  /** Names of all schemas in the document. */
  readonly names: readonly string[];
  /** The schema as it is written. */
  source: (name: string) => unknown;
  /** What is wrong with a value, one sentence each; empty when the schema accepts it. */
  problems: (name: string, value: unknown) => string[];
}

/** Reads the schemas out of the published AsyncAPI document and compiles them strictly. */
export function loadSchemas(): Schemas {
  const document = parse(readFileSync(DOCUMENT, 'utf8')) as AsyncApiDocument;
  const { schemas } = document.components;
  const ajv = new Ajv2020({
    allErrors: true,
    strict: true,
    strictRequired: false,
    strictTypes: false,
  });
  const text = JSON.stringify(schemas).replaceAll('#/components/schemas/', '#/$defs/');
  ajv.addSchema({ $id: 'rtap', $defs: JSON.parse(text) as Record<string, unknown> });
  return {
    names: Object.keys(schemas),
    source: (name) => schemas[name],
    problems: (name, value) => {
      const validate = ajv.getSchema(`rtap#/$defs/${name}`);
      if (validate === undefined) throw new Error(`The document has no schema ${name}`);
      return validate(value) === true ? [] : (validate.errors ?? []).map(sentenceOf);
    },
  };
}

function sentenceOf(error: ErrorObject): string {
  const place = error.instancePath === '' ? 'the message' : error.instancePath;
  return `${place} ${error.message ?? error.keyword} ${JSON.stringify(error.params)}`;
}
