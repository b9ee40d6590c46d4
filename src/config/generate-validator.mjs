// Writes validator.generated.js: ajv's standalone code for the configuration's and the board's schema, and what each
// key allows, in words. ajv itself stays out of the product, and so do the schemas' texts.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Ajv from 'ajv';
import standaloneCode from 'ajv/dist/standalone/index.js';

/** Keywords that only people read. */
const PROSE = ['$schema', 'title', 'description', 'x-allowed', 'writeOnly', 'format'];
const here = dirname(fileURLToPath(import.meta.url));
const read = (path) => JSON.parse(readFileSync(join(here, path), 'utf8'));
const SCHEMAS = { configuration: read('schema.json'), board: uplinksOf(read('../../board/board.schema.json')) };

/** Of a board, the router needs no more than its uplinks; tests hold descriptions to the whole schema. */
function uplinksOf({ type, properties: { uplinks } }) {
  return { type, required: ['uplinks'], properties: { uplinks } };
}


function listed(values) {
  return values.length < 2 ? values.join('') : `${values.slice(0, -1).join(', ')} or ${values.at(-1)}`;
}

function inWords(schema) {
  if (schema['x-allowed'] !== undefined) return schema['x-allowed'];
  if (schema.enum) return listed(schema.enum.map((value) => JSON.stringify(value)));
  if (schema.type === 'boolean') return 'true or false';
  if (schema.type === 'integer') {
    const what = schema.multipleOf === undefined ? 'a whole number' : `a multiple of ${schema.multipleOf}`;
    return schema.maximum === undefined
      ? `${what} of at least ${schema.minimum}`
      : `${what} from ${schema.minimum} to ${schema.maximum}`;
  }
  if (schema.type === 'array') return 'a list';
  if (schema.type === 'object') return 'an object';
  throw new Error(`no words for ${JSON.stringify(schema)}`);
}

/** Rows [path, what is allowed, keys of an object, secret]; a list's items have the path of the list and `[]`. */
function describe(schema, path, rows) {
  const keys = schema.properties && Object.keys(schema.properties).filter((key) => key !== '$schema');
  rows[path] = { allowed: inWords(schema), ...(keys && { keys }), ...(schema.writeOnly && { secret: true }) };
  for (const [key, value] of Object.entries(schema.properties ?? {})) {
    if (value.description === undefined) throw new Error(`${path}.${key} has no description`);
    describe(value, path === '' ? key : `${path}.${key}`, rows);
  }
  if (schema.items) describe(schema.items, `${path}[]`, rows);
  return rows;
}

/**
 * A third of the size: errors carry no more than their place and key, and nothing refers to the embedded schemas, so
 * that the bundler leaves them out. Throws when ajv's output has another shape than the one known here.
 */
function compact(source) {
  const errors = source.match(/ = \{instancePath[:,]/g).length;
  let found = 0;
  const code = source
    .replace(
      /const (err\d+) = \{instancePath(:[^,]+)?,schemaPath:"[^"]*",keyword:"(\w+)",params:\{(.*?)\}\};\s*if\(vErrors === null\)\{\s*vErrors = \[\1\];\s*\}\s*else \{\s*vErrors\.push\(\1\);\s*\}\s*errors\+\+;/g,
      (_, _name, place, keyword, params) => {
        found++;
        const key = keyword === 'required' || keyword === 'additionalProperties' ? `,${params.split(': ')[1]}` : '';
        return `vErrors = report(vErrors,${place?.slice(1) ?? 'instancePath'}${key});errors++;`;
      },
    )
    .replace(/func\d+\.call\((schema\d+)((?:\.\w+)+), (key\d+)\)/g, (_, name, path, key) => {
      const schema = JSON.parse(new RegExp(`^(?:.*;)?const ${name} = (.*);$`, 'm').exec(source)[1]);
      const at = path.slice(1).split('.').reduce((node, step) => node[step], schema);
      return `${JSON.stringify(Object.keys(at))}.includes(${key})`;
    })
    .replace(/^const (schema|func)\d+ = .*;$/gm, '');
  if (found !== errors || /\brequire\(|\bschema\d+\./.test(code))
    throw new Error(`ajv's code has another shape: ${found} of ${errors} errors found; avoid the keyword`);
  return `function report(errors, place, key){const list = errors ?? [];list.push({place, key});return list;}\n${code}`;
}

/** Parts that are worth a function of their own where they occur more than once. */
const WORTH_SHARING = 80;

/** The schema without its prose, and with parts that repeat moved to `$defs`, so that their code is there once. */
function shared(schema) {
  const counts = new Map();
  const isSchema = (node) => typeof node.type === 'string' || Array.isArray(node.type ?? node.anyOf ?? node.oneOf);
  const bare = (node) => {
    if (Array.isArray(node)) return node.map(bare);
    if (node === null || typeof node !== 'object') return node;
    const kept = Object.entries(node).filter(([key, value]) => !(PROSE.includes(key) && typeof value !== 'object'));
    return Object.fromEntries(kept.map(([key, value]) => [key, bare(value)]));
  };
  const split = ({ default: fallback, ...rest }) => [JSON.stringify(rest), fallback];
  const count = (node) => {
    if (node === null || typeof node !== 'object') return;
    const [text] = split(node);
    if (isSchema(node) && text.length >= WORTH_SHARING) counts.set(text, (counts.get(text) ?? 0) + 1);
    for (const value of Object.values(node)) count(value);
  };
  const names = new Map();
  const defs = {};
  const replace = (node, isRoot = false) => {
    if (node === null || typeof node !== 'object') return node;
    if (Array.isArray(node)) return node.map((item) => replace(item));
    const [text, fallback] = split(node);
    if (isRoot || !isSchema(node) || (counts.get(text) ?? 0) < 2) return inside(node);
    if (!names.has(text)) {
      names.set(text, `part${names.size}`);
      defs[names.get(text)] = inside(JSON.parse(text));
    }
    return { ...(fallback !== undefined && { default: fallback }), $ref: `#/$defs/${names.get(text)}` };
  };
  const inside = (node) => Object.fromEntries(Object.entries(node).map(([key, value]) => [key, replace(value)]));
  const plain = bare(schema);
  count(plain);
  return { ...replace(plain, true), $defs: defs };
}

const ajv = new Ajv({
  inlineRefs: false,
  allErrors: true,
  allowUnionTypes: true,
  useDefaults: true,
  messages: false,
  validateFormats: false,
  code: { source: true, esm: true, optimize: 2, lines: true },
});
ajv.addVocabulary(['x-allowed']);
const names = {};
for (const [name, schema] of Object.entries(SCHEMAS)) {
  ajv.addSchema({ ...shared(schema), $id: name });
  names[`${name}Schema`] = name;
}
const code = compact(standaloneCode(ajv, names));
const rows = Object.entries(SCHEMAS).map(
  ([name, schema]) => `export const ${name}Words = ${JSON.stringify(describe(schema, '', {}))};`,
);
writeFileSync(
  join(here, 'validator.generated.js'),
  `// Generated by generate-validator.mjs from schema.json and board.schema.json.\n${code}\n${rows.join('\n')}\n`,
);
writeFileSync(
  join(here, 'validator.generated.d.ts'),
  `// Generated by generate-validator.mjs.
/** \`place\` is a JSON pointer; \`key\` a key missing or unknown there. */
export interface SchemaError {
  readonly place: string;
  readonly key?: string;
}
export interface SchemaValidator {
  (data: unknown): boolean;
  errors?: readonly SchemaError[] | null;
}
/** What a key allows, in words; \`keys\` are those of an object. */
export interface Words {
  readonly allowed: string;
  readonly keys?: readonly string[];
  readonly secret?: boolean;
}
${Object.keys(SCHEMAS)
  .map((name) => `export const ${name}Schema: SchemaValidator;\nexport const ${name}Words: Readonly<Record<string, Words>>;`)
  .join('\n')}
`,
);
