// Runs the measurements named on the command line (all by default) and prints each figure beside what it has to reach.
import { readdirSync } from 'node:fs';

const available = readdirSync(new URL('measurements/', import.meta.url)).map((file) => file.replace('.mjs', ''));
const wanted = process.argv.slice(2);
const unknown = wanted.find((name) => !available.includes(name));
if (unknown !== undefined) {
  console.error(`There is no measurement '${unknown}'; there are: ${available.join(', ')}`);
  process.exit(2);
}
let missed = 0;
for (const name of wanted.length > 0 ? wanted : available) {
  const { title, measure } = await import(`./measurements/${name}.mjs`);
  console.log(`\n${name}: ${title}`);
  // A measurement gives its figures at once or as they come.
  for await (const { what, value, unit = '', atLeast, atMost, note = '' } of await measure()) {
    const bound = atLeast !== undefined ? `at least ${atLeast}` : atMost !== undefined ? `at most ${atMost}` : '';
    const met = (atLeast === undefined || value >= atLeast) && (atMost === undefined || value <= atMost);
    if (!met) missed++;
    const verdict = bound === '' ? '' : met ? `  (${bound})` : `  MISSED (${bound})`;
    console.log(`  ${what.padEnd(48)} ${value.toFixed(2).padStart(10)} ${unit}${verdict}${note && `  ${note}`}`);
  }
}
process.exit(missed === 0 ? 0 : 1);
