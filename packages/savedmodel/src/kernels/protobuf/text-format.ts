import { FieldKind, type DescriptorPool, type FieldType, type MessageType } from './descriptors.js';
import { checkRequired, MessageTree, type TreeValue } from './message-tree.js';
import { MAX_DEPTH, WireError } from './wire-reader.js';

/**
 * Reads a message in protocol buffers' text format (google/protobuf/text_format.cc).
 *
 * @throws WireError for text that is no such message
 */
export function parseText(pool: DescriptorPool, type: MessageType, bytes: Uint8Array): MessageTree {
  const tree = new MessageTree(type);
  new TextParser(pool, new Tokens(bytes)).fields(tree, undefined, 0);
  checkRequired(tree);
  return tree;
}

type Token =
  | { readonly kind: 'word' | 'integer' | 'float' | 'symbol'; readonly text: string }
  | { readonly kind: 'string'; readonly text: string; readonly bytes: readonly number[] }
  | { readonly kind: 'end'; readonly text: '' };

const escapes: Record<string, number> = {
  a: 7,
  b: 8,
  f: 12,
  n: 10,
  r: 13,
  t: 9,
  v: 11,
  '\\': 92,
  "'": 39,
  '"': 34,
  '?': 63,
};

/** Tokens of the text, whose bytes are looked at as characters of one byte each. */
class Tokens {
  private readonly text: string;
  private at = 0;
  private ahead: Token | undefined;

  constructor(bytes: Uint8Array) {
    this.text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  }

  peek(): Token {
    return (this.ahead ??= this.read());
  }

  next(): Token {
    const token = this.peek();
    this.ahead = undefined;
    return token;
  }

  /** Takes a symbol if it is the next token. */
  takes(symbol: string): boolean {
    const token = this.peek();
    const found = token.kind === 'symbol' && token.text === symbol;
    if (found) this.next();
    return found;
  }

  expect(symbol: string): void {
    if (!this.takes(symbol)) throw new WireError(`expected '${symbol}', found '${this.peek().text}'`);
  }

  private match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0];
    if (found !== undefined) this.at += found.length;
    return found;
  }

  private read(): Token {
    this.match(/(?:[ \t\n\r\f\v]+|#[^\n]*)*/y);
    if (this.at >= this.text.length) return { kind: 'end', text: '' };
    const word = this.match(/[A-Za-z_][A-Za-z0-9_]*/y);
    if (word !== undefined) return { kind: 'word', text: word };
    const float = this.match(/(?:\d+\.\d*|\.\d+)(?:[eE][+-]?\d+)?[fF]?|\d+[eE][+-]?\d+[fF]?|\d+[fF]/y);
    const number = float ?? this.match(/0[xX][0-9a-fA-F]+|\d+/y);
    if (number !== undefined) {
      const after = this.text[this.at] ?? '';
      if (/[A-Za-z0-9_]/.test(after)) throw new WireError(`expected a blank behind ${number}`);
      return { kind: float === undefined ? 'integer' : 'float', text: number };
    }
    const quote = this.text[this.at]!;
    if (quote === '"' || quote === "'") return this.readString(quote);
    this.at++;
    return { kind: 'symbol', text: quote };
  }

  private readString(quote: string): Token {
    const start = this.at++;
    const bytes: number[] = [];
    for (;;) {
      const character = this.text[this.at++];
      if (character === undefined || character === '\n') throw new WireError('a string does not end');
      if (character === quote) return { kind: 'string', text: this.text.slice(start, this.at), bytes };
      if (character !== '\\') bytes.push(character.charCodeAt(0));
      else this.readEscape(bytes);
    }
  }

  private readEscape(bytes: number[]): void {
    const octal = this.match(/[0-7]{1,3}/y);
    if (octal !== undefined) {
      bytes.push(parseInt(octal, 8) & 0xff);
      return;
    }
    const hex = this.match(/[xX][0-9a-fA-F]{1,2}/y);
    if (hex !== undefined) {
      bytes.push(parseInt(hex.slice(1), 16));
      return;
    }
    const unicode = this.match(/u[0-9a-fA-F]{4}|U00(?:0[0-9a-fA-F]|10)[0-9a-fA-F]{4}/y);
    if (unicode !== undefined) {
      bytes.push(...Buffer.from(String.fromCodePoint(parseInt(unicode.slice(1), 16))));
      return;
    }
    const known = escapes[this.text[this.at++] ?? ''];
    if (known === undefined) throw new WireError('a string has an unknown escape sequence');
    bytes.push(known);
  }
}

class TextParser {
  constructor(
    private readonly pool: DescriptorPool,
    private readonly tokens: Tokens,
  ) {}

  /** @param end - the symbol that ends the message */
  fields(tree: MessageTree, end: string | undefined, depth: number): void {
    if (depth > MAX_DEPTH) throw new WireError('messages are nested too deep');
    for (;;) {
      if (end === undefined ? this.tokens.peek().kind === 'end' : this.tokens.takes(end)) return;
      this.field(tree, depth);
      if (!this.tokens.takes(';')) this.tokens.takes(',');
    }
  }

  private field(tree: MessageTree, depth: number): void {
    const field = this.fieldName(tree.type);
    const isMessage = field.kind === FieldKind.MESSAGE || field.kind === FieldKind.GROUP;
    if (!field.isRepeated && tree.values.has(field.number)) {
      throw new WireError(`field ${field.fullName} stands there twice`);
    }
    const sibling = [...tree.type.fields.values()].find(
      (other) => field.oneof !== undefined && other.oneof === field.oneof && tree.values.has(other.number),
    );
    if (sibling !== undefined) throw new WireError(`fields ${sibling.name} and ${field.name} are of one oneof`);
    if (isMessage) this.tokens.takes(':');
    else this.tokens.expect(':');
    const value = () => (isMessage ? this.message(field, depth) : this.scalar(field));
    if (!field.isRepeated || !this.tokens.takes('[')) {
      tree.add(field, value());
      return;
    }
    if (this.tokens.takes(']')) return;
    do tree.add(field, value());
    while (this.tokens.takes(','));
    this.tokens.expect(']');
  }

  private fieldName(type: MessageType): FieldType {
    if (this.tokens.takes('[')) {
      let name = '';
      while (!this.tokens.takes(']')) {
        const { kind, text } = this.tokens.next();
        if (kind === 'end') throw new WireError('the name of an extension does not end');
        if (text === '/')
          throw new WireError('a google.protobuf.Any stands there in its long form, which is not supported');
        name += text;
      }
      const extension = type.extensions.get(name);
      if (extension !== undefined) return extension;
      throw new WireError(`${type.name} has no extension ${name}`);
    }
    const { kind, text } = this.tokens.next();
    const own = kind === 'word' ? type.byName.get(text) : undefined;
    if (own !== undefined && (own.kind !== FieldKind.GROUP || own.typeName.split('.').pop() === text)) return own;
    // A group goes by the name of its message.
    for (const field of type.byName.values()) {
      if (field.kind === FieldKind.GROUP && [field.name, field.typeName.split('.').pop()].includes(text)) return field;
    }
    throw new WireError(`${type.name} has no field named '${text}'`);
  }

  private message(field: FieldType, depth: number): MessageTree {
    const inner = new MessageTree(this.pool.messageOf(field));
    const end = this.tokens.takes('<') ? '>' : '}';
    if (end === '}') this.tokens.expect('{');
    this.fields(inner, end, depth + 1);
    return inner;
  }

  private scalar(field: FieldType): TreeValue {
    const { kind } = field;
    switch (kind) {
      case FieldKind.STRING:
      case FieldKind.BYTES:
        return this.bytes();
      case FieldKind.BOOL:
        return this.bool();
      case FieldKind.ENUM:
        return this.enumValue(field);
      case FieldKind.DOUBLE:
      case FieldKind.FLOAT:
        return this.float(kind === FieldKind.FLOAT ? 4 : 8);
      case FieldKind.INT32:
        return this.integer(32, true);
      case FieldKind.INT64:
        return this.integer(64, true);
      case FieldKind.UINT32:
        return this.integer(32, false);
      case FieldKind.UINT64:
        return this.integer(64, false);
      case FieldKind.SINT32:
        return zigZag(this.integer(32, true));
      case FieldKind.SINT64:
        return zigZag(this.integer(64, true));
      case FieldKind.FIXED32:
      case FieldKind.SFIXED32:
        return littleEndian(this.integer(32, kind === FieldKind.SFIXED32), 4);
      default:
        return littleEndian(this.integer(64, kind === FieldKind.SFIXED64), 8);
    }
  }

  private bytes(): Uint8Array {
    const bytes: number[] = [];
    do {
      const token = this.tokens.next();
      if (token.kind !== 'string') throw new WireError(`expected a string, found '${token.text}'`);
      for (const byte of token.bytes) bytes.push(byte);
    } while (this.tokens.peek().kind === 'string');
    return Uint8Array.from(bytes);
  }

  private bool(): bigint {
    const { text } = this.tokens.next();
    if (['true', 'True', 't'].includes(text) || /^0*1$/.test(text)) return 1n;
    if (['false', 'False', 'f'].includes(text) || /^0+$/.test(text)) return 0n;
    throw new WireError(`expected true or false, found '${text}'`);
  }

  private enumValue(field: FieldType): bigint {
    const type = this.pool.enums.get(field.typeName);
    if (this.tokens.peek().kind === 'word') {
      const { text } = this.tokens.next();
      const number = type?.values.get(text);
      if (number === undefined) throw new WireError(`${field.typeName} has no value named '${text}'`);
      return BigInt(number);
    }
    const number = this.integer(32, true);
    const isKnown = type !== undefined && [...type.values.values()].includes(Number(number));
    if (!isKnown && type?.isClosed !== false) throw new WireError(`${field.typeName} has no value ${number}`);
    return number;
  }

  private integer(bits: number, isSigned: boolean): bigint {
    const isNegative = isSigned && this.tokens.takes('-');
    const { kind, text } = this.tokens.next();
    if (kind !== 'integer') throw new WireError(`expected an integer, found '${text}'`);
    const size = BigInt(/^0[0-7]+$/.test(text) ? `0o${text.slice(1)}` : text);
    const value = isNegative ? -size : size;
    const fits = isSigned ? BigInt.asIntN(bits, value) === value : BigInt.asUintN(bits, value) === value;
    if (!fits || /^0\d*[89]/.test(text)) throw new WireError(`integer ${text} is out of range`);
    return value;
  }

  private float(size: 4 | 8): Uint8Array {
    const sign = this.tokens.takes('-') ? -1 : 1;
    const { kind, text } = this.tokens.next();
    let value = NaN;
    if (kind === 'word') {
      if (/^inf(inity)?$/i.test(text)) value = Infinity;
      else if (!/^nan$/i.test(text)) throw new WireError(`expected a number, found '${text}'`);
    } else if (kind === 'float' || kind === 'integer') {
      if (kind === 'integer' && /^0[\dxX]/.test(text))
        throw new WireError(`expected a decimal number, found '${text}'`);
      value = Number(text.replace(/[fF]$/, ''));
    } else {
      throw new WireError(`expected a number, found '${text}'`);
    }
    const bytes = new DataView(new ArrayBuffer(size));
    if (size === 4) bytes.setFloat32(0, sign * value, true);
    else bytes.setFloat64(0, sign * value, true);
    return new Uint8Array(bytes.buffer);
  }
}

/** A signed integer as the wire has it, small ones short. */
export const zigZag = (value: bigint): bigint => (value >= 0n ? 2n * value : -2n * value - 1n);

function littleEndian(value: bigint, size: 4 | 8): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(8));
  bytes.setBigUint64(0, BigInt.asUintN(64, value), true);
  return new Uint8Array(bytes.buffer, 0, size);
}
