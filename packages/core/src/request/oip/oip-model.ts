import type { SignatureDef } from '@servable/protos/tensorflow';
import type { InferenceServable } from '../../servable/inference-servable.js';
import { ServingError } from '../../servable/serving-error.js';
import type { ExecutionDependencies } from '../execution/open-request.js';
import type { HandlerDependencies } from '../handlers/handler-dependencies.js';
import type { ListModelsDependencies } from '../handlers/list-models.js';
import type { ModelSpec } from '../handlers/model-spec.js';
import { publicSignatures } from '../signature/public-signatures.js';
import { DEFAULT_SIGNATURE_NAME } from '../signature/tensor-spec.js';

/** What the Open Inference Protocol needs of the rest of the server, on either transport. */
export interface OipDependencies extends HandlerDependencies, ListModelsDependencies, ExecutionDependencies {
  /** What the server says of itself; default `servable`, without a version. */
  readonly serverInfo?: { readonly name: string; readonly version: string } | undefined;
  /** Whether every model can be called; default: every one that was ever seen has a version available. */
  readonly isReady?: (() => boolean) | undefined;
}

/** A model as the protocol names it. */
export interface OipModel {
  readonly name: string;
  /** Digits, or a label as our extension; empty: the server chooses. */
  readonly version: string;
}

/**
 * The version that a request asks for: digits are a number, anything else is a label.
 *
 * @throws ServingError INVALID_ARGUMENT for a number beyond int64
 */
export function oipModelSpec({ name, version }: OipModel, signatureName = ''): ModelSpec {
  if (version === '') return { name, signatureName };
  if (!/^\d+$/.test(version)) return { name, signatureName, versionLabel: version };
  const digits = version.replace(/^0+(?=\d)/, '');
  const number = digits.length > 19 ? undefined : BigInt(digits);
  if (number === undefined || number >= 2n ** 63n) {
    throw new ServingError(
      'INVALID_ARGUMENT',
      'VERSION_INVALID',
      `Version of model ${name} must be a number below 2^63 or a label; given ${version.slice(0, 40)}`,
    );
  }
  return { name, signatureName, version: number };
}

/**
 * The name of the signature that a request means: the one that it names, else `serving_default`, else the only one that
 * the model has.
 */
export function oipSignatureName(servable: InferenceServable, asked: string): string {
  if (asked !== '' || servable.signatureDefs.has(DEFAULT_SIGNATURE_NAME)) return asked || DEFAULT_SIGNATURE_NAME;
  const names = [...publicSignatures(servable).keys()];
  return names.length === 1 ? names[0]! : DEFAULT_SIGNATURE_NAME;
}

/** @throws ServingError INVALID_ARGUMENT when the model has no signature of this name */
export function oipSignature(servable: InferenceServable, name: string): SignatureDef {
  const signature = servable.signatureDefs.get(name);
  if (signature !== undefined) return signature;
  throw new ServingError(
    'INVALID_ARGUMENT',
    'SIGNATURE_NOT_FOUND',
    `Signature "${name}" not found; the model has {${[...publicSignatures(servable).keys()].sort().join(', ')}}. ` +
      'Choose one with the parameter signature_name',
  );
}
