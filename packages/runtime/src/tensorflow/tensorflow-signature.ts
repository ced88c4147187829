import type { SignatureDef, TensorInfo } from '@servable/protos/tensorflow';
import type { SignatureTensor } from '@servable/savedmodel';
import { tensorInfoDtype, tensorInfoShape, type Tensor } from '@servable/tensor';
import type { SignaturePlan, SignatureRunner } from '../model/loaded-model.js';
import { RuntimeError } from '../runtime-error.js';
import type { CallOptions } from '../session/interruption.js';

/** What runs the tensors of a graph: `TensorFlowSession`. */
export interface GraphSession {
  run(
    feeds: ReadonlyMap<string, Tensor>,
    fetches: readonly string[],
    options?: CallOptions,
  ): Promise<Map<string, Tensor>>;
}

/** A signature on a session: aliases to graph tensors and back. */
export class TensorFlowSignature implements SignatureRunner {
  readonly plan: SignaturePlan;
  readonly #session: GraphSession;
  readonly #values: ReadonlyMap<string, string>;

  /** @throws RuntimeError UNIMPLEMENTED `COMPOSITE_SIGNATURE_TENSOR`, `UNSUPPORTED_DTYPE` */
  constructor(name: string, signatureDef: SignatureDef, session: GraphSession) {
    const inputs = signatureTensors(name, signatureDef.inputs);
    const outputs = signatureTensors(name, signatureDef.outputs);
    this.plan = { inputs, outputs, signatureDef };
    this.#session = session;
    this.#values = new Map(outputs.map(({ alias, value }) => [alias, value]));
  }

  async run(
    inputs: ReadonlyMap<string, Tensor>,
    aliases: readonly string[],
    options: CallOptions = {},
  ): Promise<Map<string, Tensor>> {
    const fetches = aliases.map((alias) => this.#value(alias));
    const feeds = new Map<string, Tensor>();
    for (const { alias, value } of this.plan.inputs) {
      const tensor = inputs.get(alias);
      if (tensor !== undefined) feeds.set(value, tensor);
    }
    // Two aliases may stand for one tensor.
    const values = await this.#session.run(feeds, [...new Set(fetches)], options);
    const outputs = new Map<string, Tensor>();
    aliases.forEach((alias, index) => {
      const tensor = values.get(fetches[index] ?? '');
      if (tensor !== undefined) outputs.set(alias, tensor);
    });
    return outputs;
  }

  /** The graph finds out itself. */
  forShapes(): Promise<SignatureRunner> {
    const inputs = this.plan.inputs.map((input) => ({ ...input, shape: undefined }));
    return Promise.resolve({
      plan: { ...this.plan, inputs },
      run: (...call) => this.run(...call),
      close: () => Promise.resolve(),
    });
  }

  /** The session is the model's to close. */
  close(): Promise<void> {
    return Promise.resolve();
  }

  #value(alias: string): string {
    const value = this.#values.get(alias);
    if (value !== undefined) return value;
    const expected = [...this.#values.keys()].map((name) => JSON.stringify(name)).join(', ') || 'none';
    throw new RuntimeError(
      'INVALID_ARGUMENT',
      'UNKNOWN_OUTPUT',
      `The signature has no output ${JSON.stringify(alias)}: expected ${expected}`,
    );
  }
}

/** Aliases in a fixed order. */
function signatureTensors(signature: string, infos: SignatureDef['inputs']): SignatureTensor[] {
  return Object.keys(infos)
    .sort()
    .map((alias) => signatureTensor(signature, alias, infos[alias] as TensorInfo));
}

function signatureTensor(signature: string, alias: string, info: TensorInfo): SignatureTensor {
  const { encoding } = info;
  if (encoding.case !== 'name') {
    throw new RuntimeError(
      'UNIMPLEMENTED',
      'COMPOSITE_SIGNATURE_TENSOR',
      `Signature ${JSON.stringify(signature)}: ${JSON.stringify(alias)} is a ${encoding.case ?? 'nameless'} tensor; ` +
        'only dense tensors can be served',
    );
  }
  const dtype = tensorInfoDtype(info);
  if (dtype === undefined) {
    throw new RuntimeError(
      'UNIMPLEMENTED',
      'UNSUPPORTED_DTYPE',
      `Signature ${JSON.stringify(signature)}: ${JSON.stringify(alias)} is a resource or variant, not a tensor of values`,
    );
  }
  const value = encoding.value.includes(':') ? encoding.value : `${encoding.value}:0`;
  return { alias, value, dtype, shape: tensorInfoShape(info)?.map((dim) => (dim < 0 ? null : dim)) };
}
