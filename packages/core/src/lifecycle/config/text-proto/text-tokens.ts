import type { TextPosition } from './text-proto-error.js';

/** One word of a text-format message. */
export interface TextToken extends TextPosition {
  readonly kind: 'identifier' | 'integer' | 'float' | 'string' | 'symbol' | 'end';
  /** As it is written, quotes included. */
  readonly text: string;
}

/** A place where no word can begin, or where one does not end. */
export class TextTokenError extends Error {
  constructor(
    readonly at: TextPosition,
    message: string,
  ) {
    super(message);
  }
}

const tabWidth = 8;
const identifier = /[A-Za-z_][A-Za-z0-9_]*/y;
const number = /0[xX][0-9a-fA-F]+|(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?[fF]?/y;
const integer = /^(?:0[xX][0-9a-fA-F]+|\d+)$/;
const blanks = /[ \t\r\v\f\n]+|#[^\n]*/y;

/**
 * Splits a text into words and drops blanks and `#` comments (protobuf: src/google/protobuf/io/tokenizer.cc).
 *
 * @throws TextTokenError for an unknown character, an open string, or a number that runs into a word
 */
export function* textTokens(text: string): Generator<TextToken, void> {
  let offset = 0;
  let line = 1;
  let column = 1;
  const advance = (to: number): void => {
    for (; offset < to; offset += 1) {
      const character = text[offset];
      if (character === '\n') {
        line += 1;
        column = 1;
      } else if (character === '\t') column += tabWidth - ((column - 1) % tabWidth);
      else column += 1;
    }
  };
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = offset;
    return pattern.exec(text)?.[0];
  };
  for (;;) {
    for (let blank = match(blanks); blank !== undefined; blank = match(blanks)) advance(offset + blank.length);
    const at = { line, column };
    if (offset === text.length) {
      yield { kind: 'end', text: '', ...at };
      return;
    }
    const character = text[offset]!;
    let kind: TextToken['kind'];
    let word = match(identifier);
    if (word !== undefined) kind = 'identifier';
    else if ((word = match(number)) !== undefined) {
      kind = integer.test(word) ? 'integer' : 'float';
      const next = text[offset + word.length];
      if (next !== undefined && /[A-Za-z0-9_.]/.test(next)) {
        throw new TextTokenError(at, `Need space between number and identifier: ${word}${next}`);
      }
    } else if (character === '"' || character === "'") {
      kind = 'string';
      word = text.slice(offset, endOfString(text, offset, at));
    } else if ('{}<>[]:;,-/.'.includes(character)) {
      kind = 'symbol';
      word = character;
    } else throw new TextTokenError(at, `Invalid character in text: ${JSON.stringify(character)}`);
    advance(offset + word.length);
    yield { kind, text: word, ...at };
  }
}

/** The offset after the closing quote. */
function endOfString(text: string, start: number, at: TextPosition): number {
  const quote = text[start];
  for (let end = start + 1; end < text.length && text[end] !== '\n'; end += 1) {
    if (text[end] === '\\') end += 1;
    else if (text[end] === quote) return end + 1;
  }
  throw new TextTokenError(at, 'String literals cannot cross line boundaries: the closing quote is missing');
}
