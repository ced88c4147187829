import { ServingError } from '@servable/core';
import type { Check } from './check.js';

/** The embedded engine: without it nothing runs. */
export async function checkEngine(): Promise<Check> {
  try {
    const { engineInfo } = await import('@servable/runtime');
    const { path, version, providers } = engineInfo();
    return {
      name: 'engine',
      title: 'Engine',
      status: 'ok',
      found: `ONNX Runtime ${version} with ${providers.join(', ')}; ${path}`,
      details: { version, path, providers },
    };
  } catch (error) {
    const { message, reason } = ServingError.from(error);
    return {
      name: 'engine',
      title: 'Engine',
      status: 'error',
      found: 'not usable',
      advice: message,
      details: { reason },
    };
  }
}

/** TensorFlow's own library, which most models do not need. */
export async function checkTensorFlow(): Promise<Check> {
  const common = { name: 'tensorflow', title: 'TensorFlow', status: 'ok' } as const;
  try {
    const { findTensorFlow } = await import('@servable/runtime');
    const path = await findTensorFlow();
    return { ...common, found: path, details: { path } };
  } catch (error) {
    const { message, reason } = ServingError.from(error);
    // A path that was set and is wrong was meant; a library that is not there is not needed.
    if (reason !== 'TENSORFLOW_NOT_INSTALLED' && reason !== 'TENSORFLOW_UNSUPPORTED_PLATFORM') {
      return { ...common, status: 'warning', found: 'not usable', advice: message, details: { reason } };
    }
    return { ...common, found: 'not found; only models with ops that the engine lacks need it', details: { reason } };
  }
}
