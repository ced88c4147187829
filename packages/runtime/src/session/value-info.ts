import type { DType } from '@servable/tensor';
import { readString } from '../native/address.js';
import { dtypeOfElementType, elementTypeName } from '../native/element-type.js';
import { ortEnv } from '../native/ort-env.js';
import type { Pointer } from '../native/ort-functions.js';
import { check } from '../native/ort-status.js';
import { dimensions, onnxTypeName, onnxTypeTensor } from '../native/ort-value.js';
import { RuntimeError } from '../runtime-error.js';

/** An input or output of a session. */
export interface ValueInfo {
  readonly name: string;
  readonly dtype: DType;
  /** A number where the dimension is fixed, a word where the model names it, `null` where nothing is known. */
  readonly shape: readonly (number | string | null)[];
}

/** What a model takes and gives. */
export interface SessionSignature {
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  /** Names of outputs that are no tensors (sequences, maps …) and so cannot be fetched, with what they are. */
  readonly otherOutputs: ReadonlyMap<string, string>;
}

/**
 * Asks a native session what it takes and gives.
 *
 * @throws RuntimeError UNIMPLEMENTED `UNSUPPORTED_INPUT` when an input is no tensor or has a dtype no tensor can hold
 */
export function describeSession(session: Pointer): SessionSignature {
  const { api } = ortEnv();
  const inputs: ValueInfo[] = [];
  const outputs: ValueInfo[] = [];
  const otherOutputs = new Map<string, string>();
  for (const [name, info] of values(session, 'Input')) {
    try {
      const described = describe(name, info);
      if (typeof described === 'string') {
        throw new RuntimeError(
          'UNIMPLEMENTED',
          'UNSUPPORTED_INPUT',
          `Input ${JSON.stringify(name)} of the model: expected a tensor, given a ${described}`,
        );
      }
      inputs.push(described);
    } finally {
      api.ReleaseTypeInfo(info);
    }
  }
  for (const [name, info] of values(session, 'Output')) {
    try {
      const described = describe(name, info);
      if (typeof described === 'string') otherOutputs.set(name, described);
      else outputs.push(described);
    } finally {
      api.ReleaseTypeInfo(info);
    }
  }
  return Object.freeze({ inputs, outputs, otherOutputs });
}

/** Names and `OrtTypeInfo`s of all inputs or outputs; the caller releases the infos. */
function* values(session: Pointer, kind: 'Input' | 'Output'): Generator<[string, Pointer]> {
  const { api, allocator } = ortEnv();
  const out = new BigUint64Array(1);
  check(api, api[`SessionGet${kind}Count`](session, out));
  const count = Number(out[0]);
  for (let index = 0; index < count; index++) {
    check(api, api[`SessionGet${kind}Name`](session, index, allocator, out));
    const memory = out[0] ?? 0n;
    const name = readString(memory);
    check(api, api.AllocatorFree(allocator, memory));
    check(api, api[`SessionGet${kind}TypeInfo`](session, index, out));
    yield [name, out[0] ?? 0n];
  }
}

/** The description of a tensor, or words for what it is instead. */
function describe(name: string, typeInfo: Pointer): ValueInfo | string {
  const { api } = ortEnv();
  const type = new Int32Array(1);
  const out = new BigUint64Array(1);
  check(api, api.GetOnnxTypeFromTypeInfo(typeInfo, type));
  if (type[0] !== onnxTypeTensor) return onnxTypeName(type[0] ?? 0);
  // The tensor info is a part of the type info and is released with it.
  check(api, api.CastTypeInfoToTensorInfo(typeInfo, out));
  const info = out[0] ?? 0n;
  check(api, api.GetTensorElementType(info, type));
  const dtype = dtypeOfElementType(type[0] ?? 0);
  if (dtype === undefined) return `tensor of ${elementTypeName(type[0] ?? 0)}`;
  const dims = dimensions(info);
  const words = new BigUint64Array(Math.max(1, dims.length));
  check(api, api.GetSymbolicDimensions(info, words, dims.length));
  const shape = dims.map((dim, axis) => (dim >= 0 ? dim : readString(words[axis] ?? 0n) || null));
  return { name, dtype, shape };
}
