import { TensorError } from '../tensor-error.js';
import { isBase64Object } from './debug-string.js';
import { ExampleFeature, encodeExample } from './encode-example.js';
import type { JsonLimits } from './json-document.js';
import { readBase64Object } from './checked-values.js';
import { openRequest, readSignatureName } from './exact-predict-request.js';
import type { JsonCursor } from './json-cursor.js';
import { valueError } from './json-format-error.js';
import { decodeUtf8, encodeUtf8 } from './json-text.js';

const keys = { context: encodeUtf8('context'), examples: encodeUtf8('examples') };

/** What a JSON body of a Classify or Regress call says. */
export interface JsonExampleRequest {
  /** As written; `''` when the body has none, which means `serving_default`. */
  readonly signatureName: string;
  readonly input: {
    /** Serialized `tf.Example` messages, at least one. */
    readonly examples: readonly Uint8Array[];
    /** A serialized `tf.Example` that is shared by all. */
    readonly context?: Uint8Array;
  };
}

/**
 * Reads the JSON body of a Classify or Regress call (`FillClassificationRequestFromJson`, `FillRegressionRequestFromJson`
 * in tensorflow_serving/util/json_tensor.cc).
 *
 * Strings and base64 objects become bytes features; numbers with a dot or exponent, NaN and infinities float features;
 * integers, `true` and `false` int64 features. All values of a feature must be of one kind.
 *
 * @throws TensorError INVALID_ARGUMENT
 *
 * @example
 * const body = new TextEncoder().encode('{"examples": [{"x": 1.5, "names": ["a", "b"]}]}');
 * parseExampleRequestJson(body).input.examples.length; // 1
 */
export function parseExampleRequestJson(body: Uint8Array, limits?: JsonLimits): JsonExampleRequest {
  const root = openRequest(body, limits);
  const signatureName = readSignatureName(root) ?? '';
  const contextValue = root.member(keys.context);
  const context = contextValue === undefined ? undefined : readExample(contextValue);
  const list = root.member(keys.examples);
  if (list === undefined) {
    throw valueError('NO_EXAMPLES', root, "When method is classify, key 'examples' is expected and was not found");
  }
  if (!list.isArray()) throw valueError('EXAMPLES_TYPE', root, "Expecting 'examples' value to be an list/array");
  const count = list.count();
  if (count === 0) throw valueError('NO_EXAMPLES', root, "'examples' value is an empty array");
  const examples: Uint8Array[] = [];
  list.enter();
  for (let index = 0; index < count; index++) {
    if (index > 0) list.next();
    examples.push(readExample(list));
    list.skip();
  }
  return { signatureName, input: context === undefined ? { examples } : { examples, context } };
}

function readExample(value: JsonCursor): Uint8Array {
  if (!value.isObject()) {
    throw new TensorError(
      'INVALID_ARGUMENT',
      'EXAMPLE_TYPE',
      `Example must be JSON object but got JSON ${value.type()}`,
    );
  }
  const features = new Map<string, ExampleFeature>();
  value.forEachMember((nameBytes, content) => {
    const name = decodeUtf8(nameBytes);
    const feature = new ExampleFeature();
    // Of a name that stands twice, the last feature counts.
    features.set(name, feature);
    if (!content.isArray()) {
      addValue(content, name, feature);
      return;
    }
    const count = content.count();
    if (count === 0) return;
    const item = content.copy();
    item.enter();
    for (let index = 0; index < count; index++) {
      if (index > 0) item.next();
      addValue(item, name, feature);
      item.skip();
    }
  });
  return encodeExample(features);
}

/** `AddValueToFeature`. */
function addValue(value: JsonCursor, name: string, feature: ExampleFeature): void {
  const type = value.type();
  switch (type) {
    case 'True':
    case 'False':
      checkKind(name, feature, 'int64');
      feature.addInt64(type === 'True' ? 1n : 0n);
      return;
    case 'String':
      checkKind(name, feature, 'bytes');
      feature.addBytes(value.string());
      return;
    case 'Number': {
      const { integer, value: number } = value.number();
      if (integer === undefined) {
        checkKind(name, feature, 'float');
        feature.addFloat(number);
        return;
      }
      checkKind(name, feature, 'int64');
      if (integer >= 2n ** 63n) {
        throw featureError(`Feature: ${name} has uint64_t element. Only int64_t is supported.`);
      }
      feature.addInt64(integer);
      return;
    }
    case 'Object':
      if (!isBase64Object(value)) break;
      checkKind(name, feature, 'bytes');
      feature.addBytes(readBase64Object(value));
      return;
  }
  throw featureError(`Feature: ${name} has element with unexpected JSON type: ${type}`);
}

function checkKind(name: string, feature: ExampleFeature, kind: NonNullable<ExampleFeature['kind']>): void {
  if (feature.kind !== undefined && feature.kind !== kind) {
    throw featureError(`Unexpected element type in feature: ${name} expecting type: ${feature.kind}`);
  }
}

function featureError(message: string): TensorError {
  return new TensorError('INVALID_ARGUMENT', 'FEATURE_TYPE', message);
}
