import { RE2JS } from 're2js';
import { pointOf, sizeOfPoint, utf8At } from './utf8-at.js';

/** Where a delimiter stands, and where the text goes on. */
export interface Delimiter {
  start: number;
  end: number;
  next: number;
}

/** One character of a set, or a run of them. */
interface Alternative {
  readonly pattern: RE2JS;
  readonly repeats: boolean;
}

/**
 * A pattern `(a|b+|c)` of sets of characters, which is what tokenizers split text by, as a table by code point. A table
 * takes a hundredth of the time of the engine for patterns.
 */
export class CharacterAlternatives {
  /** By code point: 0 not asked yet, 1 none, otherwise the number of the first alternative that has it, and 2. */
  private readonly first = new Uint8Array(0x110000);
  /** By alternative that repeats, and code point: 0 not asked yet, 1 no, 2 yes. */
  private readonly members: readonly (Uint8Array | undefined)[];

  constructor(private readonly alternatives: readonly Alternative[]) {
    this.members = alternatives.map(({ repeats }) => (repeats ? new Uint8Array(0x110000) : undefined));
  }

  /** Whether it matches the empty text alone. */
  get isEmpty(): boolean {
    return this.alternatives.length === 0;
  }

  /** Finds the next match at or behind a byte. */
  find(text: Uint8Array, from: number, match: Delimiter): boolean {
    for (let at = from; at < text.length;) {
      const character = utf8At(text, at, text.length);
      const which = this.alternativeOf(pointOf(character));
      if (which < 0) {
        at += sizeOfPoint(character);
        continue;
      }
      match.start = at;
      match.end = match.next = this.endOf(text, at + sizeOfPoint(character), which);
      return true;
    }
    return false;
  }

  /** Whether the whole of a text is one match. */
  matches(text: Uint8Array): boolean {
    if (text.length === 0) return false;
    const character = utf8At(text, 0, text.length);
    const size = sizeOfPoint(character);
    const point = pointOf(character);
    if (size === text.length) return this.alternativeOf(point) >= 0;
    return this.alternatives.some(
      ({ repeats }, which) => repeats && this.isMember(point, which) && this.endOf(text, size, which) === text.length,
    );
  }

  private endOf(text: Uint8Array, at: number, which: number): number {
    if (!this.alternatives[which]!.repeats) return at;
    while (at < text.length) {
      const character = utf8At(text, at, text.length);
      if (!this.isMember(pointOf(character), which)) break;
      at += sizeOfPoint(character);
    }
    return at;
  }

  /** The first alternative that has a character, or -1; malformed bytes are in no set. */
  private alternativeOf(point: number): number {
    if (point < 0) return -1;
    let code = this.first[point]!;
    if (code === 0) {
      const text = String.fromCodePoint(point);
      code = this.alternatives.findIndex(({ pattern }) => pattern.matches(text)) + 2;
      this.first[point] = code;
    }
    return code - 2;
  }

  private isMember(point: number, which: number): boolean {
    if (point < 0) return false;
    const members = this.members[which]!;
    let code = members[point]!;
    if (code === 0)
      members[point] = code = this.alternatives[which]!.pattern.matches(String.fromCodePoint(point)) ? 2 : 1;
    return code === 2;
  }
}

const MAX_ALTERNATIVES = 64;
const MAX_REPEATS = 4;

/** A set in brackets, an escape for a kind of characters, or one character; and whether it repeats. */
const ALTERNATIVE =
  /^(\[(?:\\x\{[0-9a-fA-F]+\}|\\[pP](?:\{\^?\w+\}|\w)|\\.|[^\\\]])+\]|\\x\{[0-9a-fA-F]+\}|\\[pP](?:\{\^?\w+\}|\w)|\\[sSdDwW]|\\[^\w\s]|\.|[^\\\s\w()[\]{}.*+?^$|]|[\w \n])(\+?)(?:\||$)/u;

/**
 * The pattern as a table, if it is one group of alternatives that are characters.
 *
 * @param pattern - of RE2's syntax, which has been compiled before
 */
export function characterAlternatives(pattern: string): CharacterAlternatives | undefined {
  if (!pattern.startsWith('(') || !pattern.endsWith(')')) return undefined;
  let rest = pattern.slice(1, -1);
  if (rest.endsWith('|')) return undefined;
  const alternatives: Alternative[] = [];
  while (rest !== '') {
    const found = ALTERNATIVE.exec(rest);
    if (found === null || alternatives.length >= MAX_ALTERNATIVES) return undefined;
    const [whole, set = '', plus] = found;
    // Classes by name, `[[:alpha:]]`, do not end at their first bracket.
    if (set.includes('[:')) return undefined;
    try {
      alternatives.push({ pattern: RE2JS.compile(set), repeats: plus === '+' });
    } catch {
      return undefined;
    }
    rest = rest.slice(whole.length);
  }
  // Patterns come with requests too, and each that repeats has a table of its own.
  if (alternatives.filter(({ repeats }) => repeats).length > MAX_REPEATS) return undefined;
  return new CharacterAlternatives(alternatives);
}
