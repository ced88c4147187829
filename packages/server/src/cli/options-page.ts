import { dropInFlags } from './drop-in-flags.js';
import { flagGroups } from './format-flags.js';
import type { FlagSpec } from './parse-flags.js';

/** The page on the flags of `tensorflow_model_server`, in Markdown, made from the table that the program reads. */
export function optionsPage(): string {
  return `# Options of tensorflow_model_server

Every flag of TensorFlow Serving's program is taken, as \`--name=value\` or as \`--name value\`; a bool's name alone means
true. The last of several values wins. An unknown flag is an error that names the nearest known one. Flags with a * are not
flags of TensorFlow Serving. This page is made from the table in \`packages/server/src/cli/drop-in-flags.ts\`; what differs
from TensorFlow Serving is in [differences.md](differences.md).

${flagGroups(dropInFlags)
  .map(({ title, flags }) => `## ${title}\n\n${groupTable(flags)}`)
  .join('\n\n')}
`;
}

function groupTable(flags: readonly (readonly [string, FlagSpec])[]): string {
  if (flags.every(([, { ignored }]) => ignored === undefined)) {
    return table(
      ['flag', 'type', 'default', 'meaning'],
      flags.map(([name, spec]) => [flagCell(name, spec), spec.type, shown(spec), spec.help]),
    );
  }
  return `Each of them says so in one line of the log when it is given.

${table(
  ['flag', 'type', 'default', 'meaning', 'why it does nothing'],
  flags.map(([name, spec]) => [flagCell(name, spec), spec.type, shown(spec), spec.help, spec.ignored!]),
)}`;
}

function flagCell(name: string, { isOwn = false }: FlagSpec): string {
  return `\`--${name}\`${isOwn ? ' \\*' : ''}`;
}

function shown({ type, default: value, defaultText }: FlagSpec): string {
  if (defaultText !== undefined) return defaultText;
  return type === 'string' ? (value === '' ? '' : `\`${String(value)}\``) : String(value);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
