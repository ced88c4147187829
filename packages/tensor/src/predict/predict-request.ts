import type { DecodeOptions } from '../proto/decode-options.js';
import type { EncodeOptions } from '../proto/encode-tensor.js';
import type { TensorError } from '../tensor-error.js';
import type { Tensor } from '../tensor/tensor.js';
import { WireReader, wireBytes } from '../wire/wire-reader.js';
import { allocate, fieldSize, textSize, writeTextField } from '../wire/wire-writer.js';
import { planModelSpec, readModelSpec, writeModelSpec, type ModelSpecFields } from './model-spec.js';
import { planTensorMap, TensorMapReader, writeTensorMap } from './tensor-map.js';

/** What a `tensorflow.serving.PredictRequest` says, without the fields that a unary Predict ignores. */
export interface PredictRequestFields {
  readonly modelSpec?: ModelSpecFields | undefined;
  /** Inputs by alias, in the order they came. */
  readonly inputs: ReadonlyMap<string, Tensor>;
  /** Aliases of the outputs to return; empty means all. */
  readonly outputFilter: readonly string[];
}

/** A request read from bytes. */
export interface DecodedPredictRequest extends PredictRequestFields {
  readonly inputs: Map<string, Tensor>;
  readonly outputFilter: string[];
  /**
   * The inputs whose TensorProto is bad, with `collectInputErrors`; they are not in `inputs`. A server answers for
   * models, signatures and counts of inputs first and only then says `tensor parsing error: <alias>`.
   */
  readonly inputErrors: Map<string, TensorError>;
}

/** How a request is read. */
export interface DecodePredictRequestOptions extends DecodeOptions {
  /** Bad tensors go into `inputErrors` instead of being thrown. Default: false. */
  readonly collectInputErrors?: boolean;
}

/**
 * Reads a PredictRequest straight from its bytes (`tensorflow_serving/apis/predict.proto`). Unknown fields and those
 * that a unary Predict ignores are skipped; of map entries with one key and of the ModelSpec's version and label the
 * last one wins.
 *
 * See {@link DecodeOptions.copy} for when the tensors share memory with `bytes`.
 *
 * @throws TensorError INVALID_ARGUMENT `MALFORMED_PROTO` for bytes that are no such message (also inside a tensor); for a
 * bad tensor the error of `decodeTensor`, with the alias as `input` and in the message
 * @example
 * const { modelSpec, inputs } = decodePredictRequest(body);
 * inputs.get('images')?.shape; // [8, 224, 224, 3]
 */
export function decodePredictRequest(bytes: Uint8Array, options?: DecodePredictRequestOptions): DecodedPredictRequest {
  const reader = new WireReader(bytes);
  const inputs = new TensorMapReader();
  const outputFilter: string[] = [];
  let modelSpec: ModelSpecFields | undefined;
  while (reader.pos < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case (1 << 3) | wireBytes:
        modelSpec = readModelSpec(reader, modelSpec);
        break;
      case (2 << 3) | wireBytes:
        inputs.readEntry(reader);
        break;
      case (3 << 3) | wireBytes:
        outputFilter.push(reader.text());
        break;
      default:
        reader.skip(tag);
    }
  }
  const inputErrors = new Map<string, TensorError>();
  const tensors = inputs.decode(bytes, options, options?.collectInputErrors === true ? inputErrors : undefined);
  return { modelSpec, inputs: tensors, outputFilter, inputErrors };
}

/**
 * Writes a PredictRequest straight to bytes.
 *
 * @throws TensorError INVALID_ARGUMENT `INVALID_MODEL_SPEC`
 * @example
 * const body = encodePredictRequest({
 *   modelSpec: { name: 'resnet', signatureName: '' },
 *   inputs: new Map([['images', images]]),
 *   outputFilter: [],
 * });
 */
export function encodePredictRequest(request: PredictRequestFields, options?: EncodeOptions): Uint8Array {
  const spec = request.modelSpec === undefined ? undefined : planModelSpec(request.modelSpec);
  const inputs = planTensorMap(request.inputs, options);
  let size = inputs.size;
  if (spec !== undefined) size += fieldSize(spec.size);
  for (const alias of request.outputFilter) size += fieldSize(textSize(alias));
  const target = allocate(size);
  let pos = spec === undefined ? 0 : writeModelSpec(target, 0, 1, spec);
  pos = writeTensorMap(target, pos, 2, inputs);
  for (const alias of request.outputFilter) pos = writeTextField(target, pos, 3, alias, textSize(alias));
  return target;
}
