import { readFileSync } from 'node:fs';
import { createRegistry, fromBinary, fromJson, isFieldSet, toBinary, toJson } from '@bufbuild/protobuf';
import type { DescFile, JsonValue } from '@bufbuild/protobuf';
import * as wkt from '@bufbuild/protobuf/wkt';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { describe, expect, test } from 'vitest';
import * as onnx from './onnx.js';
import * as serving from './serving.js';
import * as tensorflow from './tensorflow.js';

const isFile = (value: unknown): value is DescFile => (value as { kind?: string } | undefined)?.kind === 'file';
const files = [tensorflow, serving, onnx, wkt].flatMap((entry) => Object.values(entry).filter(isFile));
const registry = createRegistry(...files);

const fixture = (file: string) => new URL(`../fixtures/${file}`, import.meta.url);
const read = (file: string) => new Uint8Array(readFileSync(fixture(file)));
const readJson = (file: string) => JSON.parse(readFileSync(fixture(file), 'utf8')) as JsonValue;
const fixtures = readJson('index.json') as { name: string; type: string }[];

function schemaOf(type: string) {
  const schema = registry.getMessage(type);
  if (schema === undefined) throw new Error(`no message ${type}`);
  return schema;
}

describe.each(fixtures)('$name ($type), as written by Google protobuf', ({ name, type }) => {
  const schema = schemaOf(type);
  const bytes = read(`${name}.bin`);
  const message = fromBinary(schema, bytes);

  test('decodes to the same values', () => {
    expect(toJson(schema, message, { registry })).toEqual(readJson(`${name}.json`));
  });

  test('encodes to a message of the same meaning', () => {
    expect(fromBinary(schema, toBinary(schema, message))).toEqual(message);
  });

  test('can be made from JSON', () => {
    const made = fromJson(schema, readJson(`${name}.json`), { registry });
    expect(toJson(schema, made, { registry })).toEqual(toJson(schema, message, { registry }));
  });
});

/** JavaScript objects list integer keys in ascending order, Google's protobuf does not: same entries, other order. */
const integerKeyedMaps = ['graph-def', 'saved-model'];
/** Its model_spec comes in two pieces, which decoders merge. */
const twoPieces = ['predict-request-unknown'];

test.each(fixtures.filter(({ name }) => ![...integerKeyedMaps, ...twoPieces].includes(name)))(
  '$name is encoded to the bytes that Google protobuf writes',
  ({ name, type }) => {
    const bytes = read(`${name}.bin`);
    expect(toBinary(schemaOf(type), fromBinary(schemaOf(type), bytes))).toEqual(bytes);
  },
);

test.each(fixtures.filter(({ name }) => integerKeyedMaps.includes(name)))(
  '$name is encoded to the bytes that Google protobuf writes, but for the order of map entries',
  ({ name, type }) => {
    const bytes = read(`${name}.bin`);
    expect(toBinary(schemaOf(type), fromBinary(schemaOf(type), bytes)).sort()).toEqual(bytes.sort());
  },
);

test('unknown fields of each wire type are kept, at the top and inside a field', () => {
  const bytes = read('predict-request-unknown.bin');
  const message = fromBinary(serving.PredictRequestSchema, bytes);
  expect(message.$unknown?.map((field) => [field.no, field.wireType])).toEqual([
    [1000, WireType.Varint],
    [1001, WireType.LengthDelimited],
    [1002, WireType.Bit32],
    [1003, WireType.Bit64],
    [1004, WireType.StartGroup],
  ]);
  expect(message.modelSpec?.$unknown?.map((field) => field.no)).toEqual([16383]);

  const encoded = toBinary(serving.PredictRequestSchema, message);
  const unknownBytes = 3 + 6 + 6 + 10 + 6;
  expect(encoded.slice(-unknownBytes)).toEqual(bytes.slice(-unknownBytes));
  // Shorter only by the tag and the length of the second piece of model_spec.
  expect(encoded.length).toBe(bytes.length - 2);
  expect(fromBinary(serving.PredictRequestSchema, encoded)).toEqual(message);
});

test('an enum value that nobody knows stays a number in a proto3 message and an unknown field in a proto2 one', () => {
  const request = fromBinary(serving.PredictRequestSchema, read('predict-request-unknown.bin'));
  expect(request.inputs['x']?.dtype).toBe(4242);

  const attribute = new Uint8Array([0xa0, 0x01, 99]);
  const decoded = fromBinary(onnx.AttributeProtoSchema, attribute);
  expect(isFieldSet(decoded, onnx.AttributeProtoSchema.field.type)).toBe(false);
  expect(toBinary(onnx.AttributeProtoSchema, decoded)).toEqual(attribute);
});

test('packed and unpacked lists decode alike', () => {
  // TensorProto.int_val (7): packed, then one by one.
  const packed = fromBinary(tensorflow.TensorProtoSchema, new Uint8Array([0x3a, 3, 1, 2, 3]));
  const unpacked = fromBinary(tensorflow.TensorProtoSchema, new Uint8Array([0x38, 1, 0x38, 2, 0x38, 3]));
  expect(packed.intVal).toEqual([1, 2, 3]);
  expect(unpacked).toEqual(packed);
});

test('zero is told from absent where the field has presence', () => {
  const options = fromBinary(serving.PredictRequestSchema, read('predict-request-options.bin')).requestOptions;
  expect(options?.maxCacheLength).toBe(0n);
  expect(options?.clientId).toEqual(new Uint8Array(0));
  expect(options?.handshake?.estimatedPayloadBytes).toBe(2n ** 40n);
  const model = fromBinary(onnx.ModelProtoSchema, read('onnx-model.bin'));
  expect(isFieldSet(model, onnx.ModelProtoSchema.field.modelVersion)).toBe(true);
  expect(isFieldSet(model, onnx.ModelProtoSchema.field.docString)).toBe(false);
});

test('integers of 64 bits are exact', () => {
  const request = fromBinary(serving.PredictRequestSchema, read('predict-request-typed.bin'));
  expect(request.modelSpec?.versionChoice).toMatchObject({ case: 'version', value: { value: 2n ** 53n + 1n } });
  expect(request.inputs['DT_INT64']?.int64Val).toEqual([0n, -1n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n + 1n]);
  expect(request.inputs['DT_UINT64']?.uint64Val).toEqual([0n, 2n ** 64n - 1n]);
});

test('the metadata of a model unpacks to its signatures', () => {
  const response = fromBinary(serving.GetModelMetadataResponseSchema, read('get-model-metadata-response.bin'));
  const packed = response.metadata['signature_def'];
  const map = packed && serving.anyUnpack(packed, serving.SignatureDefMapSchema);
  expect(map?.signatureDef['serving_default']?.inputs['x']?.dtype).toBe(tensorflow.DataType.DT_FLOAT);
});

test('the JSON names that upstream sets by hand are kept', () => {
  const response = fromBinary(serving.GetModelStatusResponseSchema, read('get-model-status-response.bin'));
  const json = toJson(serving.GetModelStatusResponseSchema, response) as { model_version_status: unknown[] };
  expect(json.model_version_status.at(-1)).toEqual({
    version: '5',
    state: 'END',
    status: { error_code: 'NOT_FOUND', error_message: 'no ☂ found' },
  });
});

test('an Input holds the same bytes as its form with opaque examples', () => {
  const { input } = fromBinary(serving.RegressionRequestSchema, read('regression-request.bin'));
  const bytes = input && toBinary(serving.InputSchema, input);
  expect(bytes).toBeDefined();
  const { kind } = fromBinary(serving.SerializedInputSchema, bytes!);
  expect(kind.case).toBe('exampleListWithContext');
  const { examples, context } = kind.value as serving.SerializedExampleListWithContext;
  expect(examples.map((example) => fromBinary(tensorflow.ExampleSchema, example).features?.feature['x']?.kind)).toEqual(
    [{ case: 'floatList', value: expect.objectContaining({ value: [2] }) as unknown }],
  );
  expect(fromBinary(tensorflow.ExampleSchema, context).features?.feature['y']?.kind.case).toBe('bytesList');
});

test.each([
  ['a length beyond the end', [0x0a, 0x05, 0x01]],
  ['a varint without end', [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]],
  ['field number zero', [0x00, 0x01]],
  ['a wire type that does not exist', [0x0f]],
])('%s is refused', (_, bytes) => {
  expect(() => fromBinary(serving.PredictRequestSchema, new Uint8Array(bytes))).toThrow(/./);
});

test('messages nested deeper than 100 levels are refused, as by Google protobuf', () => {
  // TensorProto.variant_val (15) → VariantTensorDataProto.tensors (3) → TensorProto ...: two levels each time.
  const nest = (times: number) => {
    let message = new Uint8Array();
    for (let i = 0; i < times; i++) {
      const variant = new BinaryWriter().tag(3, WireType.LengthDelimited).bytes(message).finish();
      message = new BinaryWriter().tag(15, WireType.LengthDelimited).bytes(variant).finish();
    }
    return message;
  };
  expect(fromBinary(tensorflow.TensorProtoSchema, nest(49)).variantVal).toHaveLength(1);
  expect(() => fromBinary(tensorflow.TensorProtoSchema, nest(1000))).toThrow(/maximum recursion depth of 100/);
});
