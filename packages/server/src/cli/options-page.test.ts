import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { expect, test } from 'vitest';
import { dropInFlags } from './drop-in-flags.js';
import { optionsPage } from './options-page.js';

const path = fileURLToPath(new URL('../../../../docs/options.md', import.meta.url));

test('docs/options.md is the page of the flags; `npm run docs` in packages/server writes it anew', async () => {
  const page = await format(optionsPage(), { ...(await resolveConfig(path)), parser: 'markdown' });
  await expect(page).toMatchFileSnapshot(path);
});

test('every flag is on the page once', () => {
  const listed = [...optionsPage().matchAll(/^\| `--(\w+)`(?: \\\*)? \|/gm)].map(([, name]) => name);
  expect(listed.sort()).toEqual(Object.keys(dropInFlags).sort());
});
