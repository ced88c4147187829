import { expect, test, vi } from 'vitest';
import { modelDirectory } from '../testing/model-directory.js';
import { savedModelPlatform } from './savedmodel.js';

const places: unknown[] = [];

vi.mock('@servable/runtime', async (importOriginal) => ({
  ...(await importOriginal<object>()),
  loadSavedModel: async (_directory: string, { compileOn }: { readonly compileOn?: unknown }) => {
    places.push(compileOn);
    return { signatureDefs: new Map(), run: async () => new Map(), close: async () => undefined };
  },
}));

test('once a model is served, others are compiled on a thread of their own', async () => {
  const directory = await modelDirectory('1/saved_model.pb');
  const platform = savedModelPlatform();
  for (let i = 0; i < 3; i++) {
    await platform.createLoader(`${directory.path}/1`).load({ signal: new AbortController().signal });
  }
  expect(places).toEqual(['caller', 'thread', 'thread']);
  await directory.remove();
});
