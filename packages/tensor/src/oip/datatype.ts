import { dtypes, type DType } from '../dtype/dtype.js';
import { invalidArgument } from '../tensor-error.js';

/** The protocol's own names; every other dtype goes by its own in capitals. */
const named: Partial<Record<DType, string>> = {
  float16: 'FP16',
  float32: 'FP32',
  float64: 'FP64',
  bfloat16: 'BF16',
  string: 'BYTES',
};

const dtypeOf = new Map<string, DType>(dtypes.map((dtype) => [oipDatatype(dtype), dtype]));

/**
 * The datatype of the Open Inference Protocol that a dtype is: `FP32` for float32, `BYTES` for string, `INT64` for int64.
 * Dtypes that the protocol does not know have their own name in capitals (`COMPLEX64`); their values travel in binary.
 */
export function oipDatatype(dtype: DType): string {
  return named[dtype] ?? dtype.toUpperCase();
}

/** @throws TensorError INVALID_ARGUMENT `UNKNOWN_DTYPE` for what is no datatype */
export function dtypeOfOip(datatype: string): DType {
  const dtype = dtypeOf.get(datatype);
  if (dtype !== undefined) return dtype;
  throw invalidArgument(
    'UNKNOWN_DTYPE',
    'Unknown datatype: expected one of BOOL, UINT8, UINT16, UINT32, UINT64, INT8, INT16, INT32, INT64, FP16, FP32, ' +
      `FP64, BF16, BYTES, given ${JSON.stringify(datatype.slice(0, 40))}`,
  );
}
