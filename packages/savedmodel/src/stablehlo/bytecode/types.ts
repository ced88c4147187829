import type { DType } from '@servable/tensor';
import { malformedModule } from '../malformed-module.js';
import type { HloTensorType, HloType } from '../hlo.js';
import type { ByteReader } from './byte-reader.js';
import type { Entries } from './entries.js';

/** Element types by VHLO's number for them (stablehlo/dialect/VhloBytecode.cpp, `TypeCode`). */
const ELEMENTS: Readonly<Record<number, DType>> = {
  0: 'bool',
  2: 'bfloat16',
  3: 'float16',
  4: 'float32',
  5: 'float64',
  6: 'float8_e4m3fn',
  7: 'float8_e5m2',
  9: 'int64',
  10: 'int4',
  11: 'int8',
  12: 'int16',
  13: 'int32',
  14: 'int64',
  15: 'uint4',
  16: 'uint8',
  17: 'uint16',
  18: 'uint32',
  19: 'uint64',
  27: 'float8_e4m3fnuz',
  28: 'float8_e5m2fnuz',
  29: 'float8_e4m3b11fnuz',
  31: 'int2',
  32: 'uint2',
  37: 'float4_e2m1fn',
};

const TYPE = { complex: 1, function: 8, tensor: 20, encodedTensor: 21, token: 22, tuple: 23 } as const;

/** Types that no tensor of the engine has. */
const OTHERS: Readonly<Record<number, string>> = {
  24: 'quantized',
  25: 'unranked tensor',
  26: 'witness',
  30: 'quantized per axis',
  33: 'none',
  34: 'tf32',
  35: 'f8E4M3',
  36: 'f8E3M4',
  38: 'f6E2M3FN',
  39: 'f6E3M2FN',
  40: 'f8E8M0FNU',
  41: 'buffer',
  42: 'future',
};

/** What MLIR writes for a size that is not known. */
const DYNAMIC = -(2n ** 63n);

/** A type of VHLO's dialect. */
export function readType(reader: ByteReader, table: Entries): HloType {
  const code = reader.varint();
  const dtype = ELEMENTS[code];
  if (dtype !== undefined) return { kind: 'element', dtype };
  const types = () => reader.list(() => table.type(reader.varint()));
  switch (code) {
    case TYPE.complex: {
      const part = table.type(reader.varint());
      const isDouble = part.kind === 'element' && part.dtype === 'float64';
      return { kind: 'element', dtype: isDouble ? 'complex128' : 'complex64' };
    }
    case TYPE.function:
      return { kind: 'function', inputs: types(), outputs: types() };
    case TYPE.encodedTensor:
      reader.varint();
      return readTensorType(reader, table);
    case TYPE.tensor:
      return readTensorType(reader, table);
    case TYPE.token:
      return { kind: 'token' };
    case TYPE.tuple:
      return { kind: 'tuple', types: types() };
    default: {
      const name = OTHERS[code];
      if (name === undefined) throw malformedModule(`expected the number of a type, given ${code}`);
      return { kind: 'other', name };
    }
  }
}

/** More dimensions than any tensor has. */
const MAX_RANK = 64;

function readTensorType(reader: ByteReader, table: Entries): HloTensorType | HloType {
  const shape = reader.list((): number | null => {
    const size = reader.signed();
    if (size === DYNAMIC) return null;
    if (size < 0n || size > BigInt(Number.MAX_SAFE_INTEGER)) throw malformedModule(`expected a size, given ${size}`);
    return Number(size);
  });
  if (shape.length > MAX_RANK) throw malformedModule(`expected at most ${MAX_RANK} dimensions, given ${shape.length}`);
  const element = table.type(reader.varint());
  if (element.kind === 'other') return element;
  if (element.kind !== 'element') throw malformedModule(`expected a type of elements, given a ${element.kind}`);
  return { kind: 'tensor', dtype: element.dtype, shape };
}
