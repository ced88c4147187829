import { ServingError } from '@servable/core';
import type { SignatureDef, TensorInfo } from '@servable/protos/tensorflow';
import { compileSignature, readSavedModel, SavedModelError, type SavedModel } from '@servable/savedmodel';
import { dtypeInfo, tensorInfoDtype, tensorInfoShape } from '@servable/tensor';
import { diskEstimate } from '../../platforms/disk-estimate.js';
import { describePlan } from './describe-plan.js';
import type {
  CompileFailure,
  MetaGraphDescription,
  SavedModelInspection,
  SignatureDescription,
  TensorDescription,
} from './inspection.js';
import { readTagSets } from './tag-sets.js';

/** What of a model is looked at. */
export interface InspectOptions {
  /** One MetaGraph only. Default: all. */
  readonly tags?: readonly string[] | undefined;
  /** One signature only. Default: all. */
  readonly signature?: string | undefined;
}

/** Reads a SavedModel and compiles its signatures, one by one. */
export async function inspectSavedModel(
  directory: string,
  { tags, signature }: InspectOptions,
): Promise<SavedModelInspection> {
  const tagSets = tags === undefined ? ((await readTagSets(directory)) ?? [['serve']]) : [tags];
  const metaGraphs: MetaGraphDescription[] = [];
  for (const each of tagSets) {
    await using model = await readSavedModel(directory, { tags: each });
    metaGraphs.push(await describeMetaGraph(model, signature));
  }
  if (signature !== undefined && metaGraphs.every(({ signatures }) => Object.keys(signatures).length === 0)) {
    throw await noSuchSignature(directory, tagSets, signature);
  }
  const { ramBytes } = await diskEstimate(directory);
  return {
    path: directory,
    format: 'savedmodel',
    platform: 'tensorflow',
    estimatedRamBytes: Math.ceil(ramBytes),
    metaGraphs,
  };
}

async function describeMetaGraph(model: SavedModel, only: string | undefined): Promise<MetaGraphDescription> {
  const signatures: [string, SignatureDescription][] = [];
  for (const [name, definition] of [...model.signatureDefs].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (only !== undefined && name !== only) continue;
    const described = describeSignature(definition);
    signatures.push([name, isInternal(name) ? described : { ...described, ...(await compile(model, name)) }]);
  }
  let parameters = 0;
  let variableBytes = 0;
  for (const [key, { dtype, size }] of model.variables?.entries ?? []) {
    // The checkpoint also keeps the objects of the model, and how often it was saved.
    if (dtype === 'string' || /^_CHECKPOINTABLE_OBJECT_GRAPH$|^save_counter\//.test(key)) continue;
    parameters += size;
    variableBytes += size * dtypeInfo(dtype).bytes;
  }
  return {
    tags: model.tags,
    tensorflowVersion: model.metaGraph.metaInfoDef?.tensorflowVersion ?? '',
    parameters,
    variableBytes,
    assets: [...model.assets.values()],
    signatures: Object.fromEntries(signatures),
  };
}

async function compile(model: SavedModel, name: string): Promise<Pick<SignatureDescription, 'plan' | 'failure'>> {
  try {
    return { plan: describePlan(await compileSignature(model, name)) };
  } catch (error) {
    return { failure: describeFailure(error) };
  }
}

/** An error as a report holds it. */
export function describeFailure(error: unknown): CompileFailure {
  const { code, reason, message } = ServingError.from(error);
  const { op, node } = error instanceof SavedModelError ? error : { op: undefined, node: undefined };
  return { code, reason, message, ...(op === undefined ? {} : { op }), ...(node === undefined ? {} : { node }) };
}

/** What a signature declares. */
export function describeSignature({ inputs, outputs, methodName }: SignatureDef): SignatureDescription {
  return { methodName, inputs: describeTensors(inputs), outputs: describeTensors(outputs) };
}

function describeTensors(infos: SignatureDef['inputs']): Readonly<Record<string, TensorDescription>> {
  const sorted = Object.entries(infos).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(sorted.map(([alias, info]) => [alias, describeTensor(info)]));
}

function describeTensor(info: TensorInfo): TensorDescription {
  const { encoding } = info;
  return {
    dtype: tensorInfoDtype(info) ?? null,
    shape: tensorInfoShape(info) ?? null,
    name: encoding.case === 'name' ? encoding.value : `(${encoding.case ?? 'nameless'})`,
  };
}

/** Signatures that initialise or train, which nobody calls by their names. */
function isInternal(name: string): boolean {
  return name.startsWith('__saved_model_');
}

async function noSuchSignature(
  directory: string,
  tagSets: readonly (readonly string[])[],
  given: string,
): Promise<ServingError> {
  const names = new Set<string>();
  for (const tags of tagSets) {
    await using model = await readSavedModel(directory, { tags });
    for (const name of model.signatureDefs.keys()) names.add(name);
  }
  return new ServingError(
    'NOT_FOUND',
    'SIGNATURE_NOT_FOUND',
    `No signature ${given}: expected ${[...names].join(', ') || 'none, as the model has no signatures'}`,
  );
}
