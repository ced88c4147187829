import { TensorError } from '../tensor-error.js';
import { ByteWriter } from './byte-writer.js';
import { encodeUtf8 } from './json-text.js';
import { PrettyWriter } from './pretty-writer.js';
import { writeFloat } from './write-float.js';

/** One class of one example. */
export interface JsonClass {
  /** Text or raw bytes; empty when the signature has no `classes`. */
  readonly label: string | Uint8Array;
  /** A float32; 0 when the signature has no `scores`. */
  readonly score: number;
}

/**
 * Writes the JSON body that answers a Classify call: `{"results": [[["label", score], …], …]}`
 * (`MakeJsonFromClassificationResult` in tensorflow_serving/util/json_tensor.cc).
 *
 * @throws TensorError INVALID_ARGUMENT when there are no examples
 */
export function formatClassifyResponseJson(classifications: readonly (readonly JsonClass[])[]): Uint8Array {
  if (classifications.length === 0) throw emptyResult('ClassificationResults');
  const writer = new PrettyWriter(new ByteWriter());
  writer.startObject();
  writer.key('results');
  writer.startArray();
  for (const classes of classifications) {
    writer.singleLineArrays = true;
    writer.startArray();
    for (const { label, score } of classes) {
      writer.startArray();
      writer.string(typeof label === 'string' ? encodeUtf8(label) : label);
      writer.prefix();
      writeFloat(writer.out, Math.fround(score), true);
      writer.endArray();
    }
    writer.endArray();
    writer.singleLineArrays = false;
  }
  writer.endArray();
  writer.endObject();
  return writer.out.finish();
}

/**
 * Writes the JSON body that answers a Regress call: `{"results": [value, …]}` (`MakeJsonFromRegressionResult` in
 * tensorflow_serving/util/json_tensor.cc).
 *
 * @param values - one float32 per example
 * @throws TensorError INVALID_ARGUMENT when there are no examples
 */
export function formatRegressResponseJson(values: ArrayLike<number>): Uint8Array {
  if (values.length === 0) throw emptyResult('RegressionResults');
  const writer = new PrettyWriter(new ByteWriter());
  writer.startObject();
  writer.key('results');
  writer.singleLineArrays = true;
  writer.startArray();
  for (let k = 0; k < values.length; k++) {
    writer.prefix();
    writeFloat(writer.out, Math.fround(values[k]!), true);
  }
  writer.endArray();
  writer.endObject();
  return writer.out.finish();
}

/** Writes the JSON body that tells of a failure: `{"error": "…"}` (`MakeJsonFromStatus` in util/json_tensor.cc). */
export function formatErrorJson(message: string): Uint8Array {
  const writer = new PrettyWriter(new ByteWriter());
  writer.startObject();
  writer.key('error');
  writer.string(encodeUtf8(message));
  writer.endObject();
  return writer.out.finish();
}

function emptyResult(kind: string): TensorError {
  return new TensorError('INVALID_ARGUMENT', 'NO_RESULTS', `Cannot convert empty ${kind} to JSON`);
}
