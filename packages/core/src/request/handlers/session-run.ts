import type { Tensor } from '@servable/tensor';
import type { SessionRunCall, SessionRunResult } from './calls.js';
import type { InferenceServable } from '../../servable/inference-servable.js';
import type { ServableHandle } from '../../servable/servable-handle.js';
import { ServingError } from '../../servable/serving-error.js';
import { DEFAULT_SIGNATURE_NAME, SignatureSpec, type TensorSpec } from '../signature/tensor-spec.js';
import { recordSessionRun } from '../recording/record-call.js';
import type { HandlerDependencies, RequestOptions } from './handler-dependencies.js';
import { requireModelSpec, resolveSignatureName, withServableHandle, type ModelSpec } from './model-spec.js';
import { predictOnHandle } from './predict.js';

/**
 * Answers a SessionRun request (tensorflow_serving/apis/session_service.proto; upstream's stock server has the service
 * but does not register it). Models are compiled signature by signature, so what can be fed and fetched is what the
 * inputs and outputs of one signature are made of.
 *
 * @throws ServingError INVALID_ARGUMENT, NOT_FOUND, FAILED_PRECONDITION; UNIMPLEMENTED for targets; and the errors of the
 * servable's run
 */
export async function sessionRun(
  dependencies: HandlerDependencies,
  call: SessionRunCall,
  options: RequestOptions = {},
): Promise<SessionRunResult> {
  const spec = requireModelSpec(call.modelSpec);
  const feeds = feedsByName(call);
  if (call.targets.length > 0) {
    throw new ServingError(
      'UNIMPLEMENTED',
      'TARGETS_UNSUPPORTED',
      `SessionRun cannot run targets: signatures are compiled as a whole. Given: {${call.targets.join(',')}}`,
    );
  }
  if (call.fetches.length === 0) {
    throw invalid('FETCHES_EMPTY', 'Must specify at least one target to fetch or execute.');
  }
  const use = async (handle: ServableHandle<InferenceServable>): Promise<SessionRunResult> => {
    const { signatureName, inputs, aliasOf } = call.namesAreAliases
      ? { signatureName: resolveSignatureName(spec), inputs: feeds, aliasOf: (name: string) => name }
      : findSignature(handle.servable, spec, feeds, call.fetches);
    const predictCall = {
      modelSpec: { ...spec, signatureName },
      inputs,
      outputFilter: [...new Set(call.fetches.map((name) => aliasOf(name)))],
    };
    const { outputs } = await predictOnHandle({ ...dependencies, recorder: undefined }, handle, predictCall, options);
    const result: SessionRunResult = {
      modelSpec: { ...handle.id, signatureName: call.namesAreAliases ? signatureName : '' },
      tensors: call.fetches.map((name) => [name, outputs.get(aliasOf(name))!]),
    };
    if (dependencies.recorder !== undefined) recordSessionRun(dependencies.recorder, call, result);
    return result;
  };
  return withServableHandle(dependencies.provider, spec, use, options.record, options);
}

/** A call of a signature that does what the session run asks for. */
interface SignatureCall {
  readonly signatureName: string;
  readonly inputs: ReadonlyMap<string, Tensor>;
  readonly aliasOf: (fetch: string) => string;
}

function feedsByName({ feeds, namesAreAliases }: SessionRunCall): ReadonlyMap<string, Tensor> {
  const byName = new Map<string, Tensor>();
  for (const [name, tensor] of feeds) {
    const key = namesAreAliases ? name : graphName(name);
    if (byName.has(key)) throw invalid('FEED_DUPLICATE', `The tensor ${name} is fed twice`);
    byName.set(key, tensor);
  }
  return byName;
}

function findSignature(
  servable: InferenceServable,
  spec: ModelSpec,
  feeds: ReadonlyMap<string, Tensor>,
  fetches: readonly string[],
): SignatureCall {
  // The one that the spec names, if any, then the default one, then by name.
  const rank = (name: string): number => (name === spec.signatureName ? 0 : name === DEFAULT_SIGNATURE_NAME ? 1 : 2);
  const names = [...servable.signatureDefs.keys()].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
  for (const signatureName of names) {
    const signature = SignatureSpec.of(servable.signatureDefs.get(signatureName)!);
    const inputs = aliasesByTensor(signature.inputs);
    const outputs = aliasesByTensor(signature.outputs);
    const takesAll = [...feeds.keys()].every((name) => inputs.has(name));
    const needsNoMore = [...inputs].every(
      ([name, alias]) => feeds.has(name) || signature.defaultAliases.includes(alias),
    );
    if (!takesAll || !needsNoMore || !fetches.every((name) => outputs.has(graphName(name)))) continue;
    return {
      signatureName,
      inputs: new Map([...feeds].map(([name, tensor]) => [inputs.get(name)!, tensor])),
      aliasOf: (name) => outputs.get(graphName(name))!,
    };
  }
  const exposed = names.map((name) => {
    const signature = SignatureSpec.of(servable.signatureDefs.get(name)!);
    const list = (specs: ReadonlyMap<string, TensorSpec>) => [...aliasesByTensor(specs).keys()].join(',');
    return `${name}: {${list(signature.inputs)}} -> {${list(signature.outputs)}}`;
  });
  throw invalid(
    'TENSORS_NOT_EXPOSED',
    `No signature takes exactly the feeds {${[...feeds.keys()].join(',')}} and gives the fetches ` +
      `{${fetches.map(graphName).join(',')}}; only what signatures expose can be fed and fetched. ` +
      `Signatures: ${exposed.join('; ')}`,
  );
}

/** Alias by graph tensor; composite tensors, which have no one name, are left out. */
function aliasesByTensor(specs: ReadonlyMap<string, TensorSpec>): Map<string, string> {
  const aliases = new Map<string, string>();
  for (const { alias, tensorName } of specs.values()) {
    if (tensorName !== '' && !aliases.has(graphName(tensorName))) aliases.set(graphName(tensorName), alias);
  }
  return aliases;
}

/** `x` is the first output of the operation `x`, as for a TensorFlow session. */
function graphName(name: string): string {
  return /:\d+$/.test(name) ? name : `${name}:0`;
}

function invalid(reason: string, message: string): ServingError {
  return new ServingError('INVALID_ARGUMENT', reason, message);
}
