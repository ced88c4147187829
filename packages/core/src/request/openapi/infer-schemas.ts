import type { SignatureDef } from '@servable/protos/tensorflow';
import { formatShape, oipDatatype } from '@servable/tensor';
import { DEFAULT_SIGNATURE_NAME, SignatureSpec, type TensorSpec } from '../signature/tensor-spec.js';
import { anyOf } from './predict-schemas.js';
import type { Schema } from './tensor-schema.js';

type Signatures = ReadonlyMap<string, SignatureDef>;

const valuesOf: Readonly<Record<string, Schema>> = {
  BOOL: { type: 'boolean' },
  BYTES: { anyOf: [{ type: 'string' }, { $ref: '#/components/schemas/Base64' }] },
  FP16: { type: 'number' },
  BF16: { type: 'number' },
  FP32: { type: 'number', format: 'float' },
  FP64: { type: 'number', format: 'double' },
};

/** The JSON bodies that `/v2/…/infer` takes, one for each signature. */
export function inferRequestSchema(signatures: Signatures): Schema {
  return anyOf(
    [...signatures].map(([name, signature]) => {
      const { inputs, outputs } = SignatureSpec.of(signature);
      const needsName = name !== DEFAULT_SIGNATURE_NAME && signatures.size > 1;
      const tensors = [...inputs.values()].map(inputSchema);
      const parameters = {
        type: 'object',
        properties: { signature_name: { const: name }, binary_data_output: { type: 'boolean' } },
        ...(needsName ? { required: ['signature_name'] } : {}),
      };
      return {
        type: 'object',
        title: name,
        properties: {
          id: { type: 'string', description: 'Comes back in the answer.' },
          parameters,
          inputs: {
            type: 'array',
            maxItems: inputs.size,
            ...(tensors.length > 0 ? { items: anyOf(tensors) } : {}),
          },
          outputs: {
            type: 'array',
            description: 'The outputs that are wanted; all of them when left out.',
            uniqueItems: true,
            items: {
              type: 'object',
              properties: {
                name: { enum: [...outputs.keys()] },
                parameters: { type: 'object', properties: { binary_data: { type: 'boolean' } } },
              },
              required: ['name'],
            },
          },
        },
        required: needsName ? ['inputs', 'parameters'] : ['inputs'],
      };
    }),
  );
}

function inputSchema(spec: TensorSpec): Schema {
  const { alias, dtype } = spec;
  const datatype = dtype === undefined ? undefined : oipDatatype(dtype);
  return {
    type: 'object',
    title: alias,
    properties: {
      name: { const: alias },
      shape: shapeSchema(spec),
      datatype: datatype === undefined ? { type: 'string' } : { const: datatype },
      data: {
        type: 'array',
        description: 'All values in one list, row by row, or lists nested to the shape.',
        items: anyOf([valuesSchema(datatype), { type: 'array' }]),
      },
      parameters: { type: 'object', properties: { binary_data_size: { type: 'integer', minimum: 0 } } },
    },
    required: ['name', 'shape', 'datatype'],
  };
}

/** The JSON answers of `/v2/…/infer`. */
export function inferResponseSchema(model: string, signatures: Signatures): Schema {
  const outputs = [...signatures.values()].flatMap((signature) => [...SignatureSpec.of(signature).outputs.values()]);
  return {
    type: 'object',
    properties: {
      model_name: { const: model },
      model_version: { type: 'string' },
      id: { type: 'string' },
      outputs: { type: 'array', items: anyOf(outputs.map(outputSchema)) },
    },
    required: ['model_name', 'model_version', 'outputs'],
    additionalProperties: false,
  };
}

function outputSchema(spec: TensorSpec): Schema {
  const { alias, dtype } = spec;
  const datatype = dtype === undefined ? undefined : oipDatatype(dtype);
  return {
    type: 'object',
    title: alias,
    properties: {
      name: { const: alias },
      datatype: datatype === undefined ? { type: 'string' } : { const: datatype },
      shape: shapeSchema(spec),
      data: { type: 'array', items: valuesSchema(datatype) },
      parameters: {
        type: 'object',
        properties: { binary_data_size: { type: 'integer', minimum: 0 } },
        required: ['binary_data_size'],
      },
    },
    required: ['name', 'datatype', 'shape'],
    additionalProperties: false,
  };
}

/** The sizes that are fixed are in the description: generators of clients know no lists of schemas. */
function shapeSchema({ shape }: TensorSpec): Schema {
  const items = { type: 'integer', minimum: 0 };
  if (shape === undefined) return { type: 'array', items };
  return { type: 'array', description: formatShape(shape), items, minItems: shape.length, maxItems: shape.length };
}

function valuesSchema(datatype: string | undefined): Schema {
  if (datatype === undefined) return {};
  return valuesOf[datatype] ?? (/^U?INT/.test(datatype) ? { type: 'integer' } : {});
}
