import type { FlagSpec, FlagSpecs } from './parse-flags.js';

/** The heading of flags that are only accepted; they come last. */
const ignoredGroup = 'Accepted without effect';

/** Columns of a text that is made for no terminal, and the bounds for one that is. */
const columnBounds = { least: 60, default: 80, most: 120 } as const;

/** One heading of a list of flags. */
export interface FlagGroup {
  /** Empty for flags without a heading. */
  readonly title: string;
  readonly flags: readonly (readonly [name: string, spec: FlagSpec])[];
}

/** The flags under their headings, in the order of the table; those that do nothing under one of their own at the end. */
export function flagGroups(specs: FlagSpecs): readonly FlagGroup[] {
  const groups = new Map<string, (readonly [string, FlagSpec])[]>();
  const ignored: (readonly [string, FlagSpec])[] = [];
  for (const [name, spec] of Object.entries(specs)) {
    if (spec.ignored !== undefined) {
      ignored.push([name, spec]);
      continue;
    }
    const title = spec.group ?? '';
    groups.set(title, [...(groups.get(title) ?? []), [name, spec]]);
  }
  return [
    ...[...groups].map(([title, flags]) => ({ title, flags })),
    ...(ignored.length === 0 ? [] : [{ title: ignoredGroup, flags: ignored }]),
  ];
}

/**
 * The list of flags for `--help`: each with its default as it would be given, its type and what it means, under headings
 * where the table has them. Where some flags are TensorFlow Serving's and some not, a `*` is before those that are not.
 *
 * @param columns - of the terminal
 */
export function formatFlags(specs: FlagSpecs, columns: number = columnBounds.default): string {
  const width = Math.max(columnBounds.least, Math.min(columnBounds.most, columns));
  return flagGroups(specs)
    .map(({ title, flags }) => {
      const lines = flags.map(([name, spec]) => formatFlag(name, spec, width)).join('');
      return title === '' ? lines : `\n${title}:\n${lines}`;
    })
    .join('');
}

function formatFlag(name: string, spec: FlagSpec, width: number): string {
  const { help, ignored, isOwn = false } = spec;
  const text = ignored === undefined ? help : `${help} No effect: ${ignored}.`;
  return `${isOwn ? '*' : ' '} --${name}=${shownDefault(spec)}  (${spec.type})\n${wrap(text, '        ', width)}`;
}

/** As upstream shows defaults; where a word says more than the value, that. */
function shownDefault({ type, default: value, defaultText }: FlagSpec): string {
  if (defaultText !== undefined && type !== 'int32') return `<${defaultText}>`;
  if (type === 'float') return Number(value).toFixed(6);
  return type === 'string' ? `"${value}"` : String(value);
}

/** Breaks a text between words; a word that is longer than a line stays whole. */
function wrap(text: string, indent: string, width: number): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && indent.length + line.length + 1 + word.length > width) {
      lines.push(line);
      line = '';
    }
    line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].map((each) => `${indent}${each}\n`).join('');
}
