import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { DataType, SignatureDefSchema, type SignatureDef } from '@servable/protos/tensorflow';
import { Tensor } from '@servable/tensor';
import type { InferenceCall, InferenceServable } from '../../../servable/inference-servable.js';
import type { ServableHandle, ServableProvider, ServableRequest } from '../../../servable/servable-handle.js';
import type { ServableState, ServableStateReader } from '../../../servable/servable-state.js';
import { ServingError } from '../../../servable/serving-error.js';

/** `[dtype, shape]`; no shape means an unknown rank. */
type Spec = readonly [DataType, (readonly number[])?];

/** A SignatureDef from aliases, dtypes and shapes; graph tensors are called after their alias. */
export function signatureDef(
  inputs: Readonly<Record<string, Spec>>,
  outputs: Readonly<Record<string, Spec>>,
  rest: MessageInitShape<typeof SignatureDefSchema> = {},
): SignatureDef {
  const infos = (specs: Readonly<Record<string, Spec>>) =>
    Object.fromEntries(
      Object.entries(specs).map(([alias, [dtype, shape]]) => [
        alias,
        {
          encoding: { case: 'name' as const, value: `${alias}:0` },
          dtype,
          tensorShape:
            shape === undefined ? { unknownRank: true } : { dim: shape.map((size) => ({ size: BigInt(size) })) },
        },
      ]),
    );
  return create(SignatureDefSchema, {
    inputs: infos(inputs),
    outputs: infos(outputs),
    methodName: 'tensorflow/serving/predict',
    ...rest,
  });
}

/** A servable that answers with a function and remembers the calls it got. */
export class FakeServable implements InferenceServable {
  readonly platform = 'fake';
  readonly calls: InferenceCall[] = [];

  constructor(
    readonly signatureDefs: ReadonlyMap<string, SignatureDef>,
    readonly answer: (call: InferenceCall) => Promise<ReadonlyMap<string, Tensor>> | ReadonlyMap<string, Tensor>,
    readonly returnsInputs?: () => boolean,
  ) {}

  async run(call: InferenceCall): Promise<ReadonlyMap<string, Tensor>> {
    this.calls.push(call);
    return this.answer(call);
  }
}

/** `y = 0.5x + 2` for a vector of floats, with a second output `z = x`. */
export function halfPlusTwo(): FakeServable {
  const signature = signatureDef(
    { x: [DataType.DT_FLOAT, [-1]] },
    { y: [DataType.DT_FLOAT, [-1]], z: [DataType.DT_FLOAT] },
  );
  return new FakeServable(new Map([['serving_default', signature]]), ({ inputs, outputFilter }) => {
    const x = inputs.get('x') as Tensor<'float32'>;
    const y = new Tensor(
      'float32',
      x.shape,
      x.data.map((value) => 0.5 * value + 2),
    );
    const outputs = new Map<string, Tensor>([
      ['y', y],
      ['z', x],
    ]);
    return outputFilter.length === 0 ? outputs : new Map(outputFilter.map((alias) => [alias, outputs.get(alias)!]));
  });
}

/** Serves a fixed set of versions and counts handles; the highest version is the latest. */
export class FakeProvider implements ServableProvider<InferenceServable>, ServableStateReader {
  acquired = 0;
  released = 0;
  readonly #servables = new Map<string, Map<bigint, InferenceServable>>();
  readonly #labels = new Map<string, bigint>();
  readonly ended: ServableState[] = [];

  add(name: string, version: bigint, servable: InferenceServable, label?: string): this {
    const versions = this.#servables.get(name) ?? new Map<bigint, InferenceServable>();
    this.#servables.set(name, versions.set(version, servable));
    if (label !== undefined) this.#labels.set(label, version);
    return this;
  }

  remove(name: string): void {
    this.#servables.delete(name);
  }

  getServableHandle(request: ServableRequest): ServableHandle<InferenceServable> {
    const { name, label } = request;
    if (name === '') throw new ServingError('INVALID_ARGUMENT', 'NAME_MISSING', 'ModelSpec has no name specified.');
    if (label !== undefined && !this.#labels.has(label)) {
      const message = `Unrecognized servable version label: ${label}`;
      throw new ServingError('INVALID_ARGUMENT', 'LABEL_UNKNOWN', message);
    }
    const asked = label === undefined ? request.version : this.#labels.get(label);
    const versions = [...(this.#servables.get(name)?.keys() ?? [])].sort((a, b) => (a < b ? 1 : -1));
    const version = asked ?? versions[0];
    const servable = version === undefined ? undefined : this.#servables.get(name)?.get(version);
    if (version === undefined || servable === undefined) {
      const query = asked === undefined ? `Latest(${name})` : `Specific(${name}, ${asked})`;
      throw new ServingError('NOT_FOUND', 'SERVABLE_NOT_FOUND', `Servable not found for request: ${query}`);
    }
    this.acquired++;
    const release = () => void this.released++;
    return { id: { name, version }, servable, release, [Symbol.dispose]: release };
  }

  getVersionStates(name: string): readonly ServableState[] {
    const running = [...(this.#servables.get(name)?.keys() ?? [])].map((version): ServableState => ({
      id: { name, version },
      managerState: 'AVAILABLE',
    }));
    const all = [...running, ...this.ended.filter(({ id }) => id.name === name)];
    return all.sort((a, b) => (a.id.version < b.id.version ? 1 : -1));
  }

  getStreamNames(): readonly string[] {
    return [...this.#servables.keys()];
  }
}
