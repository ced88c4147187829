import { stringTensor, tensor } from '@servable/tensor';
import { describe, expect, test } from 'vitest';
import { compressElement, uncompressElement } from './compressed-element.js';
import { readCsr, writeCsr } from './csr-matrix.js';
import { eraseFromMap, emptyMap, insertIntoMap, lookUpInMap, mapSize, stackMapKeys } from './tensor-map.js';
import { packVariant } from './variant.js';

const invalid = expect.objectContaining({ code: 'INVALID_ARGUMENT' }) as unknown;

describe('variants', () => {
  test('are not taken for variants of another kind, or for strings', () => {
    const element = compressElement(tensor([1, 2]));
    expect(() => mapSize(element)).toThrow(/expected a scalar that holds a map of tensors/);
    expect(() => readCsr(element)).toThrow(/expected a scalar that holds a CSR sparse matrix/);
    expect(() => uncompressElement(stringTensor([], ['text']), ['float32'], [undefined])).toThrow(/compressed element/);
    expect(() => mapSize(stringTensor([1], ['\u0001']))).toThrow(/expected a scalar/);
  });

  test('that are cut off are refused', () => {
    const [bytes] = insertIntoMap(emptyMap(), tensor(1), tensor(2)).data as readonly Uint8Array[];
    for (const length of [0, 2, 5, bytes!.length - 1]) {
      expect(() => mapSize(stringTensor([], [bytes!.subarray(0, length)]))).toThrow();
    }
  });

  test('that say they are CSR matrices are checked before their pointers are used', () => {
    const matrix = (rows: number[], columns: number[], shape = [2, 2]) => ({
      dtype: 'float32' as const,
      shape,
      parts: [
        {
          rows: Int32Array.from(rows),
          columns: Int32Array.from(columns),
          re: new Float64Array(columns.length),
          im: undefined,
        },
      ],
    });
    expect(readCsr(writeCsr(matrix([0, 1, 2], [1, 0]))).parts[0]!.columns).toEqual(Int32Array.of(1, 0));
    for (const bad of [matrix([0, 1], [0]), matrix([0, 2, 1], [0]), matrix([0, 1, 1], [2]), matrix([0, 1, 1], [-1])]) {
      expect(() => writeCsr(bad)).toThrow(invalid);
    }
    expect(() => writeCsr(matrix([0, 0, 0], [], [2, 2, 2]))).toThrow(/with 1 parts of a batch/);
    expect(() => readCsr(packVariant('csr', []))).toThrow(/given nothing/);
  });
});

describe('maps of tensors', () => {
  test('leave the map that was given as it is', () => {
    const one = insertIntoMap(emptyMap(), tensor(1, 'int32'), tensor([1.5]));
    const two = insertIntoMap(one, tensor(1, 'int32'), tensor([2.5]));
    expect(lookUpInMap(one, tensor(1, 'int32'), 'float32').toArray()).toEqual([1.5]);
    expect(lookUpInMap(two, tensor(1, 'int32'), 'float32').toArray()).toEqual([2.5]);
    expect(mapSize(eraseFromMap(two, tensor(1, 'int32'))).toArray()).toBe(0);
  });

  test('tell keys apart by dtype and shape', () => {
    const map = insertIntoMap(emptyMap(), tensor(1, 'int32'), tensor(1));
    expect(() => lookUpInMap(map, tensor(1, 'int64'), 'float32')).toThrow(/Could not find key "1"/);
    expect(() => lookUpInMap(map, tensor([1], 'int32'), 'float32')).toThrow(invalid);
    expect(() => lookUpInMap(map, tensor(1, 'int32'), 'int32')).toThrow(
      /expected a value of dtype int32, given one of float32/,
    );
  });

  test('stack their keys in the order in which they came', () => {
    const map = ['b', 'a', 'b'].reduce(
      (into, key) => insertIntoMap(into, stringTensor([], [key]), tensor(0)),
      emptyMap(),
    );
    expect(stackMapKeys(map, 'string').text()).toEqual(['b', 'a']);
  });
});
