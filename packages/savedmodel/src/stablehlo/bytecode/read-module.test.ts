import { readFileSync } from 'node:fs';
import { fromBinary } from '@bufbuild/protobuf';
import { SavedModelSchema } from '@servable/protos/tensorflow';
import { describe, expect, test } from 'vitest';
import { SavedModelError } from '../../diagnostics/saved-model-error.js';
import { readModule } from './read-module.js';

const file = new URL('../../../../../zoo/models/jax_dynamic_batch/saved_model.pb', import.meta.url);

/** Every module of a family of the zoo, as JAX wrote it. */
function storedModules(): readonly Uint8Array[] {
  const { metaGraphs } = fromBinary(SavedModelSchema, readFileSync(file));
  const functions = metaGraphs[0]?.graphDef?.library?.function ?? [];
  return functions.flatMap(({ nodeDef }) =>
    nodeDef.flatMap(({ op, attr }) => {
      const module = attr['module']?.value;
      return op === 'XlaCallModule' && module?.case === 's' ? [module.value] : [];
    }),
  );
}

const modules = storedModules();

describe('reading StableHLO', () => {
  test('every function of a module is found, with its arguments and a return at its end', () => {
    expect(modules.length).toBeGreaterThan(10);
    for (const bytes of modules) {
      const module = readModule(bytes);
      expect(module.version).toMatch(/^\d+\.\d+\.\d+$/);
      expect([...module.functions.keys()]).toContain('main');
      for (const { body } of module.functions.values()) expect(body.operations.at(-1)?.name).toBe('return');
    }
  });

  test('ops have their attributes, operands and types', () => {
    const operations = modules.flatMap((bytes) =>
      [...readModule(bytes).functions.values()].flatMap(({ body }) => body.operations),
    );
    const product = operations.find(({ name }) => name === 'dot_general');
    expect([...(product?.attributes.keys() ?? [])]).toContain('lhs_contracting_dimensions');
    expect(product?.operands).toHaveLength(2);
    expect(product?.results[0]?.type.kind).toBe('tensor');
    const reduce = operations.find(({ name }) => name === 'reduce');
    expect(reduce?.regions[0]?.arguments).toHaveLength(2);
    expect(reduce?.regions[0]?.operations.map(({ name }) => name)).toContain('return');
  });

  test('bytes that are no bytecode are refused by their first ones', () => {
    expect(() => readModule(new TextEncoder().encode('module {}'))).toThrow(
      /begins with 4d 4c ef 52, given '6d 6f 64 75'/,
    );
    expect(() => readModule(new Uint8Array())).toThrow(SavedModelError);
  });

  test('a module that ends early is refused wherever it ends', () => {
    const [bytes = new Uint8Array()] = modules;
    for (let length = 0; length < bytes.length; length += 7) {
      expect(() => readModule(bytes.subarray(0, length)), `${length} bytes`).toThrow(SavedModelError);
    }
  });

  test('a module with changed bytes is read or refused, and nothing else happens', () => {
    let state = 12345;
    const random = (below: number) => {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    let refused = 0;
    for (let round = 0; round < 2000; round++) {
      const original = modules[round % modules.length] ?? new Uint8Array();
      const bytes = original.slice();
      for (let i = 0; i <= random(4); i++) bytes[random(bytes.length)] = random(256);
      try {
        readModule(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(SavedModelError);
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(200);
  });
});
