import { dropInFlags } from './drop-in-flags.js';
import type { FlagSpec } from './parse-flags.js';

/** The page on the flags of `tensorflow_model_server`, in Markdown, made from the table that the program reads. */
export function optionsPage(): string {
  const flags = Object.entries<FlagSpec>(dropInFlags);
  const works = flags.filter(([, { ignored }]) => ignored === undefined);
  const ignored = flags.filter(([, spec]) => spec.ignored !== undefined);
  return `# Options of tensorflow_model_server

Every flag of TensorFlow Serving's program is taken, as \`--name=value\` or as \`--name value\`; a bool's name alone means
true. The last of several values wins. An unknown flag is an error that names the nearest known one. This page is made
from the table in \`packages/server/src/cli/drop-in-flags.ts\`; what differs from TensorFlow Serving is in
[differences.md](differences.md).

## Flags that do something

${table(
  ['flag', 'type', 'default', 'meaning'],
  works.map(([name, spec]) => [`\`--${name}\``, spec.type, shown(spec), spec.help]),
)}

## Flags that are accepted and do nothing

Each of them says so in one line of the log when it is given.

${table(
  ['flag', 'type', 'default', 'meaning', 'why it does nothing'],
  ignored.map(([name, spec]) => [`\`--${name}\``, spec.type, shown(spec), spec.help, spec.ignored!]),
)}
`;
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
