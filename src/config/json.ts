/** Why a text is not JSON, and where: lines and columns from 1. */
export class JsonError extends Error {
  readonly line: number;
  readonly column: number;

  constructor(message: string, text: string, offset: number) {
    super(message);
    const before = text.slice(0, offset).split('\n');
    this.line = before.length;
    this.column = before.at(-1)!.length + 1;
  }
}

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const MAXIMUM_DEPTH = 64;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: RFC 8259 §7 excludes just these
const PLAIN_CHARACTERS = /[^"\\\u0000-\u001f]*/y;
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

/**
 * Reads JSON (RFC 8259). Unlike `JSON.parse`, whose messages differ between engines, it says where a mistake is, and it
 * refuses an object that has a key twice. Objects have no prototype. Throws `JsonError`.
 */
export function parseJson(text: string): Json {
  const reader = new JsonReader(text.startsWith('\ufeff') ? text.slice(1) : text);
  return reader.document();
}

class JsonReader {
  readonly #text: string;
  #offset = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): Json {
    const value = this.#value(0);
    this.#skipSpace();
    if (this.#offset < this.#text.length) throw this.#unexpected('nothing more');
    return value;
  }

  #value(depth: number): Json {
    if (depth > MAXIMUM_DEPTH) throw new JsonError(`nested deeper than ${MAXIMUM_DEPTH}`, this.#text, this.#offset);
    this.#skipSpace();
    const next = this.#text[this.#offset];
    if (next === '{') return this.#object(depth);
    if (next === '[') return this.#array(depth);
    if (next === '"') return this.#string();
    for (const [word, value] of [
      ['true', true],
      ['false', false],
      ['null', null],
    ] as const) {
      if (!this.#text.startsWith(word, this.#offset)) continue;
      this.#offset += word.length;
      return value;
    }
    const number = this.#match(NUMBER);
    if (number === undefined || number === '') throw this.#unexpected('a value');
    return Number(number);
  }

  #object(depth: number): Json {
    const object: { [key: string]: Json } = Object.create(null);
    this.#offset++;
    if (this.#takes('}')) return object;
    do {
      this.#skipSpace();
      const start = this.#offset;
      if (this.#text[start] !== '"') throw this.#unexpected('a key in double quotes');
      const key = this.#string();
      if (Object.hasOwn(object, key)) throw new JsonError(`key "${key}" is here twice`, this.#text, start);
      if (!this.#takes(':')) throw this.#unexpected('":"');
      object[key] = this.#value(depth + 1);
    } while (this.#takes(','));
    if (!this.#takes('}')) throw this.#unexpected('"," or "}"');
    return object;
  }

  #array(depth: number): Json {
    const array: Json[] = [];
    this.#offset++;
    if (this.#takes(']')) return array;
    do array.push(this.#value(depth + 1));
    while (this.#takes(','));
    if (!this.#takes(']')) throw this.#unexpected('"," or "]"');
    return array;
  }

  #string(): string {
    this.#offset++;
    let result = '';
    for (;;) {
      result += this.#match(PLAIN_CHARACTERS) ?? '';
      const next = this.#text[this.#offset];
      if (next === '"') break;
      if (next !== '\\') throw this.#unexpected('a closing quote');
      result += this.#escape();
    }
    this.#offset++;
    return result;
  }

  #escape(): string {
    const letter = this.#text[this.#offset + 1] ?? '';
    const hex = this.#text.slice(this.#offset + 2, this.#offset + 6);
    if (letter === 'u' && /^[0-9a-fA-F]{4}$/.test(hex)) {
      this.#offset += 6;
      return String.fromCharCode(Number.parseInt(hex, 16));
    }
    const escaped = ESCAPES[letter];
    if (escaped === undefined) throw this.#unexpected('an escape sequence');
    this.#offset += 2;
    return escaped;
  }

  #takes(character: string): boolean {
    this.#skipSpace();
    if (this.#text[this.#offset] !== character) return false;
    this.#offset++;
    return true;
  }

  #skipSpace(): void {
    while (' \t\n\r'.includes(this.#text[this.#offset] ?? 'x')) this.#offset++;
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#offset;
    const found = pattern.exec(this.#text)?.[0];
    this.#offset += found?.length ?? 0;
    return found;
  }

  #unexpected(wanted: string): JsonError {
    const next = this.#text[this.#offset];
    const is = next === undefined ? 'the end' : JSON.stringify(next);
    return new JsonError(`expected ${wanted}, found ${is}`, this.#text, this.#offset);
  }
}
