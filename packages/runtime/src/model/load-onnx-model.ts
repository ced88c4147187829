import { create } from '@bufbuild/protobuf';
import { SignatureDefSchema, type SignatureDef } from '@servable/protos/tensorflow';
import type { SignatureTensor } from '@servable/savedmodel';
import { dtypeInfo } from '@servable/tensor';
import { PlanRunner } from '../plan/plan-runner.js';
import { badOption } from '../runtime-error.js';
import type { CallOptions } from '../session/interruption.js';
import type { Instances } from '../session/execution-providers.js';
import { SessionGroup, type RunnableSession } from '../session/session-group.js';
import type { SessionOptions } from '../session/session-options.js';
import type { ValueInfo } from '../session/value-info.js';
import { defaultSignatureName, LoadedModel } from './loaded-model.js';
import { modelIdentity, type IdentityOptions } from './model-identity.js';
import type { Model } from './model.js';

/** How an ONNX model is loaded. */
export interface LoadOnnxModelOptions extends IdentityOptions, CallOptions {
  /** How the engine runs it. */
  readonly session?: SessionOptions | undefined;
  /**
   * How many sessions it has, or `per-device`: one on each device of the first execution provider. Each has its own
   * weights; a call goes to the one with the fewest under way. Default 1.
   */
  readonly instances?: Instances | undefined;
}

/**
 * Loads an ONNX model. It has one signature, `serving_default`, whose aliases are the names of the model's inputs and
 * outputs; outputs that are no tensors (sequences, maps) are left out.
 *
 * @param path - the `.onnx` file; files with external data lie beside it
 * @throws RuntimeError NOT_FOUND `MODEL_FILE_NOT_FOUND`; INVALID_ARGUMENT `BAD_OPTION`, `MODEL_NOT_PARSABLE`,
 * `MODEL_INVALID`; UNIMPLEMENTED for ops and input types that the engine lacks; CANCELLED; DEADLINE_EXCEEDED;
 * FAILED_PRECONDITION when the engine's library is missing
 * @example
 * await using model = await loadOnnxModel('models/iris.onnx');
 * const { outputs } = await model.predict({ X: [[5.1, 3.5, 1.4, 0.2]] });
 */
export async function loadOnnxModel(path: string, options: LoadOnnxModelOptions = {}): Promise<Model> {
  if (typeof path !== 'string' || path === '') throw badOption('path', 'the path of an ONNX model', path);
  const { signal, timeoutMs, instances, session: sessionOptions = {} } = options;
  const identity = modelIdentity(path, options);
  const session = await SessionGroup.create(path, { ...sessionOptions, instances, signal, timeoutMs });
  const signatureDef = signatureOf(session);
  const runner = new PlanRunner({
    signatureName: defaultSignatureName,
    signatureDef,
    inputs: session.inputs.map(signatureTensor),
    outputs: session.outputs.map(signatureTensor),
    constants: new Map(),
    steps: [
      {
        kind: 'native',
        session,
        inputs: session.inputs.map((input) => input.name),
        outputs: session.outputs.map((output) => output.name),
      },
    ],
  });
  return new LoadedModel(identity, {
    signatureDefs: new Map([[defaultSignatureName, signatureDef]]),
    compile: () => Promise.resolve(runner),
    close: () => runner.close(),
  });
}

/**
 * The signature that an ONNX model would have as a SavedModel. The engine does not tell a scalar from a value of unknown
 * rank, so both count as the latter; it checks the shapes of calls itself.
 */
function signatureOf({ inputs, outputs }: RunnableSession): SignatureDef {
  return create(SignatureDefSchema, {
    inputs: Object.fromEntries(inputs.map(tensorInfo)),
    outputs: Object.fromEntries(outputs.map(tensorInfo)),
    methodName: 'tensorflow/serving/predict',
  });
}

function tensorInfo({ name, dtype, shape }: ValueInfo) {
  const dim = shape.map((size) => ({
    size: BigInt(typeof size === 'number' ? size : -1),
    name: typeof size === 'string' ? size : '',
  }));
  const encoding = { case: 'name' as const, value: name };
  const unknownRank = shape.length === 0;
  return [name, { encoding, dtype: dtypeInfo(dtype).enum, tensorShape: { dim, unknownRank } }] as const;
}

function signatureTensor({ name, dtype, shape }: ValueInfo): SignatureTensor {
  const dims = shape.length === 0 ? undefined : shape.map((dim) => (typeof dim === 'number' ? dim : null));
  return { alias: name, value: name, dtype, shape: dims };
}
