import { ServingError } from '@servable/core';
import type { ExecutionProviderInput } from '@servable/runtime';
import type { ModelEngineOptions } from '../platforms/model-engine.js';

/** What the flags on the engine say about themselves, in both command lines. */
export const executionProvidersHelp =
  'What runs models on the built-in engine, the preferred one first: cpu, cuda, tensorrt, webgpu, separated by commas, or ' +
  'a JSON list with settings and plugin libraries. Empty: the processor.';
export const instancesHelp = 'Sessions of each model: a number, or per-device. Empty: one.';

/**
 * The engine options of two flags; what is empty is left out.
 *
 * @param names - of the flags, for messages
 * @throws ServingError INVALID_ARGUMENT for text that is no list and for what is no number
 */
export function engineFlags(
  executionProviders: string,
  instances: string,
  names: { readonly executionProviders: string; readonly instances: string },
): ModelEngineOptions {
  return {
    ...(executionProviders === ''
      ? {}
      : { executionProviders: providers(executionProviders, names.executionProviders) }),
    ...(instances === '' ? {} : { instances: instanceCount(instances, names.instances) }),
  };
}

function providers(text: string, name: string): readonly ExecutionProviderInput[] {
  if (!text.trimStart().startsWith('[')) return text.split(',').map((entry) => entry.trim());
  try {
    return JSON.parse(text) as ExecutionProviderInput[];
  } catch (error) {
    throw refusal(`${name} begins as a JSON list, but is none: ${(error as Error).message}`);
  }
}

function instanceCount(text: string, name: string): NonNullable<ModelEngineOptions['instances']> {
  if (text === 'per-device') return text;
  if (/^\d+$/.test(text)) return Number(text);
  throw refusal(`${name} must be a number or per-device; got '${text}'`);
}

function refusal(message: string): ServingError {
  return new ServingError('INVALID_ARGUMENT', 'OPTION_INVALID', message);
}
