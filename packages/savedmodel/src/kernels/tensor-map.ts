import { Tensor, type DType } from '@servable/tensor';
import { allocate, invalidRequest, tensorOf, type Elements } from './elements.js';
import { packTensor, packVariant, unpackTensor, unpackVariant } from './variant.js';

/** Keys and values in turn, in the order in which the keys were first put in (tensorflow/core/kernels/tensor_map.h). */
const entriesOf = (map: Tensor | undefined) => unpackVariant(map, 'map');

export const emptyMap = (): Tensor => packVariant('map', []);

/** Where a key stands; -1 for one that is not there. Keys are equal when dtype, shape and all bytes are. */
function find(entries: readonly Uint8Array[], key: Tensor): number {
  const wanted = Buffer.from(packTensor(key));
  for (let i = 0; i < entries.length; i += 2) if (wanted.equals(entries[i]!)) return i;
  return -1;
}

function findExisting(entries: readonly Uint8Array[], key: Tensor, what: string): number {
  const at = find(entries, key);
  if (at >= 0) return at;
  throw invalidRequest('NO_SUCH_KEY', `Trying to ${what}. Could not find key "${describeKey(key)}".`);
}

function describeKey(key: Tensor): string {
  const values = key.is('string') ? key.text() : Array.from(key.data as ArrayLike<number | bigint>);
  return values.slice(0, 100).join(' ');
}

/** `TensorMapInsert`: a key that is there gets another value. */
export function insertIntoMap(map: Tensor, key: Tensor, value: Tensor): Tensor {
  const entries = entriesOf(map);
  const at = find(entries, key);
  if (at < 0) entries.push(packTensor(key), packTensor(value));
  else entries[at + 1] = packTensor(value);
  return packVariant('map', entries);
}

/** `TensorMapLookup`. @throws SavedModelError INVALID_ARGUMENT for a key that is not there */
export function lookUpInMap(map: Tensor, key: Tensor, dtype: DType): Tensor {
  const entries = entriesOf(map);
  const value = unpackTensor(entries[findExisting(entries, key, 'lookup non-existent key') + 1]!);
  if (value.dtype === dtype) return value;
  throw invalidRequest('OTHER_DTYPE', `expected a value of dtype ${dtype}, given one of ${value.dtype}`);
}

/** `TensorMapErase`. @throws SavedModelError INVALID_ARGUMENT for a key that is not there */
export function eraseFromMap(map: Tensor, key: Tensor): Tensor {
  const entries = entriesOf(map);
  entries.splice(findExisting(entries, key, 'erase non-existent item'), 2);
  return packVariant('map', entries);
}

export function mapHasKey(map: Tensor, key: Tensor): Tensor {
  return new Tensor('bool', [], Uint8Array.of(find(entriesOf(map), key) < 0 ? 0 : 1));
}

export function mapSize(map: Tensor): Tensor {
  return new Tensor('int32', [], Int32Array.of(entriesOf(map).length / 2));
}

/** `TensorMapStackKeys`: all keys in one tensor. TensorFlow gives them in an order of chance; here it is that of insertion. */
export function stackMapKeys(map: Tensor, dtype: DType): Tensor {
  const keys = entriesOf(map)
    .filter((_, i) => i % 2 === 0)
    .map(unpackTensor);
  const [first] = keys;
  if (first === undefined) throw invalidRequest('EMPTY_MAP', 'TensorMapStackKeys cannot be called on empty map.');
  for (const key of keys) {
    if (key.dtype !== dtype) throw invalidRequest('OTHER_DTYPE', 'Key does not match requested dtype.');
    if (key.shape.join() !== first.shape.join()) {
      throw invalidRequest('INCOMPATIBLE_SHAPES', 'Keys must all have the same shape.');
    }
  }
  const shape = [keys.length, ...first.shape];
  const data = allocate(dtype, shape) as unknown as Elements<unknown>;
  let end = 0;
  for (const key of keys) {
    const from = key.data as unknown as Elements<unknown>;
    for (let i = 0; i < from.length; i++) data[end++] = from[i];
  }
  return tensorOf(dtype, shape, data);
}
