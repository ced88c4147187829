import type { Tensor } from '../tensor/tensor.js';

/** `row` when the request has `instances`, `columnar` when it has `inputs`; the response takes the same format. */
export type JsonPredictFormat = 'row' | 'columnar';

/** What a JSON body of a Predict call says. */
export interface JsonPredictRequest {
  /** As written; `''` when the body has none, which means `serving_default`. */
  readonly signatureName: string;
  readonly format: JsonPredictFormat;
  /** Tensors by input alias, in the dtypes of the signature. */
  readonly inputs: ReadonlyMap<string, Tensor>;
}
