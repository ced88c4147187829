import { create, fromBinary, toBinary, type DescMessage, type MessageShape } from '@bufbuild/protobuf';
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import {
  ModelSpecSchema,
  SerializedInputSchema,
  Int64ValueSchema,
  type ModelSpec as ModelSpecMessage,
} from '@servable/protos/serving';
import { ServingError } from '../../servable/serving-error.js';
import type { ExampleInput } from '../handlers/example-input.js';
import type { ModelSpec } from '../handlers/model-spec.js';

/** @throws ServingError INVALID_ARGUMENT when the bytes are not such a message */
export function decodeMessage<Desc extends DescMessage>(schema: Desc, bytes: Uint8Array): MessageShape<Desc> {
  try {
    return fromBinary(schema, bytes);
  } catch (cause) {
    throw malformed(schema, cause);
  }
}

export function encodeMessage<Desc extends DescMessage>(schema: Desc, message: MessageShape<Desc>): Uint8Array {
  return toBinary(schema, message);
}

/**
 * Decodes a request that holds an `Input` in field 2, as Classify, Regress and MultiInference requests do, without
 * parsing the tf.Examples in it: `Input` is read as the wire-compatible `internal.SerializedInput`.
 *
 * @throws ServingError INVALID_ARGUMENT when the bytes are not such a message
 */
export function decodeExampleRequest<Desc extends DescMessage>(
  schema: Desc,
  bytes: Uint8Array,
): { readonly request: MessageShape<Desc>; readonly input: ExampleInput | undefined } {
  try {
    const { input, rest } = splitField(bytes, INPUT_FIELD);
    return { request: fromBinary(schema, rest), input: input === undefined ? undefined : decodeInput(input) };
  } catch (cause) {
    throw malformed(schema, cause);
  }
}

const INPUT_FIELD = 2;

function decodeInput(bytes: Uint8Array): ExampleInput | undefined {
  const { kind } = fromBinary(SerializedInputSchema, bytes);
  switch (kind.case) {
    case 'exampleList':
      return { examples: kind.value.examples };
    case 'exampleListWithContext':
      return { examples: kind.value.examples, context: kind.value.context };
    default:
      return undefined;
  }
}

/** Takes one message field out of a message. A field that comes more than once merges, which is concatenation. */
function splitField(bytes: Uint8Array, field: number): { input: Uint8Array | undefined; rest: Uint8Array } {
  const taken: Uint8Array[] = [];
  const others: Uint8Array[] = [];
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const start = reader.pos;
    const [number, wireType] = reader.tag();
    if (number === field && wireType === WireType.LengthDelimited) taken.push(reader.bytes());
    else {
      reader.skip(wireType, number);
      others.push(bytes.subarray(start, reader.pos));
    }
  }
  return { input: taken.length === 0 ? undefined : join(taken), rest: join(others) };
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
}

function malformed(schema: DescMessage, cause: unknown): ServingError {
  const detail = cause instanceof Error ? cause.message : String(cause);
  return new ServingError('INVALID_ARGUMENT', 'MESSAGE_MALFORMED', `Malformed ${schema.typeName}: ${detail}`, {
    cause,
  });
}

/** `undefined` stays `undefined`: a missing spec has an error of its own. */
export function decodeModelSpec(message: ModelSpecMessage | undefined): ModelSpec | undefined {
  if (message === undefined) return undefined;
  const { name, signatureName, versionChoice: choice } = message;
  if (choice.case === 'version') return { name, signatureName, version: choice.value.value };
  if (choice.case === 'versionLabel') return { name, signatureName, versionLabel: choice.value };
  return { name, signatureName };
}

/** The spec of a response; `signatureName` stays unset where the response has none. */
export function encodeModelSpec(spec: { name: string; version: bigint; signatureName?: string }): ModelSpecMessage {
  return create(ModelSpecSchema, {
    name: spec.name,
    signatureName: spec.signatureName ?? '',
    versionChoice: { case: 'version', value: create(Int64ValueSchema, { value: spec.version }) },
  });
}
