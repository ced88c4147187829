import { RE2JS } from 're2js';
import { Tensor } from '@servable/tensor';
import { SavedModelError } from '../diagnostics/saved-model-error.js';
import { boundedBytes, joinBytes, mapStrings, NO_BYTES, stringsOf, textOf } from './byte-strings.js';
import { invalidRequest } from './elements.js';
import { characterAlternatives, type CharacterAlternatives, type Delimiter } from './text/character-alternatives.js';

/** A compiled pattern. Patterns come with requests too, so the engine must be one that never backtracks. */
export type Pattern = RE2JS;

/** A pattern much longer than this is no pattern any more, and compiling takes time and memory. */
const MAX_PATTERN_BYTES = 65_536;

/**
 * Compiles a pattern of RE2's syntax.
 *
 * @throws SavedModelError INVALID_ARGUMENT
 */
export function compilePattern(pattern: Uint8Array): Pattern {
  if (pattern.length > MAX_PATTERN_BYTES) {
    throw invalidRequest(
      'BAD_PATTERN',
      `Invalid pattern: expected at most ${MAX_PATTERN_BYTES} bytes, got ${pattern.length}`,
    );
  }
  const text = textOf(pattern);
  try {
    return RE2JS.compile(text);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new SavedModelError('INVALID_ARGUMENT', 'BAD_PATTERN', `Invalid pattern: ${text}, error: ${why}`, { cause });
  }
}

/** Compiles each pattern once; requests that bring the pattern mostly bring the same one again. */
export class PatternCache {
  private readonly known = new Map<string, Pattern>();

  constructor(private readonly capacity = 16) {}

  get(pattern: Uint8Array): Pattern {
    const key = textOf(pattern);
    const found = this.known.get(key);
    if (found !== undefined) return found;
    const compiled = compilePattern(pattern);
    if (this.known.size >= this.capacity) this.known.delete(this.known.keys().next().value ?? '');
    this.known.set(key, compiled);
    return compiled;
  }
}

/** The one string of a scalar. */
export function scalarString(tensor: Tensor | undefined, what: string): Uint8Array {
  const [value] = stringsOf(tensor);
  if (tensor === undefined || tensor.rank !== 0 || value === undefined) {
    throw invalidRequest('NOT_A_SCALAR', `${what} must be scalar, but received [${tensor?.shape.join(',') ?? ''}]`);
  }
  return value;
}

/** `RegexFullMatch`: whether the pattern matches the whole string. */
export function fullMatch(input: Tensor, pattern: Pattern): Tensor {
  const matches = stringsOf(input).map((bytes) => Number(pattern.matcher(bytes).matches()));
  return new Tensor('bool', input.shape, Uint8Array.from(matches));
}

/** A rewrite string, read once: bytes and numbers of groups; `broken` when it ends in an escape that RE2 does not know. */
interface Rewrite {
  readonly parts: readonly (Uint8Array | number)[];
  readonly broken: boolean;
}

const BACKSLASH = 0x5c;

function readRewrite(rewrite: Uint8Array): Rewrite {
  const parts: (Uint8Array | number)[] = [];
  let start = 0;
  for (let at = rewrite.indexOf(BACKSLASH); at >= 0; at = rewrite.indexOf(BACKSLASH, start)) {
    parts.push(rewrite.subarray(start, at));
    const escaped = rewrite[at + 1] ?? 0;
    if (escaped >= 0x30 && escaped <= 0x39) parts.push(escaped - 0x30);
    else if (escaped === BACKSLASH) parts.push(rewrite.subarray(at, at + 1));
    else return { parts, broken: true };
    start = at + 2;
  }
  parts.push(rewrite.subarray(start));
  return { parts, broken: false };
}

/**
 * `RegexReplace`, as `RE2::GlobalReplace` and `RE2::Replace` do it: a rewrite that names a group that the pattern does not
 * have changes nothing, and one with an unknown escape is cut off there (all matches) or changes nothing (first match).
 */
export function regexReplace(input: Tensor, pattern: Pattern, rewriteBytes: Uint8Array, all: boolean): Tensor {
  const rewrite = readRewrite(rewriteBytes);
  const groups = pattern.groupCount();
  const unknownGroup = rewrite.parts.some((part) => typeof part === 'number' && part > groups);
  if (unknownGroup || (rewrite.broken && !all)) return input;
  let total = 0;
  return mapStrings(input, (bytes) => {
    const replaced = replace(bytes, pattern, rewrite, all);
    total = boundedBytes(total + replaced.length);
    return replaced;
  });
}

const simple = new WeakMap<Pattern, { readonly table: CharacterAlternatives | undefined }>();

/** The pattern as a table of characters, if it is no more than that. */
function tableOf(pattern: Pattern): CharacterAlternatives | undefined {
  let known = simple.get(pattern);
  if (known === undefined) {
    known = { table: characterAlternatives(`(${pattern.pattern()})`) };
    simple.set(pattern, known);
  }
  return known.table?.isEmpty === false ? known.table : undefined;
}

/** {@link replace} by a table: what tokenizers strip from texts, such as control characters and accents. */
function replaceCharacters(
  bytes: Uint8Array,
  table: CharacterAlternatives,
  rewrite: Rewrite['parts'],
  all: boolean,
): Uint8Array {
  const match: Delimiter = { start: 0, end: 0, next: 0 };
  const parts: Uint8Array[] = [];
  let copied = 0;
  let size = 0;
  while (table.find(bytes, copied, match)) {
    parts.push(bytes.subarray(copied, match.start));
    for (const part of rewrite) {
      const piece = typeof part === 'number' ? bytes.subarray(match.start, match.end) : part;
      size += piece.length;
      parts.push(piece);
    }
    boundedBytes(size);
    copied = match.end;
    if (!all) break;
  }
  if (parts.length === 0) return bytes;
  parts.push(bytes.subarray(copied));
  return joinBytes(parts);
}

function replace(bytes: Uint8Array, pattern: Pattern, { parts: rewrite }: Rewrite, all: boolean): Uint8Array {
  const table = tableOf(pattern);
  if (table !== undefined) return replaceCharacters(bytes, table, rewrite, all);
  const matcher = pattern.matcher(bytes);
  const parts: Uint8Array[] = [];
  let copied = 0;
  let lastEnd = -1;
  let size = 0;
  while (matcher.find()) {
    const [start, end] = [matcher.start(), matcher.end()];
    // An empty match right behind another match is not one.
    if (start === end && start === lastEnd) continue;
    parts.push(bytes.subarray(copied, start));
    for (const part of rewrite) {
      const piece = typeof part === 'number' ? group(bytes, matcher.start(part), matcher.end(part)) : part;
      size += piece.length;
      parts.push(piece);
    }
    boundedBytes(size);
    copied = lastEnd = end;
    if (!all) break;
  }
  if (parts.length === 0) return bytes;
  parts.push(bytes.subarray(copied));
  return joinBytes(parts);
}

function group(bytes: Uint8Array, start: number, end: number): Uint8Array {
  return start < 0 ? NO_BYTES : bytes.subarray(start, end);
}
