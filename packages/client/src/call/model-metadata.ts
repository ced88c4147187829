import { formatShape, tensorInfoDtype, tensorInfoShape, type DType } from '@servable/tensor';
import type { SignatureDef, TensorInfo } from '@servable/protos/tensorflow';
import type { RpcMethods } from '../transport/transport.js';

/** What a signature says of one of its inputs or outputs. */
export interface TensorSpec {
  /** `undefined` when the signature names none, or one without values (`resource`). */
  readonly dtype: DType | undefined;
  /** -1 for an unknown dimension; `undefined` when the rank is unknown. */
  readonly shape: readonly number[] | undefined;
  /** Whether a call may leave it out, because the signature has a default value for it; always `false` for outputs. */
  readonly optional: boolean;
}

/** One callable function of a model. */
export interface SignatureInfo {
  /** `tensorflow/serving/predict`, `…/classify`, `…/regress`, or what the exporter wrote. */
  readonly methodName: string;
  /** By alias. */
  readonly inputs: Readonly<Record<string, TensorSpec>>;
  readonly outputs: Readonly<Record<string, TensorSpec>>;
}

/** What a model tells of itself. */
export interface ModelMetadata {
  readonly model: { readonly name: string; readonly version: bigint };
  readonly signatures: Readonly<Record<string, SignatureInfo>>;
}

export function modelMetadata(response: RpcMethods['getModelMetadata']['response']): ModelMetadata {
  const { name, version, signatureDefs } = response;
  const signatures = Object.fromEntries([...signatureDefs].map(([key, def]) => [key, signatureInfo(def)]));
  return { model: { name, version }, signatures };
}

function signatureInfo(definition: SignatureDef): SignatureInfo {
  const { methodName, inputs, outputs, defaults } = definition;
  return {
    methodName,
    inputs: specs(inputs, (alias) => Object.hasOwn(defaults, alias)),
    outputs: specs(outputs, () => false),
  };
}

function specs(infos: { readonly [alias: string]: TensorInfo }, optional: (alias: string) => boolean) {
  const aliases = Object.keys(infos).sort();
  return Object.fromEntries(aliases.map((alias) => [alias, tensorSpec(infos[alias]!, optional(alias))]));
}

function tensorSpec(info: TensorInfo, optional: boolean): TensorSpec {
  return { dtype: tensorInfoDtype(info), shape: tensorInfoShape(info), optional };
}

/** `float32 [-1,8,8,1]`. */
export function formatSpec(spec: Pick<TensorSpec, 'dtype' | 'shape'>): string {
  return `${spec.dtype ?? 'any dtype'} ${spec.shape === undefined ? 'of any shape' : formatShape(spec.shape)}`;
}
