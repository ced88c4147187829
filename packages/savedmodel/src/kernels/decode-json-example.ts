import { fromJsonString, toBinary } from '@bufbuild/protobuf';
import { ExampleSchema } from '@servable/protos/tensorflow';
import type { Tensor } from '@servable/tensor';
import { SavedModelError } from '../diagnostics/saved-model-error.js';
import { mapStrings, textOf } from './byte-strings.js';

/** `DecodeJSONExample`: protobuf's JSON of a `tf.Example` to its bytes. */
export function decodeJsonExamples(input: Tensor): Tensor<'string'> {
  return mapStrings(input, (bytes, index) => {
    try {
      return toBinary(ExampleSchema, fromJsonString(ExampleSchema, textOf(bytes)));
    } catch (cause) {
      throw new SavedModelError(
        'INVALID_ARGUMENT',
        'BAD_JSON_EXAMPLE',
        `Error while parsing JSON: element ${index} is not a tf.Example`,
        { cause },
      );
    }
  });
}
