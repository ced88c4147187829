import { resolve } from 'node:path';
import { LoadedModel } from '../model/loaded-model.js';
import { modelIdentity, type IdentityOptions } from '../model/model-identity.js';
import type { Model } from '../model/model.js';
import { openSignatures } from '../model/open-signatures.js';
import { badOption, RuntimeError } from '../runtime-error.js';
import type { CallOptions } from '../session/interruption.js';
import { sessionConfig, type TensorFlowSessionOptions } from './tensorflow-session-options.js';
import { TensorFlowSession } from './tensorflow-session.js';
import { TensorFlowSignature } from './tensorflow-signature.js';

/** How a SavedModel is loaded into TensorFlow. */
export interface LoadTensorFlowModelOptions extends IdentityOptions, CallOptions {
  /** Tags of the MetaGraph: exactly these, in any order. Default: `['serve']`. */
  readonly tags?: readonly string[] | undefined;
  /** How TensorFlow runs it. */
  readonly session?: TensorFlowSessionOptions | undefined;
}

/**
 * Loads a SavedModel into TensorFlow's own library, which has kernels for every op. The library is not part of this
 * package: it is found through `LIBTENSORFLOW_PATH`, `@tensorflow/tfjs-node-gpu`, `@tensorflow/tfjs-node` or Python's
 * `tensorflow` package.
 *
 * @param dir - the directory that holds `saved_model.pb`, usually a version directory
 * @throws SavedModelError what reading the signatures throws: NOT_FOUND, DATA_LOSS
 * @throws RuntimeError INVALID_ARGUMENT `BAD_OPTION`; FAILED_PRECONDITION `TENSORFLOW_NOT_INSTALLED` (with where it was
 * looked for), `TENSORFLOW_PATH_INVALID`, `TENSORFLOW_LOAD_FAILED`, `TENSORFLOW_TOO_OLD`; what TensorFlow says when it
 * loads the model, as `TENSORFLOW_<code>`; CANCELLED; DEADLINE_EXCEEDED
 * @example
 * await using model = await loadTensorFlowModel('models/resnet/3', { session: { intraOpThreads: 4 } });
 * const { outputs } = await model.predict({ image });
 */
export async function loadTensorFlowModel(dir: string, options: LoadTensorFlowModelOptions = {}): Promise<Model> {
  const { signal, timeoutMs, tags, session } = options;
  const identity = modelIdentity(dir, options);
  sessionConfig(session);
  if (tags !== undefined && !(Array.isArray(tags) && tags.every((tag) => typeof tag === 'string'))) {
    throw badOption('tags', 'an array of tags', tags);
  }
  const started = performance.now();
  const read = await openSignatures(dir, { tags, signal, timeoutMs, session: {} });
  const { signatureDefs } = read;
  await read.close();
  const left = timeoutMs === undefined ? undefined : timeoutMs - (performance.now() - started);
  const loaded = await TensorFlowSession.load(resolve(dir), {
    ...session,
    tags: tags ?? ['serve'],
    signal,
    timeoutMs: left,
  });
  return new LoadedModel(identity, {
    signatureDefs,
    async compile(name) {
      const signatureDef = signatureDefs.get(name);
      if (signatureDef === undefined) {
        throw new RuntimeError('FAILED_PRECONDITION', 'SIGNATURE_NOT_FOUND', `There is no signature ${name}`);
      }
      return new TensorFlowSignature(name, signatureDef, loaded);
    },
    close: () => loaded.close(),
  });
}
