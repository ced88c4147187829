import { readString } from './address.js';
import { ortApi } from './ort-api.js';
import { check } from './ort-status.js';

/** What engine this process runs models with. */
export interface EngineInfo {
  /** Path of the shared library. */
  readonly path: string;
  /** Version of ONNX Runtime, such as `1.30.0`. */
  readonly version: string;
  /**
   * Execution providers that the library was built with, by ONNX Runtime's names (`CPUExecutionProvider`,
   * `WebGpuExecutionProvider`), the fastest first. That a provider is there does not mean that its device is.
   */
  readonly providers: readonly string[];
}

/**
 * Loads the engine's library, if it is not yet, and says what it is.
 *
 * @throws RuntimeError FAILED_PRECONDITION when the library is missing, too old, or cannot be loaded
 * @example
 * engineInfo().providers; // ['WebGpuExecutionProvider', 'CPUExecutionProvider']
 */
export function engineInfo(): EngineInfo {
  const api = ortApi();
  const list = new BigUint64Array(1);
  const count = new Int32Array(1);
  check(api, api.GetAvailableProviders(list, count));
  const pointers = new BigUint64Array(Math.max(1, count[0] ?? 0));
  api.copyMemory(pointers, list[0] ?? 0n, 8 * (count[0] ?? 0));
  const providers = [...pointers.subarray(0, count[0])].map(readString);
  check(api, api.ReleaseAvailableProviders(list[0] ?? 0n, count[0] ?? 0));
  return { path: api.path, version: api.version, providers };
}
