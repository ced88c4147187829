import { dataTypeName, dtypeInfoFromEnum, type DType } from '../dtype/dtype.js';
import { encodeUtf8 } from './json-text.js';

/**
 * The inputs of a signature by alias, as far as the codec needs them: the `inputs` of a `SignatureDef` fit as they are.
 * `dtype` is the number in `tensorflow.DataType`.
 */
export type SignatureInputs = Readonly<Record<string, { readonly dtype: number }>>;

/** One input, prepared for reading JSON. */
export interface JsonInput {
  readonly alias: string;
  readonly aliasBytes: Uint8Array;
  /** `undefined` for `resource`, `variant` and the like, which no tensor can have. */
  readonly dtype: DType | undefined;
  /** TensorFlow's name of the dtype, as in messages. */
  readonly typeName: string;
}

const cache = new WeakMap<SignatureInputs, readonly JsonInput[]>();

/** The inputs of a signature sorted by alias; worked out once per signature. */
export function prepareInputs(inputs: SignatureInputs): readonly JsonInput[] {
  let prepared = cache.get(inputs);
  if (prepared === undefined) {
    prepared = Object.entries(inputs)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([alias, { dtype }]) => ({
        alias,
        aliasBytes: encodeUtf8(alias),
        dtype: dtypeInfoFromEnum(dtype)?.dtype,
        typeName: dataTypeName(dtype) ?? `unknown dtype enum (${dtype})`,
      }));
    cache.set(inputs, prepared);
  }
  return prepared;
}
