import { expect, test } from 'vitest';
import { dropInFlags } from './drop-in-flags.js';
import { formatFlags } from './format-flags.js';
import { flag, type FlagSpec, flagSpecs, inGroup, ownFlags } from './parse-flags.js';
import { serveFlags } from './serve-flags.js';

const specs = flagSpecs({
  ...inGroup('Ports', {
    port: flag('int32', 8500, 'A port that is explained at such length that the line is broken between two words.'),
    threads: flag('int32', 8, 'Threads.', { defaultText: 'CPUs', ignored: 'there are enough' }),
    ...ownFlags({ host: flag('string', '0.0.0.0', 'An address.') }),
  }),
  ...inGroup('Models', { share: flag('float', 0.5, 'A share.') }),
});

test('flags are listed under headings, ours with a mark, those that do nothing last', () => {
  expect(formatFlags(specs, 72)).toBe(`
Ports:
  --port=8500  (int32)
        A port that is explained at such length that the line is broken
        between two words.
* --host="0.0.0.0"  (string)
        An address.

Models:
  --share=0.500000  (float)
        A share.

Accepted without effect:
  --threads=8  (int32)
        Threads. No effect: there are enough.
`);
});

test.each([
  ['tensorflow_model_server', dropInFlags],
  ['servable serve', serveFlags],
])('every flag of %s has a heading, and no line is wider than the terminal', (_name, flags) => {
  for (const columns of [80, 100, 120, 300]) {
    const text = formatFlags(flags, columns);
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(Math.min(columns, 120));
    expect([...text.matchAll(/^[ *] --([\w-]+)=/gm)].map(([, name]) => name).sort()).toEqual(Object.keys(flags).sort());
  }
  expect(Object.values<FlagSpec>(flags).filter(({ group }) => group === undefined)).toEqual([]);
});

test("what is not TensorFlow Serving's is told apart", () => {
  const text = formatFlags(dropInFlags);
  for (const name of ['host', 'admin_port', 'access_file', 'max_request_bytes', 'log_format', 'model_root']) {
    expect(text).toContain(`\n* --${name}=`);
  }
  for (const name of ['port', 'model_name', 'ssl_config_file', 'enable_batching', 'version']) {
    expect(text).toContain(`\n  --${name}=`);
  }
  expect(text.indexOf('--enable_batching=')).toBeGreaterThan(text.indexOf('Accepted without effect:'));
  expect(formatFlags(serveFlags)).not.toContain('\n* ');
});
