import type { SignatureDef } from '@servable/protos/tensorflow';
import { Tensor, type DType } from '@servable/tensor';

/** Inputs made from those of a golden. */
export interface Variation {
  readonly label: string;
  readonly inputs: ReadonlyMap<string, Tensor>;
}

/**
 * Random and edge inputs of the same ranks and dtypes: other batches, none at all, other values within the range of
 * those given, and values that networks seldom see. Always the same for the same inputs.
 */
export function variationsOf(inputs: ReadonlyMap<string, Tensor>, signature: SignatureDef): Variation[] {
  const random = randomNumbers(inputs.size * 7919 + 17);
  const made: Variation[] = [];
  const add = (label: string, change: (tensor: Tensor) => Tensor): void => {
    const changed = new Map([...inputs].map(([alias, tensor]) => [alias, change(tensor)]));
    if ([...inputs].some(([alias, tensor]) => changed.get(alias) !== tensor)) made.push({ label, inputs: changed });
  };
  if (hasOpenBatch(inputs, signature)) {
    add('a batch of 1', (tensor) => rows(tensor, [0]));
    add('a batch of 5', (tensor) =>
      rows(
        tensor,
        [0, 1, 2, 3, 4].map((row) => row % tensor.shape[0]!),
      ),
    );
    add('an empty batch', (tensor) => rows(tensor, []));
  }
  for (const round of [1, 2]) add(`random values ${round}`, (tensor) => redrawn(tensor, random));
  add('zeros', (tensor) => filled(tensor, () => 0));
  add('NaN', (tensor) => ofFloats(tensor, (value, i) => (i % 7 === 3 ? NaN : value)));
  add('infinities', (tensor) => ofFloats(tensor, (value, i) => (i % 11 === 0 ? (i % 2 === 0 ? -1 : 1) / 0 : value)));
  add('huge values', (tensor) => ofFloats(tensor, (value) => value * 1e20));
  add('negative values', (tensor) => ofFloats(tensor, (value) => -value));
  add('numbers out of range', (tensor) => ofWideIntegers(tensor, (value) => value + 1_000_003));
  add('numbers below 0', (tensor) => ofWideIntegers(tensor, (value) => -1 - value));
  add('empty strings', (tensor) => ofStrings(tensor, () => new Uint8Array()));
  add('no UTF-8', (tensor) => ofStrings(tensor, (text, i) => (i % 2 === 0 ? Uint8Array.of(0xff, 0x41, 0xc3) : text)));
  return made;
}

/** Whether any number of rows may come, and all inputs have the same number. */
export function hasOpenBatch(inputs: ReadonlyMap<string, Tensor>, signature: SignatureDef): boolean {
  const open = Object.values(signature.inputs).every(({ tensorShape }) => {
    const [batch] = tensorShape?.dim ?? [];
    return batch !== undefined && batch.size === -1n;
  });
  return open && new Set([...inputs.values()].map(({ shape }) => shape[0])).size === 1 && first(inputs) > 0;
}

function first(inputs: ReadonlyMap<string, Tensor>): number {
  return [...inputs.values()][0]?.shape[0] ?? 0;
}

/** The same inputs with other rows. */
export function rows(tensor: Tensor, which: readonly number[]): Tensor {
  const width = tensor.shape.slice(1).reduce((a, b) => a * b, 1) * (tensor.dtype.startsWith('complex') ? 2 : 1);
  const shape = [which.length, ...tensor.shape.slice(1)];
  if (tensor.is('string')) {
    return new Tensor(
      'string',
      shape,
      which.flatMap((row) => tensor.data.slice(row * width, (row + 1) * width)),
    );
  }
  const source = tensor.data as Float32Array;
  const data = new (source.constructor as typeof Float32Array)(which.length * width);
  for (const [i, row] of which.entries()) data.set(source.subarray(row * width, (row + 1) * width), i * width);
  return new Tensor(tensor.dtype, shape, data as never);
}

function redrawn(tensor: Tensor, random: () => number): Tensor {
  if (tensor.is('string')) return ofStrings(tensor, () => tensor.data[Math.floor(random() * tensor.data.length)]!);
  if (tensor.dtype === 'bool') return filled(tensor, () => (random() < 0.5 ? 0 : 1));
  // One number that decides (a length, a choice) stays.
  if (tensor.size < 2 && !isFloat(tensor.dtype)) return tensor;
  const values = tensor.data as ArrayLike<number | bigint>;
  let [least, most] = [Infinity, -Infinity];
  for (let i = 0; i < values.length; i++) {
    least = Math.min(least, Number(values[i]));
    most = Math.max(most, Number(values[i]));
  }
  if (isFloat(tensor.dtype)) return filled(tensor, () => least + (most - least) * random());
  return filled(tensor, () => least + Math.floor((most - least + 1) * random()));
}

function isFloat(dtype: DType): boolean {
  return dtype === 'float32' || dtype === 'float64';
}

function ofFloats(tensor: Tensor, change: (value: number, i: number) => number): Tensor {
  return isFloat(tensor.dtype) ? filled(tensor, (i, value) => change(value, i)) : tensor;
}

/** Integers that stand for something: those of 32 and 64 bits, not pixels. */
function ofWideIntegers(tensor: Tensor, change: (value: number) => number): Tensor {
  const wide = tensor.dtype === 'int32' || tensor.dtype === 'int64';
  return wide && tensor.rank > 0 ? filled(tensor, (_, value) => change(value)) : tensor;
}

function ofStrings(tensor: Tensor, change: (text: Uint8Array, i: number) => Uint8Array): Tensor {
  return tensor.is('string') ? new Tensor('string', tensor.shape, tensor.data.map(change)) : tensor;
}

/** Numbers alone: strings stay. */
function filled(tensor: Tensor, value: (i: number, old: number) => number): Tensor {
  if (tensor.is('string') || tensor.dtype.includes('float16')) return tensor;
  const source = tensor.data as Float32Array;
  const data = new (source.constructor as typeof Float32Array)(source.length);
  const wide = typeof (source as ArrayLike<unknown>)[0] === 'bigint';
  for (let i = 0; i < source.length; i++) {
    const next = value(i, Number(source[i]));
    data[i] = wide ? (BigInt(next) as never) : next;
  }
  return new Tensor(tensor.dtype, tensor.shape, data as never);
}

/** mulberry32: numbers in [0, 1) from a seed. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
