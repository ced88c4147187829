import { dtypeInfo, type DType } from '@servable/tensor';
import { formatSpec, type TensorSpec } from '../signature/tensor-spec.js';

/** A JSON Schema, or any other part of an OpenAPI document. */
export type Schema = Readonly<Record<string, unknown>>;

/** Strings may be text, or any bytes as base64. */
const stringSchema: Schema = { anyOf: [{ type: 'string' }, { $ref: '#/components/schemas/Base64' }] };

/**
 * The JSON form of one value of a dtype.
 *
 * @returns `undefined` when the REST API has no JSON form for it
 */
export function valueSchema(dtype: DType | undefined): Schema | undefined {
  switch (dtype) {
    case 'float32':
    case 'float64':
      return { type: 'number', format: dtype === 'float32' ? 'float' : 'double' };
    case 'int8':
    case 'int16':
    case 'int32':
    case 'uint8':
    case 'uint32': {
      const { min, max } = dtypeInfo(dtype);
      return { type: 'integer', minimum: min, maximum: max };
    }
    case 'int64':
      return { type: 'integer', format: 'int64' };
    case 'uint64':
      return { type: 'integer', minimum: 0 };
    case 'bool':
      return { type: 'boolean' };
    case 'string':
      return stringSchema;
    default:
      return undefined;
  }
}

/** A value in lists nested to a shape; sizes of -1 are free. */
export function nestedSchema(value: Schema, shape: readonly number[] | undefined): Schema {
  if (shape === undefined) return { anyOf: [value, { type: 'array' }] };
  return shape.reduceRight<Schema>(
    (items, size) => ({ type: 'array', items, ...(size >= 0 ? { minItems: size, maxItems: size } : {}) }),
    value,
  );
}

/** The whole tensor, as the columnar format has it. */
export function columnSchema(spec: TensorSpec): Schema {
  return described(spec, nestedSchema(jsonValue(spec), spec.shape));
}

/** One row of the tensor, as the row format has it; `undefined` for a scalar, which has no rows. */
export function rowSchema(spec: TensorSpec): Schema | undefined {
  const { shape } = spec;
  if (shape?.length === 0) return undefined;
  return described(spec, nestedSchema(jsonValue(spec), shape?.slice(1)));
}

function jsonValue({ dtype }: TensorSpec): Schema {
  return valueSchema(dtype) ?? { not: {}, description: 'This dtype has no JSON form; send and accept binary tensors.' };
}

function described(spec: TensorSpec, schema: Schema): Schema {
  return { description: formatSpec(spec), ...schema };
}
