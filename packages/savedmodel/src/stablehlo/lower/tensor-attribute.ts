import { dtypeInfo, Tensor, type DType, type TensorDataMap } from '@servable/tensor';
import { zeros } from '../../kernels/elements.js';
import type { HloAttribute } from '../hlo.js';
import { malformedModule } from '../malformed-module.js';

/** A constant: its tensor, or the one element that it consists of. */
export interface HloConstant {
  /** A scalar when all elements are equal to it. */
  readonly tensor: Tensor;
  readonly shape: readonly number[];
}

/** @throws SavedModelError INVALID_ARGUMENT for bytes that do not fit the type */
export function readConstant(attribute: HloAttribute | undefined): HloConstant {
  if (attribute?.kind !== 'tensor' || attribute.type.kind !== 'tensor') {
    throw malformedModule(`expected a constant tensor, given a ${attribute?.kind ?? 'missing attribute'}`);
  }
  const { dtype, shape: given } = attribute.type;
  const shape = given.filter((size) => size !== null);
  if (shape.length !== given.length) throw malformedModule('expected a constant of known sizes');
  const size = shape.reduce((a, b) => a * b, 1);
  const { data } = attribute;
  if (dtype === 'bool') return boolConstant(data, shape, size);
  const width = dtypeInfo(dtype).bytes;
  const isSplat = data.length === width && size !== 1;
  if (!isSplat && data.length !== size * width) {
    throw malformedModule(`expected ${size * width} bytes of ${dtype}, given ${data.length}`);
  }
  return { tensor: tensorOf(dtype, isSplat ? [] : shape, data), shape };
}

/** Bools are bits, or bytes in files of a short time (stablehlo/dialect/VhloBytecode.cpp, `readVhloTensorV1Attr`). */
function boolConstant(data: Uint8Array, shape: readonly number[], size: number): HloConstant {
  const packed = Math.ceil(size / 8);
  if (data.length === 1 && data[0] === 0xff) return { tensor: new Tensor('bool', [], Uint8Array.of(1)), shape };
  if (data.length === packed && (data.length !== size || size === 1)) {
    const bits = new Uint8Array(size);
    for (let i = 0; i < size; i++) bits[i] = ((data[i >> 3] as number) >> (i & 7)) & 1;
    return { tensor: new Tensor('bool', shape, bits), shape };
  }
  if (data.length === 1) return { tensor: new Tensor('bool', [], Uint8Array.of(Number(data[0] !== 0))), shape };
  if (data.length !== size) throw malformedModule(`expected ${packed} bytes of bool, given ${data.length}`);
  return {
    tensor: new Tensor(
      'bool',
      shape,
      data.map((byte) => Number(byte !== 0)),
    ),
    shape,
  };
}

function tensorOf(dtype: DType, shape: readonly number[], data: Uint8Array): Tensor {
  const size = shape.reduce((a, b) => a * b, 1);
  const array = zeros(dtype, [size]).data as unknown as { readonly buffer: ArrayBuffer; readonly byteOffset: number };
  new Uint8Array(array.buffer, array.byteOffset, data.length).set(data);
  return new Tensor(dtype, shape, array as unknown as TensorDataMap[DType]);
}

/** The integers of an attribute. */
export function readIntegers(attribute: HloAttribute | undefined): readonly number[] | undefined {
  if (attribute?.kind === 'array') {
    const integers = attribute.elements.map((element) => (element.kind === 'integer' ? Number(element.value) : NaN));
    return integers.some(Number.isNaN) ? undefined : integers;
  }
  if (attribute?.kind !== 'tensor') return undefined;
  const { tensor, shape } = readConstant(attribute);
  const size = shape.reduce((a, b) => a * b, 1);
  if (size > MAX_INTEGERS) throw malformedModule(`expected at most ${MAX_INTEGERS} integers, given ${size}`);
  const integers = Array.from(tensor.data as ArrayLike<number | bigint>, Number);
  return tensor.size === size ? integers : new Array<number>(size).fill(integers[0] ?? 0);
}

/** More than any list of dimensions, sizes or paddings has. */
const MAX_INTEGERS = 4096;
