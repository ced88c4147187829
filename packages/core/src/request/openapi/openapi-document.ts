import type { SignatureDef } from '@servable/protos/tensorflow';
import { NPY_TYPE, RAW_TENSORS_TYPE } from '@servable/tensor';
import type { RequestDraft } from '../execution/request-draft.js';
import { listModels } from '../handlers/list-models.js';
import type { ResolvedRestOptions } from '../rest/rest-options.js';
import { publicSignatures } from '../signature/public-signatures.js';
import { SignatureSpec } from '../signature/tensor-spec.js';
import { inferRequestSchema, inferResponseSchema } from './infer-schemas.js';
import { JSON_TYPE, operation } from './operation.js';
import { predictRequestSchema, predictResponseSchema } from './predict-schemas.js';
import { refTo, sharedSchemas } from './shared-schemas.js';
import type { Schema } from './tensor-schema.js';

const binary: Schema = { type: 'string', format: 'binary' };

type Signatures = ReadonlyMap<string, SignatureDef>;
type Sections = Record<string, Schema>;

/**
 * The OpenAPI 3.1 document of the REST port as it is now: every URL of the models that can be called, with the inputs and
 * outputs of their signatures as schemas.
 *
 * @param record - whose caller sees only the models that it may
 */
export function openApiDocument(options: ResolvedRestOptions, record?: RequestDraft): Schema {
  const paths: Sections = serverPaths(options);
  const schemas: Sections = { ...sharedSchemas };
  const tags: Schema[] = [{ name: 'server', description: 'The server as a whole' }];
  for (const { name, versions } of listModels(options, record)) {
    const callable = versions.filter(({ state }) => state === 'AVAILABLE');
    if (callable.length === 0) continue;
    tags.push({ name: `model ${name}` });
    const labels = options.labelsOf?.(name) ?? new Map<string, bigint>();
    for (const [index, { version }] of callable.entries()) {
      const signatures = signaturesOf(options, name, version);
      if (signatures === undefined) continue;
      const own = [...labels].filter(([, labelled]) => labelled === version).map(([label]) => label);
      addVersion({ name, version, signatures, labels: own, isDefault: index === 0 }, paths, schemas);
    }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Servable',
      version: options.serverInfo?.version ?? '0.0.0',
      description:
        'The REST API of TensorFlow Serving (`/v1`) and the Open Inference Protocol (`/v2`), for the models that are loaded. NaN and infinities are the bare words `NaN`, `Infinity` and `-Infinity`, in requests and answers, which no schema can say.',
    },
    tags,
    paths,
    components: {
      schemas,
      ...(options.access === undefined ? {} : { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } }),
    },
    ...(options.access === undefined ? {} : { security: [{ bearer: [] }] }),
  };
}

/** A version may go away between the look at its state and the look at itself. */
function signaturesOf({ provider }: ResolvedRestOptions, name: string, version: bigint): Signatures | undefined {
  try {
    const handle = provider.getServableHandle({ name, version });
    try {
      return publicSignatures(handle.servable);
    } finally {
      handle.release();
    }
  } catch {
    return undefined;
  }
}

function serverPaths(options: ResolvedRestOptions): Sections {
  const get = (id: string, summary: string, schema: Schema, others?: Readonly<Record<string, Schema>>): Schema => ({
    get: operation({ id, tag: 'server', summary, answer: { [JSON_TYPE]: schema }, others }),
  });
  return {
    '/v1/models': get('listModels', 'All models and versions, with their states', refTo('ModelList')),
    '/v1/openapi.json': get('openApi', 'This document', { type: 'object' }),
    ...(options.config === undefined
      ? {}
      : { '/v1/config': get('config', 'The configuration that counts now', { type: 'object' }) }),
    '/v2': get('v2.server', 'Name, version and extensions of the server', refTo('OipServer')),
    '/v2/health/live': get('v2.live', 'Whether the server answers', refTo('Live')),
    '/v2/health/ready': get('v2.ready', 'Whether every model can be called', refTo('Ready'), {
      503: { anyOf: [refTo('Ready'), refTo('Error')] },
    }),
    '/v2/repository/index': {
      post: operation({
        id: 'v2.index',
        tag: 'server',
        summary: 'All models and versions, with their states',
        answer: { [JSON_TYPE]: refTo('OipIndex') },
        body: { [JSON_TYPE]: { type: 'object', properties: { ready: { type: 'boolean' } } } },
        optionalBody: true,
      }),
    },
  };
}

interface VersionToDescribe {
  readonly name: string;
  readonly version: bigint;
  readonly signatures: Signatures;
  readonly labels: readonly string[];
  /** Whether URLs without a version mean this one. */
  readonly isDefault: boolean;
}

function addVersion(described: VersionToDescribe, paths: Sections, schemas: Sections): void {
  const { name, version, signatures, labels, isDefault } = described;
  const component = `${componentName(name)}.v${version}`;
  schemas[`${component}.PredictRequest`] = predictRequestSchema(signatures);
  schemas[`${component}.PredictResponse`] = predictResponseSchema(signatures);
  schemas[`${component}.InferRequest`] = inferRequestSchema(signatures);
  schemas[`${component}.InferResponse`] = inferResponseSchema(name, signatures);
  const encoded = encodeURIComponent(name);
  const places: [v1: string, v2: string][] = [
    [`/versions/${version}`, `/versions/${version}`],
    ...labels.map((label): [string, string] => {
      const word = encodeURIComponent(label);
      return [`/labels/${word}`, `/versions/${word}`];
    }),
  ];
  if (isDefault) places.unshift(['', '']);
  for (const [v1, v2] of places) {
    addV1(`/v1/models/${encoded}${v1}`, { name, signatures, component, suffix: v1 }, paths);
    addV2(`/v2/models/${encoded}${v2}`, { name, signatures, component, suffix: v2 }, paths);
  }
}

interface Place {
  readonly name: string;
  readonly signatures: Signatures;
  readonly component: string;
  /** `/versions/1`, `/labels/stable`, or nothing. */
  readonly suffix: string;
}

function addV1(url: string, { name, signatures, component, suffix }: Place, paths: Sections): void {
  const tag = `model ${name}`;
  const id = (method: string): string => `${method}.${componentName(name)}${suffix.replaceAll('/', '.')}`;
  const query = { signature_name: { enum: [...signatures.keys()] } };
  const get = (method: string, summary: string, schema: string): Schema => ({
    get: operation({ id: id(method), tag, summary, answer: { [JSON_TYPE]: refTo(schema) } }),
  });
  paths[url] = get('status', 'The state', 'ModelStatus');
  paths[`${url}/metadata`] = get('metadata', 'The signatures', 'ModelMetadata');
  paths[`${url}:predict`] = {
    post: operation({
      id: id('predict'),
      tag,
      summary: 'Runs a signature on tensors',
      query: { ...query, output_filter: { type: 'array', items: { enum: outputsOf(signatures) } } },
      body: {
        [JSON_TYPE]: refTo(`${component}.PredictRequest`),
        [RAW_TENSORS_TYPE]: binary,
        [NPY_TYPE]: binary,
      },
      answer: {
        [JSON_TYPE]: refTo(`${component}.PredictResponse`),
        [RAW_TENSORS_TYPE]: binary,
        [NPY_TYPE]: binary,
      },
    }),
  };
  for (const verb of ['classify', 'regress'] as const) {
    const able = [...signatures].filter(([, { methodName }]) => methodName === `tensorflow/serving/${verb}`);
    if (able.length === 0) continue;
    paths[`${url}:${verb}`] = {
      post: operation({
        id: id(verb),
        tag,
        summary: `Runs a signature of the kind ${verb} on examples`,
        query: { signature_name: { enum: able.map(([signatureName]) => signatureName) } },
        body: { [JSON_TYPE]: refTo('Examples') },
        answer: { [JSON_TYPE]: refTo(verb === 'classify' ? 'Classifications' : 'Regressions') },
      }),
    };
  }
}

function addV2(url: string, { name, signatures, component, suffix }: Place, paths: Sections): void {
  const tag = `model ${name}`;
  const id = (method: string): string => `v2.${method}.${componentName(name)}${suffix.replaceAll('/', '.')}`;
  const query = { signature_name: { enum: [...signatures.keys()] } };
  paths[url] = {
    get: operation({
      id: id('metadata'),
      tag,
      summary: 'Inputs and outputs',
      query,
      answer: { [JSON_TYPE]: refTo('OipModel') },
    }),
  };
  paths[`${url}/ready`] = {
    get: operation({
      id: id('ready'),
      tag,
      summary: 'Ready or an error',
      answer: { [JSON_TYPE]: refTo('OipModelReady') },
    }),
  };
  paths[`${url}/infer`] = {
    post: operation({
      id: id('infer'),
      tag,
      summary: 'Runs a signature on tensors; with Inference-Header-Content-Length, binary data follows the JSON',
      query,
      body: { [JSON_TYPE]: refTo(`${component}.InferRequest`), 'application/octet-stream': binary },
      answer: { [JSON_TYPE]: refTo(`${component}.InferResponse`), 'application/octet-stream': binary },
    }),
  };
}

function outputsOf(signatures: Signatures): readonly string[] {
  return [...new Set([...signatures.values()].flatMap((each) => [...SignatureSpec.of(each).outputs.keys()]))].sort();
}

/** Letters, digits, `-` and `_` stay; every other character is its number in hexadecimal after a dot. */
function componentName(name: string): string {
  return name.replace(/[^A-Za-z0-9_-]/gu, (character) => `.${character.codePointAt(0)!.toString(16)}`);
}
