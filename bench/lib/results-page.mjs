// Pages with the results of a measurement of every model, written beside the measurements.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import prettier from 'prettier';

/** Writes `RESULTS-<name>.md`. */
export async function writeResults(name, { title, about, facts, columns, rows }) {
  const cell = (value) => String(value).replaceAll('|', '\\|').replaceAll('\n', ' ');
  const table = [columns, columns.map((column) => (column === '' || column === 'model' ? '---' : '--:')), ...rows];
  const text = [
    `# ${title}`,
    `Written by \`npm run bench -- ${name}\`.`,
    ...about,
    facts.map((fact) => `- ${fact}`).join('\n'),
    table.map((row) => `| ${row.map(cell).join(' | ')} |`).join('\n'),
  ].join('\n\n');
  const file = fileURLToPath(new URL(`../RESULTS-${name}.md`, import.meta.url));
  const options = await prettier.resolveConfig(file);
  writeFileSync(file, await prettier.format(text, { ...options, filepath: file }));
}
