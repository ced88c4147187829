import { type LoadOptions, ServingError } from '@servable/core';
import type { ExecutionProviderInput, Instances } from '@servable/runtime';

/** What the built-in engine runs a model on. */
export interface ModelEngineOptions {
  /**
   * Execution providers, the preferred one first: `cpu`, `cuda`, `tensorrt`, `webgpu` and those of plugin libraries. What
   * none of them takes runs on the processor, which is the default. One that this machine cannot run fails the start.
   */
  readonly executionProviders?: readonly ExecutionProviderInput[] | undefined;
  /**
   * Sessions of a model, each with its own weights, or `per-device`: one on each device of its first execution provider. A
   * call goes to the one with the fewest under way; variables and tables are there once. Default 1.
   */
  readonly instances?: Instances | undefined;
}

/** {@link ModelEngineOptions}, and what the server knows of the moment of the load. */
export interface EngineSettings extends ModelEngineOptions {
  /** Requests are being answered, and this load is to stay out of their way, even if it takes longer. */
  readonly isServing?: boolean | undefined;
}

/** How a version is loaded on the engine. */
export interface EngineLoadOptions extends LoadOptions, EngineSettings {}

/**
 * Checks what models are to run on before anything is loaded, also whether this machine has it.
 *
 * @param names - how the user knows the two options, for messages
 * @throws ServingError INVALID_ARGUMENT for a malformed option; FAILED_PRECONDITION for a provider that is missing, with
 * what to install
 */
export async function checkModelEngine(
  { executionProviders, instances }: ModelEngineOptions,
  names: { readonly executionProviders: string; readonly instances: string },
): Promise<void> {
  // The runtime is native code: it is not needed for what is not set.
  if (executionProviders === undefined && instances === undefined) return;
  const runtime = await import('@servable/runtime');
  try {
    runtime.resolveInstances(instances, names.instances);
    runtime.resolveExecutionProviders(executionProviders, names.executionProviders);
    if (executionProviders !== undefined) runtime.tryExecutionProviders(executionProviders);
  } catch (error) {
    throw ServingError.from(error);
  }
}
