import { Tensor } from '../tensor/tensor.js';
import { formatShape, maxRank } from '../tensor/shape.js';
import { TensorError } from '../tensor-error.js';
import { createValueBuffer } from './create-value-buffer.js';
import { denseShape, fillChecked } from './checked-values.js';
import { debugString, isBase64Object } from './debug-string.js';
import { DenseReader } from './dense-reader.js';
import { JsonCursor } from './json-cursor.js';
import { JsonDocument, type JsonLimits } from './json-document.js';
import { valueError } from './json-format-error.js';
import { decodeUtf8, encodeUtf8 } from './json-text.js';
import { EmptyBuffer } from './other-buffers.js';
import type { JsonPredictRequest } from './json-predict-request.js';
import { prepareInputs, type JsonInput, type SignatureInputs } from './signature-inputs.js';
import type { Scanner, ValueBuffer } from './value-buffer.js';

const keys = {
  signatureName: encodeUtf8('signature_name'),
  instances: encodeUtf8('instances'),
  inputs: encodeUtf8('inputs'),
};

/** Reads any Predict body by upstream's rules, step by step as util/json_tensor.cc does. */
export function parseExactPredictRequest(
  body: Uint8Array,
  lookupSignature: (signatureName: string) => SignatureInputs,
  limits?: JsonLimits,
): JsonPredictRequest {
  const root = openRequest(body, limits);
  const signatureName = readSignatureName(root) ?? '';
  const inputs = prepareInputs(lookupSignature(signatureName));
  if (inputs.length === 0) {
    throw invalid('NO_INPUTS', `Failed to get input map for signature: ${signatureName || 'DEFAULT'}`);
  }
  const instances = root.member(keys.instances);
  const columns = root.member(keys.inputs);
  if (instances === undefined && columns === undefined) {
    throw invalid('NO_DATA', "Missing 'inputs' or 'instances' key");
  }
  const reader = new ExactReader(root.document, inputs);
  if (instances === undefined) return { signatureName, format: 'columnar', inputs: reader.columns(columns!) };
  if (columns !== undefined) {
    throw valueError(
      'TWO_FORMATS',
      root,
      "Not formatted correctly expecting only one of 'inputs' or 'instances' keys to exist ",
    );
  }
  if (!instances.isArray()) throw valueError('INSTANCES_TYPE', root, "Expecting 'instances' to be an list/array");
  if (instances.count() === 0) throw valueError('INSTANCES_EMPTY', root, "No values in 'instances' array");
  return { signatureName, format: 'row', inputs: reader.rows(instances) };
}

/** Checks the syntax of a body, and that it is an object. */
export function openRequest(body: Uint8Array, limits?: JsonLimits): JsonCursor {
  const root = new JsonCursor(new JsonDocument(body, limits));
  if (!root.isObject()) throw valueError('NOT_AN_OBJECT', root, 'Is not object');
  return root;
}

/** The `signature_name` of a body, if it has one. */
export function readSignatureName(root: JsonCursor): string | undefined {
  const name = root.member(keys.signatureName);
  if (name === undefined) return undefined;
  if (name.type() !== 'String') {
    throw valueError(
      'SIGNATURE_NAME_TYPE',
      root,
      "not formatted correctly. 'signature_name' key must be a string value.",
    );
  }
  return name.text();
}

/** The values of one input so far, and the shape that its first instance had. */
interface InputState {
  readonly input: JsonInput;
  readonly buffer: ValueBuffer;
  shape: readonly number[] | undefined;
  size: number;
}

class ExactReader {
  readonly #inputs: readonly JsonInput[];
  readonly #scanner: Scanner;
  readonly #dense = new DenseReader();

  constructor(document: JsonDocument, inputs: readonly JsonInput[]) {
    this.#inputs = inputs;
    const bytes = document.bytes.subarray(0, document.endOf(0));
    this.#scanner = { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length), at: 0, lists: 0 };
  }

  /** `FillTensorMapFromInstancesList`. */
  rows(instances: JsonCursor): ReadonlyMap<string, Tensor> {
    const rowCount = instances.count();
    const row = instances.copy();
    row.enter();
    if (!row.isObject() && this.#inputs.length > 1) {
      throw invalid(
        'NAMED_INPUTS_EXPECTED',
        'instances is a plain list, but expecting list of objects as multiple input tensors required as per ' +
          'tensorinfo_map',
      );
    }
    const named = isElementObject(row);
    const states = new Map<string, InputState>();
    for (let index = 0; index < rowCount; index++) {
      if (index > 0) row.next();
      if (named) {
        if (!isElementObject(row)) {
          throw invalid('ROW_TYPE', `Expecting object but got list at item ${index} of input list`);
        }
        this.#namedRow(row, index, states);
      } else {
        if (isElementObject(row)) {
          throw invalid('ROW_TYPE', `Expecting value/list but got object at item ${index} of input list`);
        }
        try {
          this.#addInstance(row, this.#inputs[0]!.alias, states);
        } catch (error) {
          throw wrap(error, `Failed to process element: ${index} of 'instances' list.`);
        }
      }
      row.skip();
    }
    const tensors = new Map<string, Tensor>();
    for (const [alias, { input, buffer, shape }] of states) {
      tensors.set(alias, makeTensor(input, [rowCount, ...shape!], buffer));
    }
    return tensors;
  }

  #namedRow(row: JsonCursor, index: number, states: Map<string, InputState>): void {
    const seen = new Set<string>();
    row.forEachMember((nameBytes, value) => {
      const name = decodeUtf8(nameBytes);
      seen.add(name);
      try {
        this.#addInstance(value, name, states);
      } catch (error) {
        throw wrap(error, `Failed to process element: ${index} key: ${name} of 'instances' list.`);
      }
    });
    if (seen.size !== this.#inputs.length) {
      const names = this.#inputs.map(({ alias }) => alias).join(',');
      throw invalid(
        'ROW_KEYS',
        `Failed to process element: ${index} of 'instances' list. JSON object: ${debugString(row)} keys must be equal ` +
          `to: ${names}`,
      );
    }
  }

  /** `AddInstanceItem`: appends one instance of one input, which must be like the first one. */
  #addInstance(value: JsonCursor, alias: string, states: Map<string, InputState>): void {
    let state = states.get(alias);
    if (state === undefined) {
      const input = this.#inputs.find((candidate) => candidate.alias === alias);
      if (input === undefined) {
        throw invalid('UNKNOWN_INPUT', `JSON object: does not have named input: ${alias}`);
      }
      state = { input, buffer: this.#buffer(input), shape: undefined, size: 0 };
      states.set(alias, state);
    }
    const before = state.buffer.length;
    const shape = this.#fill(value, state.input, state.buffer);
    const size = state.buffer.length - before;
    if (state.shape === undefined) {
      state.shape = shape;
      state.size = size;
    } else if (state.size !== size) {
      throw invalid('ROW_SIZE', `Expecting tensor size: ${state.size} but got: ${size}`);
    } else if (state.shape.length !== shape.length || state.shape.some((dim, axis) => dim !== shape[axis])) {
      throw invalid('ROW_SHAPE', `Expecting shape ${formatShape(state.shape)} but got: ${formatShape(shape)}`);
    }
  }

  /** `FillTensorMapFromInputsMap`. */
  columns(value: JsonCursor): ReadonlyMap<string, Tensor> {
    if (value.isObject() && !isBase64Object(value)) {
      const tensors = new Map<string, Tensor>();
      for (const input of this.#inputs) {
        const item = value.member(input.aliasBytes);
        if (item === undefined) {
          throw invalid('INPUT_MISSING', `Missing named input: ${input.alias} in 'inputs' object.`);
        }
        tensors.set(input.alias, this.#tensor(item, input));
      }
      return tensors;
    }
    if (this.#inputs.length > 1) {
      throw invalid(
        'NAMED_INPUTS_EXPECTED',
        'inputs is a plain value/list, but expecting an object as multiple input tensors required as per ' +
          'tensorinfo_map',
      );
    }
    const input = this.#inputs[0]!;
    return new Map([[input.alias, this.#tensor(value, input)]]);
  }

  #tensor(value: JsonCursor, input: JsonInput): Tensor {
    const buffer = this.#buffer(input);
    return makeTensor(input, this.#fill(value, input, buffer), buffer);
  }

  #buffer(input: JsonInput): ValueBuffer {
    if (input.dtype === undefined) return new EmptyBuffer('bool');
    return createValueBuffer(input.dtype, 16);
  }

  /** Appends all values of a list, or the one value; gives its shape. */
  #fill(value: JsonCursor, input: JsonInput, buffer: ValueBuffer): readonly number[] {
    const before = buffer.length;
    this.#scanner.at = value.at;
    if (this.#dense.read(this.#scanner, buffer)) return this.#dense.shape;
    buffer.truncate(before);
    const shape = denseShape(value);
    fillChecked(value, shape, input, buffer);
    return shape;
  }
}

function makeTensor(input: JsonInput, shape: readonly number[], buffer: ValueBuffer): Tensor {
  if (shape.length > maxRank || input.dtype === undefined) {
    // Upstream finds this out when the Predict call decodes the tensor (servables/tensorflow/predict_util.cc).
    throw invalid('TENSOR_PARSING', `tensor parsing error: ${input.alias}`);
  }
  // Values of a key that stood twice in an object are surplus, and ignored as by TensorFlow's decoder.
  const size = shape.reduce((product, dim) => product * dim, 1);
  return new Tensor(input.dtype, shape, buffer.take(size));
}

function isElementObject(value: JsonCursor): boolean {
  return value.isObject() && !isBase64Object(value);
}

function wrap(error: unknown, where: string): unknown {
  if (!(error instanceof TensorError)) return error;
  return new TensorError('INVALID_ARGUMENT', error.reason, `${where} Error: ${error.code}: ${error.message}`, {
    cause: error,
  });
}

function invalid(reason: string, message: string): TensorError {
  return new TensorError('INVALID_ARGUMENT', reason, message);
}
