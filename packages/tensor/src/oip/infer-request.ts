import { JsonCursor } from '../json/json-cursor.js';
import { JsonDocument, type JsonLimits } from '../json/json-document.js';
import { encodeUtf8 } from '../json/json-text.js';
import { readRawData } from '../raw/raw-data.js';
import type { Tensor } from '../tensor/tensor.js';
import { invalidArgument, TensorError } from '../tensor-error.js';
import { dtypeOfOip } from './datatype.js';
import type { OipInferRequest, OipParameter, OipParameters, OipRequestedOutput } from './infer-messages.js';
import { JsonValues } from './json-values.js';

const keys = {
  id: encodeUtf8('id'),
  parameters: encodeUtf8('parameters'),
  inputs: encodeUtf8('inputs'),
  outputs: encodeUtf8('outputs'),
  name: encodeUtf8('name'),
  shape: encodeUtf8('shape'),
  datatype: encodeUtf8('datatype'),
  data: encodeUtf8('data'),
};
const noParameters: OipParameters = new Map();

/** Options of {@link parseOipInferRequest}. */
export interface OipRequestOptions {
  /**
   * Length in bytes of the JSON at the start of the body, as `Inference-Header-Content-Length` says; what follows is the
   * binary data of the inputs that have a `binary_data_size`. Default: the body is all JSON.
   */
  readonly headerLength?: number | undefined;
  readonly limits?: JsonLimits | undefined;
}

/**
 * Reads the body of an inference request of the Open Inference Protocol over REST, with the binary tensor data
 * extension. Dtypes and shapes are those that the request itself gives; a signature is not needed.
 *
 * @throws TensorError INVALID_ARGUMENT for bad JSON, what is missing or of another type, values that do not fit
 *
 * @example
 * const body = new TextEncoder().encode(
 *   '{"id": "7", "inputs": [{"name": "x", "shape": [2], "datatype": "FP32", "data": [1, 2]}]}',
 * );
 * parseOipInferRequest(body).inputs.get('x')?.data; // Float32Array [1, 2]
 */
export function parseOipInferRequest(body: Uint8Array, options: OipRequestOptions = {}): OipInferRequest {
  const { headerLength = body.length, limits } = options;
  if (headerLength > body.length) {
    throw invalidArgument(
      'HEADER_LENGTH_MISMATCH',
      `Inference-Header-Content-Length is ${headerLength}, but the body has ${body.length} bytes`,
    );
  }
  const root = new JsonCursor(new JsonDocument(body.subarray(0, headerLength), limits));
  if (!root.isObject()) throw typeError('the body', 'an object', root);
  const id = root.member(keys.id);
  const binary = new BinaryTail(body, headerLength);
  const request: OipInferRequest = {
    id: id === undefined || id.type() === 'Null' ? undefined : textOf(id, '"id"'),
    parameters: readParameters(root, 'the request'),
    inputs: readInputs(root, binary),
    outputs: readOutputs(root),
  };
  binary.end();
  return request;
}

function readInputs(root: JsonCursor, binary: BinaryTail): ReadonlyMap<string, Tensor> {
  const values = new JsonValues(root);
  const tensors = new Map<string, Tensor>();
  const inputs = root.member(keys.inputs);
  if (inputs === undefined) throw invalidArgument('INPUTS_MISSING', 'The request has no "inputs"');
  forEachItem(inputs, '"inputs"', (input, index) => {
    const name = textOf(required(input, keys.name, `"inputs"[${index}]`, 'name'), `"name" of "inputs"[${index}]`);
    const what = `input ${JSON.stringify(name)}`;
    if (tensors.has(name)) throw invalidArgument('INPUT_DUPLICATE', `The request has ${what} twice`);
    try {
      tensors.set(name, readInput(input, what, values, binary));
    } catch (error) {
      if (!(error instanceof TensorError) || error.message.includes(what)) throw error;
      throw new TensorError(error.code, error.reason, `Bad ${what}: ${error.message}`, { cause: error, input: name });
    }
  });
  return tensors;
}

function readInput(input: JsonCursor, what: string, values: JsonValues, binary: BinaryTail): Tensor {
  const dtype = dtypeOfOip(textOf(required(input, keys.datatype, what, 'datatype'), `"datatype" of ${what}`));
  const shape: number[] = [];
  const parameters = readParameters(input, what);
  if (parameters.has('shared_memory_region')) {
    throw new TensorError('UNIMPLEMENTED', 'SHARED_MEMORY', `Shared memory is not supported; given for ${what}`);
  }
  forEachItem(required(input, keys.shape, what, 'shape'), `"shape" of ${what}`, (dim) => {
    const { integer } = dim.type() === 'Number' ? dim.number() : {};
    if (integer === undefined || integer < 0n || integer > Number.MAX_SAFE_INTEGER) {
      throw invalidArgument('INVALID_SHAPE', `Invalid shape of ${what}: expected whole numbers of 0 or more`);
    }
    shape.push(Number(integer));
  });
  const size = parameters.get('binary_data_size');
  const data = input.member(keys.data);
  if (size === undefined) {
    if (data === undefined) throw missing('data', what);
    return values.read(data, dtype, shape);
  }
  if (data !== undefined) {
    throw invalidArgument('DATA_TWICE', `Expected either "data" or "binary_data_size" for ${what}, given both`);
  }
  if (typeof size !== 'bigint' || size < 0n) {
    throw invalidArgument(
      'BINARY_SIZE_INVALID',
      `"binary_data_size" of ${what} must be a whole number of bytes, given ${String(size)}`,
    );
  }
  return readRawData(dtype, shape, binary.take(size, what));
}

function readOutputs(root: JsonCursor): readonly OipRequestedOutput[] {
  const outputs = root.member(keys.outputs);
  const list: OipRequestedOutput[] = [];
  if (outputs === undefined || outputs.type() === 'Null') return list;
  forEachItem(outputs, '"outputs"', (output, index) => {
    const name = textOf(required(output, keys.name, `"outputs"[${index}]`, 'name'), `"name" of "outputs"[${index}]`);
    list.push({ name, parameters: readParameters(output, `output ${JSON.stringify(name)}`) });
  });
  return list;
}

/** Scalars stay what they are; parameters that are lists or objects belong to extensions that are not known here. */
function readParameters(owner: JsonCursor, what: string): OipParameters {
  const object = owner.member(keys.parameters);
  if (object === undefined || object.type() === 'Null') return noParameters;
  if (!object.isObject()) throw typeError(`"parameters" of ${what}`, 'an object', object);
  const parameters = new Map<string, OipParameter>();
  const decoder = new TextDecoder();
  object.forEachMember((name, value) => {
    const scalar = scalarOf(value);
    if (scalar !== undefined) parameters.set(decoder.decode(name), scalar);
  });
  return parameters;
}

function scalarOf(value: JsonCursor): OipParameter | undefined {
  switch (value.type()) {
    case 'String':
      return value.text();
    case 'True':
      return true;
    case 'False':
      return false;
    case 'Number': {
      const { integer, value: number } = value.number();
      return integer ?? number;
    }
    default:
      return undefined;
  }
}

/** The binary data behind the JSON, taken piece by piece. */
class BinaryTail {
  readonly #body: Uint8Array;
  #at: number;

  constructor(body: Uint8Array, start: number) {
    this.#body = body;
    this.#at = start;
  }

  take(size: bigint, what: string): Uint8Array {
    const left = this.#body.length - this.#at;
    if (size > left) {
      throw invalidArgument(
        'BINARY_SIZE_MISMATCH',
        `Not enough binary data: ${what} is to have ${size} bytes, the body has ${left} left for it`,
      );
    }
    const piece = this.#body.subarray(this.#at, this.#at + Number(size));
    this.#at += Number(size);
    return piece;
  }

  /** @throws TensorError INVALID_ARGUMENT when bytes are left */
  end(): void {
    const left = this.#body.length - this.#at;
    if (left > 0) {
      throw invalidArgument('BINARY_SIZE_MISMATCH', `Too much binary data: ${left} bytes belong to no input`);
    }
  }
}

function forEachItem(list: JsonCursor, what: string, visit: (item: JsonCursor, index: number) => void): void {
  if (!list.isArray()) throw typeError(what, 'an array', list);
  const count = list.count();
  if (count === 0) return;
  const place = list.copy();
  place.enter();
  for (let index = 0; index < count; index++) {
    if (index > 0) place.next();
    visit(place.copy(), index);
    place.skip();
  }
}

function required(owner: JsonCursor, key: Uint8Array, what: string, name: string): JsonCursor {
  if (!owner.isObject()) throw typeError(what, 'an object', owner);
  const value = owner.member(key);
  if (value === undefined) throw missing(name, what);
  return value;
}

function textOf(value: JsonCursor, what: string): string {
  if (value.type() !== 'String') throw typeError(what, 'a string', value);
  return value.text();
}

function missing(name: string, what: string): TensorError {
  return invalidArgument('MEMBER_MISSING', `"${name}" is missing in ${what}`);
}

function typeError(what: string, expected: string, given: JsonCursor): TensorError {
  return invalidArgument('MEMBER_TYPE', `Expected ${what} to be ${expected}, given ${given.type()}`);
}
