import { utf8, textOf } from '../byte-strings.js';
import { pointOf, sizeOfPoint, utf8At } from './utf8-at.js';

export type NormalizationForm = 'NFC' | 'NFD' | 'NFKC' | 'NFKD';

/** What normalizing has done to a stretch of a text: bytes before, bytes after, and whether they differ. */
export type EditVisitor = (before: number, after: number, changed: boolean) => void;

/** Well-formed stretches of a text in order, and malformed bytes between them. */
function stretches(bytes: Uint8Array, visit: (start: number, end: number, malformed: boolean) => void): void {
  let start = 0;
  for (let at = 0; at < bytes.length;) {
    const character = utf8At(bytes, at, bytes.length);
    const end = at + sizeOfPoint(character);
    if (pointOf(character) < 0) {
      if (at > start) visit(start, at, false);
      visit(at, end, true);
      start = end;
    }
    at = end;
  }
  if (start < bytes.length) visit(start, bytes.length, false);
}

const isPlain = (bytes: Uint8Array) => bytes.every((byte) => byte < 0x80);

/** Text in a form, by `change` for its well-formed stretches; malformed bytes stay, as ICU's `normalizeUTF8` has it. */
function changeText(bytes: Uint8Array, change: (text: string) => string): Uint8Array {
  const parts: Uint8Array[] = [];
  stretches(bytes, (start, end, malformed) => {
    const part = bytes.subarray(start, end);
    parts.push(malformed ? part : utf8(change(textOf(part))));
  });
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
}

/** Text in a normalization form. */
export function normalizeText(bytes: Uint8Array, form: NormalizationForm): Uint8Array {
  return isPlain(bytes) ? bytes : changeText(bytes, (text) => text.normalize(form));
}

/**
 * Text in a normalization form, with what has become of every stretch: one edit per character with what combines with
 * it, as ICU's `Edits` have it.
 */
export function normalizeWithEdits(bytes: Uint8Array, form: NormalizationForm, edit: EditVisitor): Uint8Array {
  if (isPlain(bytes)) {
    if (bytes.length > 0) edit(bytes.length, bytes.length, false);
    return bytes;
  }
  const parts: Uint8Array[] = [];
  const take = (given: string, normal: string) => {
    const before = utf8(given);
    const after = normal === given ? before : utf8(normal);
    edit(before.length, after.length, normal !== given);
    parts.push(after);
  };
  stretches(bytes, (start, end, malformed) => {
    const part = bytes.subarray(start, end);
    if (malformed) {
      edit(part.length, part.length, false);
      parts.push(part);
      return;
    }
    for (const segment of segmentsOf(textOf(part), form)) {
      const normal = segment.normalize(form);
      const first = String.fromCodePoint(segment.codePointAt(0)!);
      const [alone, marks] = [first.normalize(form), segment.slice(first.length)];
      // A character with which nothing combines is an edit of its own, and what stands behind it another.
      const apart =
        marks !== '' &&
        normal !== segment &&
        alone + marks.normalize(form) === normal &&
        !hasCombiningClass([...alone].at(-1)?.codePointAt(0) ?? 0);
      if (apart) take(first, alone);
      take(apart ? marks : segment, apart ? normal.slice(alone.length) : normal);
    }
  });
  return Buffer.concat(parts);
}

/** A text taken apart before every character that no form combines or swaps with what stands in front of it. */
function* segmentsOf(text: string, form: NormalizationForm): Generator<string> {
  let segment = '';
  for (const character of text) {
    if (segment !== '' && startsAnew(character, form)) {
      yield segment;
      segment = '';
    }
    segment += character;
  }
  if (segment !== '') yield segment;
}

/** Characters of combining class 0 that compose with the one in front of them, beside the letters of Hangul. */
const BACKWARD = new Set([
  0x9be, 0x9d7, 0xb3e, 0xb56, 0xb57, 0xbbe, 0xbd7, 0xcc2, 0xcd5, 0xcd6, 0xd3e, 0xd57, 0xdcf, 0xddf, 0x102e, 0x1b35,
  0x11127, 0x1133e, 0x11357, 0x113b8, 0x113bb, 0x113c2, 0x113c5, 0x113c7, 0x113c8, 0x113c9, 0x114b0, 0x114ba, 0x114bd,
  0x115af, 0x1611e, 0x1611f, 0x16120, 0x16121, 0x16122, 0x16123, 0x16124, 0x16125, 0x16126, 0x16127, 0x16128, 0x16129,
  0x11930, 0x16d67, 0x113b9,
]);

const startsKnown = new Map<string, boolean>();

function startsAnew(character: string, form: NormalizationForm): boolean {
  const point = character.codePointAt(0)!;
  if (point < 0x300) return true;
  const composes = form === 'NFC' || form === 'NFKC';
  const key = form + character;
  let starts = startsKnown.get(key);
  if (starts === undefined) {
    const decomposed = character.normalize(composes && form === 'NFC' ? 'NFD' : form === 'NFD' ? 'NFD' : 'NFKD');
    const first = decomposed.codePointAt(0) ?? 0;
    starts = !hasCombiningClass(first) && !(composes && combinesBackward(first));
    if (startsKnown.size >= 65_536) startsKnown.clear();
    startsKnown.set(key, starts);
  }
  return starts;
}

const combinesBackward = (point: number) =>
  (point >= 0x1161 && point <= 0x1175) || (point >= 0x11a8 && point <= 0x11c2) || BACKWARD.has(point);

/** Characters of another class than 0 move in front of U+0345, whose class is the highest of all. */
function hasCombiningClass(point: number): boolean {
  if (point === 0x345) return true;
  const behind = `a\u0345${String.fromCodePoint(point)}`;
  return (
    behind.normalize('NFD') !== behind && !`\u0345${String.fromCodePoint(point)}`.normalize('NFD').startsWith('\u0345')
  );
}

const folded = new Map<number, string>();

/** Text in NFKC with its case folded: `Normalizer2::getNFKCCasefoldInstance` of ICU. */
export function caseFoldText(bytes: Uint8Array): Uint8Array {
  if (isPlain(bytes)) {
    return bytes.some((byte) => byte >= 0x41 && byte <= 0x5a)
      ? bytes.map((byte) => (byte >= 0x41 && byte <= 0x5a ? byte + 32 : byte))
      : bytes;
  }
  return changeText(bytes, (text) => {
    let result = '';
    for (const character of text) {
      const point = character.codePointAt(0)!;
      let own = folded.get(point);
      if (own === undefined) {
        own = foldCharacter(character);
        if (folded.size >= 65_536) folded.clear();
        folded.set(point, own);
      }
      result += own;
    }
    return result.normalize('NFC');
  });
}

const IGNORABLE = /\p{Default_Ignorable_Code_Point}/gu;

function foldCharacter(character: string): string {
  let before: string;
  let now = character;
  // Until nothing changes: what is compatible may be upper case, and what is lower case may be compatible.
  do {
    before = now;
    now = Array.from(now.normalize('NFKD').replace(IGNORABLE, ''), foldCase).join('').normalize('NFKC');
  } while (now !== before);
  return now;
}

/** Lower case by way of upper case, which folds what has several lower cases; these few fold in other ways. */
function foldCase(character: string): string {
  const point = character.codePointAt(0)!;
  if (point === 0x131) return character;
  // Cherokee folds to its capitals.
  if (point >= 0x13a0 && point <= 0x13f5) return character;
  if (point >= 0x13f8 && point <= 0x13fd) return String.fromCodePoint(point - 8);
  if (point >= 0xab70 && point <= 0xabbf) return String.fromCodePoint(point - 0xab70 + 0x13a0);
  return Array.from(character.toUpperCase(), (c) => c.toLowerCase()).join('');
}
