import { BOUNDED_LOOP } from '@servable/savedmodel';

/** Ops whose cost depends on the values of their inputs, not only on the sizes. */
const loops = new Set(['Loop', 'Scan']);
const text = new TextDecoder();

/**
 * Whether a serialised ONNX model has a loop anywhere in its graph, subgraphs and functions included. Such a model can run
 * for any time on inputs of any size, but where the compiler says of its loops that sizes bound them.
 *
 * Walks the wire bytes and skips the weights, so that it costs little even for large models. Bytes that are no model
 * count as a loop: the engine will say what is wrong with them.
 *
 * Fields (`onnx/onnx.proto`): ModelProto.graph = 7, .functions = 25; GraphProto.node = 1; FunctionProto.node = 7;
 * NodeProto.op_type = 4, .attribute = 5, .doc_string = 6; AttributeProto.g = 6, .graphs = 11.
 */
export function findsLoop(model: Uint8Array): boolean {
  return some(model, { 7: graphHasLoop, 25: functionHasLoop });
}

const graphHasLoop = (bytes: Uint8Array) => some(bytes, { 1: nodeHasLoop });
const functionHasLoop = (bytes: Uint8Array) => some(bytes, { 7: nodeHasLoop });
function nodeHasLoop(bytes: Uint8Array): boolean {
  let isLoop = false;
  let isBounded = false;
  const note = (action: () => void): false => {
    action();
    return false;
  };
  const hasInside = some(bytes, {
    4: (name) => note(() => (isLoop = loops.has(text.decode(name)))),
    5: attributeHasLoop,
    6: (doc) => note(() => (isBounded = text.decode(doc) === BOUNDED_LOOP)),
  });
  return hasInside || (isLoop && !isBounded);
}
const attributeHasLoop = (bytes: Uint8Array): boolean => some(bytes, { 6: graphHasLoop, 11: graphHasLoop });

/** Walks the fields of a message; `true` as soon as one of the tests is. */
function some(bytes: Uint8Array, tests: Readonly<Record<number, (field: Uint8Array) => boolean>>): boolean {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = bytes[at++];
      if (byte === undefined) return NaN;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    return NaN;
  };
  while (at < bytes.length) {
    const tag = varint();
    const wireType = tag % 8;
    if (wireType === 2) {
      const length = varint();
      if (!(at + length <= bytes.length)) return true;
      const test = tests[Math.floor(tag / 8)];
      if (test?.(bytes.subarray(at, at + length)) === true) return true;
      at += length;
    } else if (wireType === 0) varint();
    else if (wireType === 5) at += 4;
    else if (wireType === 1) at += 8;
    else return true;
  }
  return false;
}
