import type { DecodeOptions } from '../proto/decode-options.js';
import type { EncodeOptions } from '../proto/encode-tensor.js';
import type { Tensor } from '../tensor/tensor.js';
import { WireReader, wireBytes } from '../wire/wire-reader.js';
import { allocate, fieldSize } from '../wire/wire-writer.js';
import { planModelSpec, readModelSpec, writeModelSpec, type ModelSpecFields } from './model-spec.js';
import { planTensorMap, TensorMapReader, writeTensorMap } from './tensor-map.js';

/** What a `tensorflow.serving.PredictResponse` says. */
export interface PredictResponseFields {
  /** The model that answered, with its version and the signature that was used. */
  readonly modelSpec?: ModelSpecFields | undefined;
  /** Outputs by alias. */
  readonly outputs: ReadonlyMap<string, Tensor>;
}

/** A response read from bytes. */
export interface DecodedPredictResponse extends PredictResponseFields {
  readonly outputs: Map<string, Tensor>;
}

/**
 * Reads a PredictResponse straight from its bytes (`tensorflow_serving/apis/predict.proto`), by the rules of
 * `decodePredictRequest`.
 *
 * @throws TensorError as `decodePredictRequest` does; `input` is the alias of the output
 */
export function decodePredictResponse(bytes: Uint8Array, options?: DecodeOptions): DecodedPredictResponse {
  const reader = new WireReader(bytes);
  const outputs = new TensorMapReader();
  let modelSpec: ModelSpecFields | undefined;
  while (reader.pos < reader.end) {
    const tag = reader.tag();
    if (tag === ((1 << 3) | wireBytes)) outputs.readEntry(reader);
    else if (tag === ((2 << 3) | wireBytes)) modelSpec = readModelSpec(reader, modelSpec);
    else reader.skip(tag);
  }
  return { modelSpec, outputs: outputs.decode(bytes, options) };
}

/**
 * Writes a PredictResponse straight to bytes.
 *
 * @throws TensorError INVALID_ARGUMENT `INVALID_MODEL_SPEC`
 */
export function encodePredictResponse(response: PredictResponseFields, options?: EncodeOptions): Uint8Array {
  const spec = response.modelSpec === undefined ? undefined : planModelSpec(response.modelSpec);
  const outputs = planTensorMap(response.outputs, options);
  const target = allocate(outputs.size + (spec === undefined ? 0 : fieldSize(spec.size)));
  const pos = writeTensorMap(target, 0, 1, outputs);
  if (spec !== undefined) writeModelSpec(target, pos, 2, spec);
  return target;
}
