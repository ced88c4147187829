import type { Schema } from './tensor-schema.js';

const text: Schema = { type: 'string' };
const texts: Schema = { type: 'array', items: text };
const object = (properties: Readonly<Record<string, Schema>>, required = Object.keys(properties)): Schema => ({
  type: 'object',
  properties,
  required,
});
const list = (items: Schema): Schema => ({ type: 'array', items });
export const refTo = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` });

const version = {
  version: text,
  state: { enum: ['START', 'LOADING', 'AVAILABLE', 'UNLOADING', 'END'] },
  status: object({ error_code: text, error_message: text }),
};
const oipTensor = object({ name: text, datatype: text, shape: list({ type: 'integer', minimum: -1 }) });

/** The schemas that do not depend on the models. */
export const sharedSchemas: Readonly<Record<string, Schema>> = {
  Error: object({ error: text }),
  Base64: {
    ...object({ b64: { type: 'string', contentEncoding: 'base64', pattern: '^([A-Za-z0-9+/]{4})*$' } }),
    additionalProperties: false,
  },
  ModelStatus: object({ model_version_status: list(object(version)) }),
  ModelList: object({
    models: list(
      object({
        name: text,
        versions: list(object({ ...version, platform: text, labels: texts }, Object.keys(version))),
      }),
    ),
  }),
  ModelMetadata: object({
    model_spec: object({ name: text, signature_name: text, version: text }),
    metadata: object({ signature_def: object({ signature_def: { type: 'object' } }) }),
  }),
  Examples: object(
    {
      signature_name: text,
      context: refTo('Example'),
      examples: { type: 'array', minItems: 1, items: refTo('Example') },
    },
    ['examples'],
  ),
  Example: { type: 'object', additionalProperties: { anyOf: [refTo('FeatureValue'), list(refTo('FeatureValue'))] } },
  FeatureValue: { anyOf: [{ type: 'number' }, { type: 'string' }, refTo('Base64')] },
  Classifications: object({
    results: list(list({ type: 'array', items: { anyOf: [text, { type: 'number' }] }, minItems: 2, maxItems: 2 })),
  }),
  Regressions: object({ results: list({ type: 'number' }) }),
  Live: object({ live: { type: 'boolean' } }),
  Ready: object({ ready: { type: 'boolean' } }),
  OipServer: object({ name: text, version: text, extensions: texts }),
  OipModelReady: object({ name: text, ready: { const: true } }),
  OipModel: object({
    name: text,
    versions: texts,
    platform: text,
    inputs: list(oipTensor),
    outputs: list(oipTensor),
    properties: { type: 'object', additionalProperties: text },
  }),
  OipIndex: list(
    object({
      name: text,
      version: text,
      state: { enum: ['UNKNOWN', 'READY', 'UNAVAILABLE', 'LOADING', 'UNLOADING'] },
      reason: text,
    }),
  ),
};
