import { ServingError } from '@servable/core';
import type { SignatureDef } from '@servable/protos/tensorflow';
import { dtypeInfo, encodeExample, stringTensor, Tensor, tensorInfoDtype, tensorInfoShape } from '@servable/tensor';

/** Largest tensor that is made up. */
const maxElements = 2 ** 27;

/**
 * Makes inputs of zeros, empty strings and, for signatures that take examples, empty examples.
 *
 * @param batchSize - what unknown first dimensions become
 * @param size - what all other unknown dimensions become
 * @throws ServingError INVALID_ARGUMENT for an input that cannot be made up, with what to do instead
 */
export function syntheticInputs(signature: SignatureDef, batchSize: number, size: number): ReadonlyMap<string, Tensor> {
  const takesExamples = /\/(classify|regress)$/.test(signature.methodName);
  const inputs = new Map<string, Tensor>();
  for (const [alias, info] of Object.entries(signature.inputs)) {
    const dtype = tensorInfoDtype(info);
    const known = tensorInfoShape(info);
    if (dtype === undefined) throw refusal(alias, 'its dtype is unknown');
    // Of an unknown rank a batch of single values is the likeliest to be taken.
    const shape = (known ?? [-1]).map((dimension, axis) =>
      dimension >= 0 ? dimension : axis === 0 ? batchSize : size,
    );
    const count = shape.reduce((product, dimension) => product * dimension, 1);
    if (count > maxElements) throw refusal(alias, `it would have ${count} elements, more than ${maxElements}`);
    const content = takesExamples ? encodeExample({}) : '';
    inputs.set(
      alias,
      dtype === 'string'
        ? stringTensor(
            shape,
            Array.from({ length: count }, () => content),
          )
        : new Tensor(dtype, shape, zeros(dtype, count)),
    );
  }
  return inputs;
}

/** No element set: zero in every dtype. */
function zeros(dtype: Tensor['dtype'], count: number): never {
  const { array: TypedArray, lanes } = dtypeInfo(dtype);
  return new TypedArray!(lanes * count) as never;
}

function refusal(alias: string, why: string): ServingError {
  return new ServingError(
    'INVALID_ARGUMENT',
    'INPUT_NOT_SYNTHETIC',
    `Input ${alias} cannot be made up: ${why}; give requests in a file with --requests`,
  );
}
