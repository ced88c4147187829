import type { InferenceServable } from '../../servable/inference-servable.js';
import type { ServableHandle } from '../../servable/servable-handle.js';
import { ServingError } from '../../servable/serving-error.js';
import { checkClassifySignature, checkRegressSignature } from '../signature/check-example-signature.js';
import { checkMethodName, methodName } from '../signature/method-name.js';
import { readClassifications } from './classify.js';
import type { InferenceResult, InferenceTask, MultiInferenceCall } from './calls.js';
import { recordMultiInference } from '../recording/record-call.js';
import { exampleTensor } from './example-input.js';
import type { HandlerDependencies, RequestOptions } from './handler-dependencies.js';
import { resolveModelSpec, resolveSignatureName, withServableHandle, type ModelSpec } from './model-spec.js';
import { readRegressions } from './regress.js';
import { runExamples, type ExampleSignature } from './run-examples.js';

/**
 * Answers several classify and regress questions about the same examples (servables/tensorflow/multi_inference.cc). The
 * first task's spec picks the version for all of them. Upstream fetches everything in one run of the graph; here every
 * signature is one run, all of them at once and on the same version.
 *
 * @returns one result per task, in order
 * @throws ServingError INVALID_ARGUMENT, NOT_FOUND, UNIMPLEMENTED for a method other than the two; and the errors of the
 * servable's runs, the first task's first
 */
export async function multiInference(
  dependencies: HandlerDependencies,
  call: MultiInferenceCall,
  options: RequestOptions = {},
): Promise<readonly InferenceResult[]> {
  const first: ModelSpec = call.tasks[0]?.modelSpec ?? { name: '', signatureName: '' };
  const use = async ({ id, servable }: ServableHandle<InferenceServable>) => {
    const signatures = checkTasks(servable, call.tasks, dependencies.checkMethodNames === true);
    const examples = exampleTensor(call.input);
    const runs = await Promise.allSettled(
      signatures.map((signature) => runExamples(servable, signature, examples, options)),
    );
    // Several signatures have answered: none of them is the one of the request.
    if (options.record !== undefined && signatures.length > 1) options.record.signatureName = undefined;
    const results = runs.map((run, task): InferenceResult => {
      if (run.status === 'rejected') throw run.reason;
      const { name, kind } = signatures[task]!;
      const modelSpec = resolveModelSpec(id, name);
      return kind === 'classify'
        ? { kind, modelSpec, classifications: readClassifications(run.value, examples.size) }
        : { kind, modelSpec, values: readRegressions(run.value, examples.size) };
    });
    if (dependencies.recorder !== undefined) recordMultiInference(dependencies.recorder, call, results);
    return results;
  };
  return withServableHandle(dependencies.provider, first, use, options.record, options);
}

interface TaskSignature extends ExampleSignature {
  readonly kind: InferenceResult['kind'];
}

function checkTasks(
  servable: InferenceServable,
  tasks: readonly InferenceTask[],
  checkMethodNames: boolean,
): readonly TaskSignature[] {
  const modelName = tasks[0]?.modelSpec?.name;
  const seen = new Set<string>();
  return tasks.map((task) => {
    const spec = task.modelSpec;
    if (spec === undefined || spec.name === '') {
      throw refused('MODEL_NAME_MISSING', 'Found ModelSpec with an empty model name.');
    }
    if (spec.name !== modelName) {
      throw refused('MODEL_NAMES_DIFFER', 'All ModelSpecs in a MultiInferenceRequest must access the same model name.');
    }
    const name = resolveSignatureName(spec);
    if (seen.has(name)) throw refused('SIGNATURE_DUPLICATE', `Duplicate evaluation of signature: ${name}`);
    seen.add(name);
    const definition = servable.signatureDefs.get(name);
    if (definition === undefined) {
      throw refused('SIGNATURE_NOT_FOUND', `Requested signature not found in model graph: ${name}`);
    }
    if (task.methodName === methodName.classify) {
      if (checkMethodNames) checkMethodName(definition, 'classification');
      return { kind: 'classify', name, definition, outputs: checkClassifySignature(definition) };
    }
    if (task.methodName === methodName.regress) {
      if (checkMethodNames) checkMethodName(definition, 'regression');
      return { kind: 'regress', name, definition, outputs: checkRegressSignature(definition) };
    }
    throw new ServingError(
      'UNIMPLEMENTED',
      'METHOD_UNSUPPORTED',
      `Unsupported signature method_name: ${task.methodName}`,
    );
  });
}

function refused(reason: string, message: string): ServingError {
  return new ServingError('INVALID_ARGUMENT', reason, message);
}
