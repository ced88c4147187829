import { bfloat16ToFloat32, float16ToFloat32, type DType } from '@servable/tensor';
import { malformedModule } from '../malformed-module.js';
import type { HloAttribute } from '../hlo.js';
import type { ByteReader } from './byte-reader.js';
import type { Entries } from './entries.js';

/** Numbers of VHLO's attributes (stablehlo/dialect/VhloBytecode.cpp, `AttributeCode`). */
const VHLO = {
  array: 1,
  boolean: 2,
  dictionary: 6,
  float: 8,
  integer: 9,
  string: 14,
  tensor: 15,
  type: 17,
} as const;

/** Attributes that are a word of a list: directions, kinds of comparison, algorithms. */
const ENUMS = new Set([3, 4, 5, 7, 11, 12, 13, 16, 19]);

/** The newest attribute of VHLO. */
const NEWEST_CODE = 25;

/** An attribute of VHLO's dialect. */
export function readVhloAttribute(reader: ByteReader, table: Entries): HloAttribute {
  const code = reader.varint();
  if (ENUMS.has(code)) return { kind: 'enum', value: reader.varint() };
  switch (code) {
    case VHLO.array:
      return { kind: 'array', elements: reader.list(() => table.attribute(reader.varint())) };
    case VHLO.boolean:
      return { kind: 'boolean', value: reader.varint() !== 0 };
    case VHLO.dictionary:
      return readDictionary(reader, table);
    case VHLO.float:
      return { kind: 'float', value: readFloat(reader, elementOf(reader, table)) };
    case VHLO.integer: {
      const dtype = elementOf(reader, table);
      const isByte = dtype === 'int8' || dtype === 'uint8' || /^u?int[24]$/.test(dtype);
      return { kind: 'integer', value: isByte ? BigInt((reader.byte() << 24) >> 24) : reader.signed() };
    }
    case VHLO.string:
      return { kind: 'string', value: table.strings.at(reader.varint()) };
    case VHLO.tensor:
      return { kind: 'tensor', type: table.type(reader.varint()), data: reader.take(reader.varint()) };
    case VHLO.type:
      return { kind: 'type', type: table.type(reader.varint()) };
    default:
      if (code > NEWEST_CODE) throw malformedModule(`expected the number of an attribute, given ${code}`);
      return { kind: 'other', name: `vhlo attribute ${code}` };
  }
}

/** Numbers of MLIR's own attributes (mlir/include/mlir/IR/BuiltinDialectBytecode.td). */
const BUILTIN = { array: 0, dictionary: 1, string: 2 } as const;

/** An attribute of MLIR's builtin dialect; locations and such are not looked into. */
export function readBuiltinAttribute(reader: ByteReader, table: Entries): HloAttribute {
  const code = reader.varint();
  switch (code) {
    case BUILTIN.array:
      return { kind: 'array', elements: reader.list(() => table.attribute(reader.varint())) };
    case BUILTIN.dictionary:
      return readDictionary(reader, table);
    case BUILTIN.string:
      return { kind: 'string', value: table.strings.at(reader.varint()) };
    default:
      return { kind: 'other', name: `builtin attribute ${code}` };
  }
}

function readDictionary(reader: ByteReader, table: Entries): HloAttribute {
  const entries = new Map<string, HloAttribute>();
  reader.list(() => {
    const name = table.attribute(reader.varint());
    if (name.kind !== 'string') throw malformedModule(`expected the name of an attribute, given a ${name.kind}`);
    entries.set(name.value, table.attribute(reader.varint()));
  });
  return { kind: 'dictionary', entries };
}

function elementOf(reader: ByteReader, table: Entries): DType {
  const type = table.type(reader.varint());
  if (type.kind === 'element') return type.dtype;
  throw malformedModule(`expected the type of a number, given a ${type.kind}`);
}

function readFloat(reader: ByteReader, dtype: DType): number {
  if (dtype.startsWith('float8') || dtype.startsWith('float4')) return reader.byte();
  const bits = reader.signed();
  const view = new DataView(new ArrayBuffer(8));
  switch (dtype) {
    case 'bfloat16':
      return bfloat16ToFloat32(Number(BigInt.asUintN(16, bits)));
    case 'float16':
      return float16ToFloat32(Number(BigInt.asUintN(16, bits)));
    case 'float32':
      view.setUint32(0, Number(BigInt.asUintN(32, bits)));
      return view.getFloat32(0);
    default:
      view.setBigUint64(0, BigInt.asUintN(64, bits));
      return view.getFloat64(0);
  }
}
