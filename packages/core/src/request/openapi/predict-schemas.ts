import type { SignatureDef } from '@servable/protos/tensorflow';
import { DEFAULT_SIGNATURE_NAME, SignatureSpec, type TensorSpec } from '../signature/tensor-spec.js';
import { columnSchema, rowSchema, type Schema } from './tensor-schema.js';

type Signatures = ReadonlyMap<string, SignatureDef>;

/** The JSON bodies that `:predict` takes: for each signature, in the row and the columnar format. */
export function predictRequestSchema(signatures: Signatures): Schema {
  return anyOf([...signatures].flatMap(([name, signature]) => requestsOf(name, SignatureSpec.of(signature))));
}

function requestsOf(name: string, { inputs }: SignatureSpec): readonly Schema[] {
  const specs = [...inputs.values()];
  if (specs.length === 0) return [];
  const rows = specs.map(rowSchema);
  const formats = [body(name, 'inputs', tensorsSchema(specs, specs.map(columnSchema)))];
  if (rows.every((row) => row !== undefined)) {
    const instances = { type: 'array', minItems: 1, items: tensorsSchema(specs, rows) };
    formats.unshift(body(name, 'instances', instances));
  }
  return formats;
}

function body(signatureName: string, key: string, value: Schema): Schema {
  return {
    type: 'object',
    title: `${signatureName}, ${key === 'inputs' ? 'columns' : 'rows'}`,
    properties: { signature_name: { const: signatureName }, [key]: value },
    required: signatureName === DEFAULT_SIGNATURE_NAME ? [key] : ['signature_name', key],
  };
}

/** All inputs by alias; the only one needs no name. */
function tensorsSchema(specs: readonly TensorSpec[], values: readonly Schema[]): Schema {
  const properties = Object.fromEntries(specs.map(({ alias }, index) => [alias, values[index]!]));
  const named = { type: 'object', properties, required: Object.keys(properties), additionalProperties: false };
  return specs.length === 1 ? { anyOf: [values[0]!, named] } : named;
}

/** The JSON answers of `:predict`: the format is the request's; an output filter leaves outputs out. */
export function predictResponseSchema(signatures: Signatures): Schema {
  return anyOf(
    [...signatures].flatMap(([name, signature]) => {
      const specs = [...SignatureSpec.of(signature).outputs.values()];
      const rows = specs.map(rowSchema);
      const answers: Schema[] = [answer(name, 'outputs', outputsSchema(specs, specs.map(columnSchema)))];
      if (rows.every((row) => row !== undefined)) {
        answers.unshift(answer(name, 'predictions', { type: 'array', items: outputsSchema(specs, rows) }));
      }
      return answers;
    }),
  );
}

function answer(signatureName: string, key: string, value: Schema): Schema {
  return {
    type: 'object',
    title: `${signatureName}, ${key === 'outputs' ? 'columns' : 'rows'}`,
    properties: { [key]: value },
    required: [key],
    additionalProperties: false,
  };
}

/** One output comes without its name. */
function outputsSchema(specs: readonly TensorSpec[], values: readonly Schema[]): Schema {
  if (specs.length === 1) return values[0]!;
  const properties = Object.fromEntries(specs.map(({ alias }, index) => [alias, values[index]!]));
  return anyOf([...values, { type: 'object', properties, additionalProperties: false }]);
}

export function anyOf(schemas: readonly Schema[]): Schema {
  return schemas.length === 1 ? schemas[0]! : { anyOf: schemas };
}
