import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { createServer } from './server.js';

const directory = fileURLToPath(new URL('../../../zoo/models/forests_keras_gbt', import.meta.url));

test('a decision forest takes rows of numbers and strings over REST, missing ones as NaN and empty strings', async () => {
  const server = await createServer({
    grpcPort: 0,
    restPort: 0,
    models: [{ name: 'forest', directory, version: 1n }],
    waitForModels: true,
    maxLoadRetries: 0,
  });
  try {
    const ask = async (body: unknown) => {
      const url = `http://localhost:${server.restPort}/v1/models/forest:predict`;
      const text = JSON.stringify(body).replaceAll('"missing"', 'NaN');
      const response = await fetch(url, { method: 'POST', body: text });
      return (await response.json()) as { predictions?: number[][]; outputs?: number[][]; error?: string };
    };
    const rows = [
      { age: 31.5, height: 0.25, width: 2, visits: 3, colour: 'red', town: 'town 1', member: 1 },
      { age: 'missing', height: -1, width: 7.5, visits: 29, colour: '', town: 'nowhere', member: 0 },
    ];
    const instances = await ask({ instances: rows });
    const columns: Record<string, (string | number)[]> = {};
    for (const row of rows) for (const [key, value] of Object.entries(row)) (columns[key] ??= []).push(value);
    const inputs = await ask({ inputs: columns });
    expect(instances.error).toBeUndefined();
    expect(instances.predictions).toHaveLength(2);
    expect(inputs.outputs).toEqual(instances.predictions);
    const [first, second] = instances.predictions!.flat();
    expect(first).not.toBe(second);
    for (const probability of [first!, second!]) expect(probability).toBeGreaterThan(0);
    for (const probability of [first!, second!]) expect(probability).toBeLessThan(1);
  } finally {
    await server.close();
  }
});
