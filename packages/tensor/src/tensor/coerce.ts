import type { DTypeInfo, NumericData } from '../dtype/dtype.js';
import { float32ToBfloat16, float32ToFloat16 } from '../dtype/half.js';

/** Puts one JavaScript value into element `index`; gives back what was expected when the value does not fit. */
export type ElementWriter = (index: number, value: unknown) => string | undefined;

const textEncoder = new TextEncoder();

function numberWriter(data: NumericData, convert: (value: number) => number): ElementWriter {
  return (index, value) => {
    if (typeof value !== 'number') return 'a number';
    data[index] = convert(value);
    return undefined;
  };
}

function integerWriter(data: NumericData, min: number, max: number, mask: number | undefined): ElementWriter {
  const expected = `an integer from ${min} to ${max}`;
  return (index, value) => {
    const number = typeof value === 'bigint' ? Number(value) : value;
    if (typeof number !== 'number' || !Number.isInteger(number) || number < min || number > max) return expected;
    data[index] = mask === undefined ? number : number & mask;
    return undefined;
  };
}

function bigintWriter(data: BigInt64Array | BigUint64Array, min: bigint, max: bigint): ElementWriter {
  const expected = `a bigint or a safe integer from ${min} to ${max}`;
  return (index, value) => {
    if (typeof value === 'bigint' ? value < min || value > max : !Number.isSafeInteger(value)) return expected;
    const exact = BigInt(value as number | bigint);
    if (exact < min) return expected;
    data[index] = exact;
    return undefined;
  };
}

/** The mask that keeps the low bits of dtypes narrower than their byte of storage. */
const lowBits: Partial<Record<DTypeInfo['dtype'], number>> = { int4: 15, uint4: 15, int2: 3, uint2: 3 };

/** The writer of values into the typed array of a dtype; it refuses instead of rounding, wrapping or guessing types. */
export function elementWriter(info: DTypeInfo, data: NumericData): ElementWriter {
  switch (info.kind) {
    case 'float':
      if (info.dtype === 'float16') return numberWriter(data, float32ToFloat16);
      if (info.dtype === 'bfloat16') return numberWriter(data, float32ToBfloat16);
      return (index, value) => {
        if (typeof value !== 'number') return 'a number';
        data[index] = value;
        return undefined;
      };
    case 'int':
      return integerWriter(data, info.min as number, info.max as number, lowBits[info.dtype]);
    case 'bigint':
      return bigintWriter(data as BigInt64Array | BigUint64Array, info.min as bigint, info.max as bigint);
    case 'bool':
      return (index, value) => {
        if (typeof value !== 'boolean') return 'a boolean';
        data[index] = value ? 1 : 0;
        return undefined;
      };
    case 'complex':
      return (index, value) => {
        const pair = value as readonly unknown[];
        if (!Array.isArray(value) || pair.length !== 2) return 'a pair [re, im] of numbers';
        if (typeof pair[0] !== 'number' || typeof pair[1] !== 'number') return 'a pair [re, im] of numbers';
        data[index * 2] = pair[0];
        data[index * 2 + 1] = pair[1];
        return undefined;
      };
    default:
      return integerWriter(data, 0, info.dtype === 'float4_e2m1fn' ? 15 : 255, undefined);
  }
}

/** The writer of strings: text becomes UTF-8, bytes are kept by reference. */
export function stringWriter(data: Uint8Array[]): ElementWriter {
  return (index, value) => {
    if (typeof value === 'string') data[index] = textEncoder.encode(value);
    else if (value instanceof Uint8Array) data[index] = value;
    else return 'a string or a Uint8Array';
    return undefined;
  };
}
