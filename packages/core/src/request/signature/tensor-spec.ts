import {
  formatShape,
  tensorFromProto,
  tensorInfoDtype,
  tensorInfoShape,
  type DType,
  type Tensor,
} from '@servable/tensor';
import type { SignatureDef, TensorInfo } from '@servable/protos/tensorflow';
import { ServingError } from '../../servable/serving-error.js';

/** The name of the signature that a call without one means (`kDefaultServingSignatureDefKey` upstream). */
export const DEFAULT_SIGNATURE_NAME = 'serving_default';

/** What one alias of a signature promises of its tensor. */
export interface TensorSpec {
  readonly alias: string;
  /** The graph tensor behind the alias, `dense/BiasAdd:0`; empty for sparse and composite tensors. */
  readonly tensorName: string;
  /** `undefined` when the signature names none, or one that has no tensor form (`resource`). */
  readonly dtype: DType | undefined;
  /** -1 for an unknown dimension; `undefined` when not even the rank is known. */
  readonly shape: readonly number[] | undefined;
}

/** A `SignatureDef` made ready for checking calls: aliases sorted, dtypes and shapes resolved, defaults decoded. */
export class SignatureSpec {
  readonly inputs: ReadonlyMap<string, TensorSpec>;
  readonly outputs: ReadonlyMap<string, TensorSpec>;
  readonly #definition: SignatureDef;
  readonly #defaults = new Map<string, Tensor>();

  private constructor(definition: SignatureDef) {
    this.#definition = definition;
    this.inputs = specsOf(definition.inputs);
    this.outputs = specsOf(definition.outputs);
  }

  /** Built once per definition; a definition must not change after it was first used. */
  static of(definition: SignatureDef): SignatureSpec {
    let spec = specCache.get(definition);
    if (spec === undefined) {
      spec = new SignatureSpec(definition);
      specCache.set(definition, spec);
    }
    return spec;
  }

  /** Aliases that have a default value, sorted. */
  get defaultAliases(): readonly string[] {
    return Object.keys(this.#definition.defaults).sort();
  }

  get hasDefaults(): boolean {
    return Object.keys(this.#definition.defaults).length > 0;
  }

  /**
   * The default value of an input, or `undefined` when it has none.
   *
   * @throws ServingError INVALID_ARGUMENT `tensor parsing error: <alias>` when the stored default is malformed
   */
  defaultValue(alias: string): Tensor | undefined {
    const decoded = this.#defaults.get(alias);
    if (decoded !== undefined) return decoded;
    if (!Object.hasOwn(this.#definition.defaults, alias)) return undefined;
    const proto = this.#definition.defaults[alias]!;
    try {
      const tensor = tensorFromProto(proto);
      this.#defaults.set(alias, tensor);
      return tensor;
    } catch (cause) {
      throw new ServingError('INVALID_ARGUMENT', 'TENSOR_MALFORMED', `tensor parsing error: ${alias}`, { cause });
    }
  }
}

const specCache = new WeakMap<SignatureDef, SignatureSpec>();

function specsOf(infos: { readonly [alias: string]: TensorInfo }): Map<string, TensorSpec> {
  const specs = new Map<string, TensorSpec>();
  for (const alias of Object.keys(infos).sort()) specs.set(alias, tensorSpec(alias, infos[alias]!));
  return specs;
}

/** Reads one `TensorInfo`; reference dtypes (`DT_FLOAT_REF`) count as the dtype they refer to. */
export function tensorSpec(alias: string, info: TensorInfo): TensorSpec {
  return {
    alias,
    tensorName: info.encoding.case === 'name' ? info.encoding.value : '',
    dtype: tensorInfoDtype(info),
    shape: tensorInfoShape(info),
  };
}

/** `[-1,8,8,1]`, or `<unknown rank>`. */
export function formatSpecShape(shape: readonly number[] | undefined): string {
  return shape === undefined ? '<unknown rank>' : formatShape(shape);
}

/** `float32 [-1,8,8,1]`. */
export function formatSpec({ dtype, shape }: Pick<TensorSpec, 'dtype' | 'shape'>): string {
  return `${dtype ?? 'any dtype'} ${formatSpecShape(shape)}`;
}

/** The path of an input in a request, for field violations: `inputs["x"]`. */
export function inputField(alias: string): string {
  return `inputs[${JSON.stringify(alias)}]`;
}
