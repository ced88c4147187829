import type { SignatureDef } from '@servable/protos/tensorflow';
import type { Tensor } from '@servable/tensor';
import { checkMethodName } from '../signature/method-name.js';
import { exampleTensor, type ExampleCall } from './example-input.js';
import type { HandlerDependencies, RequestOptions } from './handler-dependencies.js';
import {
  requireModelSpec,
  resolveModelSpec,
  resolveSignatureName,
  withServableHandle,
  type ResolvedModelSpec,
} from './model-spec.js';
import { findExampleSignature, runExamples } from './run-examples.js';

/** What tells Classify and Regress apart. */
export interface ExampleMethod<R> {
  readonly kind: 'classification' | 'regression';
  /**
   * @returns the outputs to ask for
   * @throws ServingError INVALID_ARGUMENT for a signature of another form
   */
  checkSignature(definition: SignatureDef): readonly string[];
  read(outputs: ReadonlyMap<string, Tensor>, exampleCount: number): R;
}

/**
 * Runs the signature that a call names on its examples.
 *
 * @throws ServingError INVALID_ARGUMENT, NOT_FOUND; and the errors of the servable's run
 */
export async function runExampleCall<R>(
  dependencies: HandlerDependencies,
  call: ExampleCall,
  options: RequestOptions,
  method: ExampleMethod<R>,
): Promise<{ readonly modelSpec: ResolvedModelSpec; readonly result: R }> {
  const spec = requireModelSpec(call.modelSpec);
  return withServableHandle(
    dependencies.provider,
    spec,
    async ({ id, servable }) => {
      const name = resolveSignatureName(spec);
      const definition = findExampleSignature(servable, name);
      if (dependencies.checkMethodNames === true) checkMethodName(definition, method.kind);
      const outputs = method.checkSignature(definition);
      const examples = exampleTensor(call.input);
      const tensors = await runExamples(servable, { name, definition, outputs }, examples, options);
      return { modelSpec: resolveModelSpec(id, name), result: method.read(tensors, examples.size) };
    },
    options.record,
    options,
  );
}
