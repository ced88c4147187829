import {
  type DescEnum,
  type DescField,
  type DescMessage,
  type MessageShape,
  type Registry,
  ScalarType,
} from '@bufbuild/protobuf';
import { reflect, type ReflectMessage } from '@bufbuild/protobuf/reflect';
import { anyPack, type Any } from '@bufbuild/protobuf/wkt';
import { type TextPosition, TextProtoError } from './text-proto-error.js';
import { type TextToken, textTokens, TextTokenError } from './text-tokens.js';
import { unescapeString } from './unescape-string.js';

export interface ParseTextProtoOptions {
  /** The types that `google.protobuf.Any` may hold; default none. */
  readonly registry?: Registry | undefined;
}

/** Deeper than any configuration, and far from what the stack can take. */
const maxDepth = 100;

/**
 * Reads a message of any type in protobuf's text format: comments, `a { }`, `a: { }`, `<>`, lists in brackets, strings in
 * parts, octal and hexadecimal numbers, enums by name or number, maps, `[type.googleapis.com/…]` in an Any. A text of
 * blanks and comments is the empty message.
 *
 * What protobuf's own parser refuses is refused (src/google/protobuf/text_format.cc): unknown fields, a singular field
 * given twice, two members of a oneof, numbers out of range, strings that are not UTF-8. Groups and extensions are not
 * known.
 *
 * @throws TextProtoError with line, column and key
 *
 * @example
 * ```ts
 * import { ModelServerConfigSchema } from '@servable/protos/serving';
 *
 * const config = parseTextProto(
 *   ModelServerConfigSchema,
 *   'model_config_list { config { name: "m" base_path: "/models/m" model_platform: "tensorflow" } }',
 * );
 * ```
 */
export function parseTextProto<D extends DescMessage>(
  schema: D,
  text: string,
  options: ParseTextProtoOptions = {},
): MessageShape<D> {
  const parser = new TextProtoParser(schema, text, options.registry);
  return parser.parse() as MessageShape<D>;
}

class TextProtoParser {
  readonly #schema: DescMessage;
  readonly #tokens: Iterator<TextToken, void>;
  readonly #registry: Registry | undefined;
  /** Where the parser is: field names and list positions. */
  readonly #path: string[] = [];
  #token: TextToken = { kind: 'end', text: '', line: 1, column: 1 };

  constructor(schema: DescMessage, text: string, registry: Registry | undefined) {
    this.#schema = schema;
    // A byte order mark says nothing about the message.
    this.#tokens = textTokens(text.replace(/^\uFEFF/, ''));
    this.#registry = registry;
  }

  parse(): unknown {
    this.#next();
    const message = reflect(this.#schema);
    this.#fields(message, undefined, 0);
    return message.message;
  }

  /** Fields up to `close`, or to the end of the text at the top. */
  #fields(message: ReflectMessage, close: string | undefined, depth: number): void {
    if (depth > maxDepth) {
      this.#fail(`Message is too deep, the parser exceeded the configured recursion limit of ${maxDepth}.`);
    }
    const seen = new Set<DescField>();
    const lengths = new Map<DescField, number>();
    for (;;) {
      if (close === undefined ? this.#token.kind === 'end' : this.#isSymbol(close)) return;
      if (this.#isSymbol('[')) this.#bracketed(message, depth);
      else {
        const start = this.#token;
        const field = this.#fieldOf(message.desc, this.#identifier());
        this.#path.push(field.name);
        this.#refuseSecond(message, field, seen, start);
        seen.add(field);
        this.#value(message, field, depth, lengths);
        this.#path.pop();
      }
      if (this.#isSymbol(';') || this.#isSymbol(',')) this.#next();
    }
  }

  #fieldOf(desc: DescMessage, { text, line, column }: TextToken): DescField {
    const field = desc.fields.find(({ name }) => name === text);
    return field ?? this.#fail(`Message type "${desc.typeName}" has no field named "${text}".`, { line, column });
  }

  #refuseSecond(message: ReflectMessage, field: DescField, seen: ReadonlySet<DescField>, at: TextPosition): void {
    if (field.fieldKind === 'list' || field.fieldKind === 'map') return;
    if (seen.has(field)) this.#fail(`Non-repeated field "${field.name}" is specified multiple times.`, at);
    const other = field.oneof && message.oneofCase(field.oneof);
    if (!other) return;
    this.#fail(
      `Field "${field.name}" is specified along with field "${other.name}", another member of oneof ` +
        `"${field.oneof.name}".`,
      at,
    );
  }

  /** What follows a field's name. */
  #value(message: ReflectMessage, field: DescField, depth: number, lengths: Map<DescField, number>): void {
    const isMessage = field.message !== undefined || field.fieldKind === 'map';
    if (this.#isSymbol(':')) this.#next();
    else if (!isMessage) this.#expect(':');
    if (field.fieldKind !== 'list' && field.fieldKind !== 'map') {
      if (field.fieldKind === 'message') message.set(field, this.#message(field.message, depth));
      else if (field.fieldKind === 'enum') message.set(field, this.#enum(field.enum, field));
      else message.set(field, this.#scalar(field.scalar, field));
      return;
    }
    const one = (): void => {
      const index = lengths.get(field) ?? 0;
      lengths.set(field, index + 1);
      this.#path.push(`[${index}]`);
      this.#element(message, field, depth);
      this.#path.pop();
    };
    if (!this.#isSymbol('[')) return one();
    this.#next();
    if (!this.#isSymbol(']')) {
      one();
      while (!this.#isSymbol(']')) {
        this.#expect(',');
        one();
      }
    }
    this.#next();
  }

  #element(message: ReflectMessage, field: DescField & { fieldKind: 'list' | 'map' }, depth: number): void {
    if (field.fieldKind === 'map') return this.#mapEntry(message, field, depth);
    const list = message.get(field);
    if (field.listKind === 'message') list.add(this.#message(field.message, depth));
    else if (field.listKind === 'enum') list.add(this.#enum(field.enum, field));
    else list.add(this.#scalar(field.scalar, field));
  }

  /** `{ key: … value: … }`; what is left out has its default, and the last of two equal keys wins. */
  #mapEntry(message: ReflectMessage, field: DescField & { fieldKind: 'map' }, depth: number): void {
    const close = this.#open();
    let key: unknown;
    let value: unknown;
    while (!this.#isSymbol(close)) {
      const name = this.#identifier();
      this.#path.push(name.text);
      if (name.text === 'key' && key === undefined) {
        this.#expect(':');
        key = this.#scalar(field.mapKey, field);
      } else if (name.text === 'value' && value === undefined) {
        if (this.#isSymbol(':')) this.#next();
        else if (field.mapKind !== 'message') this.#expect(':');
        if (field.mapKind === 'message') value = this.#message(field.message, depth);
        else if (field.mapKind === 'enum') value = this.#enum(field.enum, field);
        else value = this.#scalar(field.scalar, field);
      } else if (name.text === 'key' || name.text === 'value') {
        this.#fail(`Non-repeated field "${name.text}" is specified multiple times.`, name);
      } else this.#fail(`A map entry has no field named "${name.text}": expected key or value.`, name);
      this.#path.pop();
      if (this.#isSymbol(';') || this.#isSymbol(',')) this.#next();
    }
    this.#next();
    if (value === undefined) {
      if (field.mapKind === 'message') value = reflect(field.message);
      else value = field.mapKind === 'enum' ? 0 : scalarDefault(field.scalar);
    }
    message.get(field).set(key ?? scalarDefault(field.mapKey), value);
  }

  #message(desc: DescMessage, depth: number): ReflectMessage {
    const close = this.#open();
    const message = reflect(desc);
    this.#fields(message, close, depth + 1);
    this.#next();
    return message;
  }

  /** Takes the bracket that opens a message and returns the one that closes it. */
  #open(): string {
    if (this.#isSymbol('<')) {
      this.#next();
      return '>';
    }
    this.#expect('{');
    return '}';
  }

  /** `[type.googleapis.com/some.Type] { … }` in an Any; in other messages brackets name an extension, and none is known. */
  #bracketed(message: ReflectMessage, depth: number): void {
    const start = this.#token;
    this.#next();
    let name = this.#identifier().text;
    while (this.#isSymbol('.') || this.#isSymbol('/') || this.#isSymbol('-')) {
      name += this.#token.text;
      this.#next();
      name += this.#identifier().text;
    }
    this.#expect(']');
    if (message.desc.typeName !== 'google.protobuf.Any') {
      this.#fail(`Extension "${name}" is not defined or is not an extension of "${message.desc.typeName}".`, start);
    }
    const slash = name.lastIndexOf('/');
    const type = this.#registry?.getMessage(name.slice(slash + 1));
    if (slash === -1 || !type) {
      return this.#fail(`Could not find type "${name}" stored in google.protobuf.Any.`, start);
    }
    if ((message.message as Any).typeUrl !== '') this.#fail('Any is specified multiple times.', start);
    if (this.#isSymbol(':')) this.#next();
    this.#path.push(`[${name}]`);
    const value = this.#message(type, depth);
    this.#path.pop();
    Object.assign(message.message, { ...anyPack(type, value.message), typeUrl: name });
  }

  #enum(desc: DescEnum, field: DescField): number {
    const start = this.#token;
    const text = this.#signed();
    const value =
      start.kind === 'identifier'
        ? desc.values.find(({ name }) => name === text)?.number
        : /^-?\d+$/.test(text)
          ? Number(text)
          : undefined;
    // An open enum keeps numbers that it has no name for.
    const isKnown = value !== undefined && (desc.open || desc.value[value] !== undefined);
    if (isKnown && value === (value | 0)) return value;
    return this.#fail(`Unknown enumeration value of "${text}" for field "${field.name}".`, start);
  }

  #scalar(type: ScalarType, field: DescField): unknown {
    switch (type) {
      case ScalarType.STRING: {
        const start = this.#token;
        const bytes = this.#string();
        try {
          return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
        } catch {
          return this.#fail(`String field "${field.name}" contains bytes that are not UTF-8.`, start);
        }
      }
      case ScalarType.BYTES:
        return this.#string();
      case ScalarType.BOOL:
        return this.#bool(field);
      case ScalarType.FLOAT:
        return Math.fround(this.#float());
      case ScalarType.DOUBLE:
        return this.#float();
      default:
        return this.#integer(type);
    }
  }

  /** One or more strings that stand side by side. */
  #string(): Uint8Array {
    const parts: Uint8Array[] = [];
    if (this.#token.kind !== 'string') this.#fail(`Expected string, got: ${this.#shown()}`);
    while (this.#token.kind === 'string') {
      const bytes = unescapeString(this.#token.text);
      if ('badEscape' in bytes) this.#fail(`Invalid escape sequence in string literal: ${bytes.badEscape}`);
      else parts.push(bytes);
      this.#next();
    }
    return parts.length === 1 ? parts[0]! : Uint8Array.from(parts.flatMap((part) => [...part]));
  }

  #bool(field: DescField): boolean {
    const { kind, text } = this.#token;
    if (kind === 'identifier' || kind === 'integer') {
      const isTrue = ['true', 'True', 't'].includes(text) || (kind === 'integer' && parseInteger(text) === 1n);
      const isFalse = ['false', 'False', 'f'].includes(text) || (kind === 'integer' && parseInteger(text) === 0n);
      if (isTrue || isFalse) {
        this.#next();
        return isTrue;
      }
    }
    return this.#fail(`Invalid value for boolean field "${field.name}". Value: "${text}".`);
  }

  #float(): number {
    const start = this.#token;
    const text = this.#signed().toLowerCase();
    const sign = text.startsWith('-') ? -1 : 1;
    const word = text.replace(/^-/, '');
    if (word === 'inf' || word === 'infinity') return sign * Infinity;
    if (word === 'nan') return NaN;
    if (/^(0|[1-9]\d*|(\d+\.?\d*|\.\d+)(e[+-]?\d+)?f?)$/.test(word)) return sign * Number(word.replace(/f$/, ''));
    return this.#fail(`Expected double, got: ${text}`, start);
  }

  #integer(type: ScalarType): number | bigint {
    const start = this.#token;
    const text = this.#signed();
    const magnitude = parseInteger(text.replace(/^-/, ''));
    if (magnitude === undefined) return this.#fail(`Expected integer, got: ${text}`, start);
    const value = text.startsWith('-') ? -magnitude : magnitude;
    const { isSigned, bits } = integerTypes[type]!;
    const fits = (isSigned ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value)) === value;
    if (!fits) return this.#fail(`Integer out of range (${text})`, start);
    return bits === 64 ? value : Number(value);
  }

  /** A word, with the minus sign before it if there is one. */
  #signed(): string {
    let sign = '';
    if (this.#isSymbol('-')) {
      sign = '-';
      this.#next();
    }
    const { kind } = this.#token;
    const text = kind === 'end' ? '' : this.#token.text;
    if (kind !== 'end' && kind !== 'symbol') this.#next();
    return sign + text;
  }

  #identifier(): TextToken {
    const token = this.#token;
    if (token.kind !== 'identifier') this.#fail(`Expected identifier, got: ${this.#shown()}`);
    this.#next();
    return token;
  }

  #expect(symbol: string): void {
    if (!this.#isSymbol(symbol)) this.#fail(`Expected "${symbol}", found "${this.#shown()}".`);
    this.#next();
  }

  #isSymbol(symbol: string): boolean {
    return this.#token.kind === 'symbol' && this.#token.text === symbol;
  }

  #shown(): string {
    return this.#token.kind === 'end' ? 'end of text' : this.#token.text;
  }

  #next(): void {
    try {
      this.#token = this.#tokens.next().value ?? { ...this.#token, kind: 'end', text: '' };
    } catch (error) {
      if (!(error instanceof TextTokenError)) throw error;
      this.#fail(error.message, error.at);
    }
  }

  #fail(what: string, at: TextPosition = this.#token): never {
    const key = this.#path.join('.').replaceAll('.[', '[');
    throw new TextProtoError(this.#schema.typeName, at, what, key);
  }
}

const integerTypes: Readonly<Partial<Record<ScalarType, { readonly isSigned: boolean; readonly bits: 32 | 64 }>>> = {
  [ScalarType.INT32]: { isSigned: true, bits: 32 },
  [ScalarType.SINT32]: { isSigned: true, bits: 32 },
  [ScalarType.SFIXED32]: { isSigned: true, bits: 32 },
  [ScalarType.UINT32]: { isSigned: false, bits: 32 },
  [ScalarType.FIXED32]: { isSigned: false, bits: 32 },
  [ScalarType.INT64]: { isSigned: true, bits: 64 },
  [ScalarType.SINT64]: { isSigned: true, bits: 64 },
  [ScalarType.SFIXED64]: { isSigned: true, bits: 64 },
  [ScalarType.UINT64]: { isSigned: false, bits: 64 },
  [ScalarType.FIXED64]: { isSigned: false, bits: 64 },
};

/** Decimal, `0x` hexadecimal or `0` octal. */
function parseInteger(text: string): bigint | undefined {
  if (/^0[0-7]+$/.test(text)) return BigInt(`0o${text.slice(1)}`);
  return /^(0|[1-9]\d*|0[xX][0-9a-fA-F]+)$/.test(text) ? BigInt(text) : undefined;
}

function scalarDefault(type: ScalarType): unknown {
  switch (type) {
    case ScalarType.STRING:
      return '';
    case ScalarType.BYTES:
      return new Uint8Array();
    case ScalarType.BOOL:
      return false;
    default:
      return integerTypes[type]?.bits === 64 ? 0n : 0;
  }
}
