import type { Tensor } from '../tensor/tensor.js';
import { TensorError } from '../tensor-error.js';
import { ByteWriter } from './byte-writer.js';
import type { JsonPredictFormat } from './json-predict-request.js';
import { PrettyWriter } from './pretty-writer.js';
import { valueWriter } from './value-writer.js';

/** Bytes that one value takes, for the first guess of the size of an answer. */
const bytesPerValue = 14;

/**
 * Writes the JSON body that answers a Predict call (`MakeJsonFromTensors` in tensorflow_serving/util/json_tensor.cc), with
 * upstream's number formats and white space.
 *
 * One output is written without its name. Outputs whose name ends in `_bytes` are written as base64 objects if they are
 * strings.
 *
 * @param outputs - tensors by output alias, at least one; several are written in this order
 * @param format - `row`: `{"predictions": […]}`, split along dimension 0, which all outputs must share; `columnar`:
 * `{"outputs": …}`, each output as a whole
 * @returns UTF-8 bytes without a line end (invalid UTF-8 where a string output has it)
 * @throws TensorError INVALID_ARGUMENT: no outputs, outputs without or with different batch sizes in the row format, or a
 * dtype that JSON cannot carry
 *
 * @example
 * const body = formatPredictResponseJson(new Map([['y', tensor([2.5, 3])]]), 'row');
 * new TextDecoder().decode(body); // '{\n    "predictions": [2.5, 3.0\n    ]\n}'
 */
export function formatPredictResponseJson(outputs: ReadonlyMap<string, Tensor>, format: JsonPredictFormat): Uint8Array {
  if (outputs.size === 0) {
    throw new TensorError('INVALID_ARGUMENT', 'NO_OUTPUTS', 'Cannot convert empty tensor map to JSON');
  }
  let size = 0;
  for (const output of outputs.values()) size += output.size;
  const writer = new PrettyWriter(new ByteWriter(64 + size * bytesPerValue));
  if (format === 'row') writeRows(writer, outputs);
  else writeColumns(writer, outputs);
  return writer.out.finish();
}

function writeRows(writer: PrettyWriter, outputs: ReadonlyMap<string, Tensor>): void {
  const batchSize = commonBatchSize(outputs);
  const named = outputs.size > 1;
  const columns = Array.from(outputs, ([name, output]) => ({
    name,
    write: valueWriter(name, output),
    rowSize: batchSize === 0 ? 0 : output.size / batchSize,
    rowShape: output.shape.slice(1),
  }));
  writer.startObject();
  writer.key('predictions');
  writer.startArray();
  for (let row = 0; row < batchSize; row++) {
    if (named) writer.startObject();
    writer.singleLineArrays = true;
    for (const { name, write, rowSize, rowShape } of columns) {
      if (named) writer.key(name);
      writeNested(writer, write, rowShape, 0, row * rowSize, rowSize);
    }
    writer.singleLineArrays = false;
    if (named) writer.endObject();
  }
  writer.endArray();
  writer.endObject();
}

function commonBatchSize(outputs: ReadonlyMap<string, Tensor>): number {
  let batchSize = -1;
  for (const [name, { shape }] of outputs) {
    const own = shape[0];
    if (own === undefined) {
      throw new TensorError('INVALID_ARGUMENT', 'OUTPUT_SHAPE', `Tensor name: ${name} has no shape information `);
    }
    if (batchSize >= 0 && own !== batchSize) {
      throw new TensorError(
        'INVALID_ARGUMENT',
        'OUTPUT_BATCH_SIZE',
        `Tensor name: ${name} has inconsistent batch size: ${own} expecting: ${batchSize}`,
      );
    }
    batchSize = own;
  }
  return batchSize;
}

function writeColumns(writer: PrettyWriter, outputs: ReadonlyMap<string, Tensor>): void {
  const named = outputs.size > 1;
  writer.startObject();
  writer.key('outputs');
  if (named) writer.startObject();
  for (const [name, output] of outputs) {
    if (named) writer.key(name);
    writeNested(writer, valueWriter(name, output), output.shape, 0, 0, output.size);
  }
  if (named) writer.endObject();
  writer.endObject();
}

/** Writes the values from `offset` on as lists nested to the shape from `axis` on; `size` is their number. */
function writeNested(
  writer: PrettyWriter,
  write: (writer: PrettyWriter, index: number) => void,
  shape: readonly number[],
  axis: number,
  offset: number,
  size: number,
): void {
  if (axis === shape.length) {
    write(writer, offset);
    return;
  }
  const count = shape[axis]!;
  const itemSize = count === 0 ? 0 : size / count;
  writer.startArray();
  if (axis === shape.length - 1) for (let k = 0; k < count; k++) write(writer, offset + k);
  else for (let k = 0; k < count; k++) writeNested(writer, write, shape, axis + 1, offset + k * itemSize, itemSize);
  writer.endArray();
}
