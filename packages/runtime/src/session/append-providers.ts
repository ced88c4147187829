import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { nativeNames } from '../native/address.js';
import { nativeDevices, registerProviderLibrary, type NativeDevice } from '../native/engine-devices.js';
import { engineInfo } from '../native/engine-info.js';
import { nvidiaDevices } from '../native/nvidia-driver.js';
import { ortEnv } from '../native/ort-env.js';
import type { Pointer } from '../native/ort-functions.js';
import { check } from '../native/ort-status.js';
import { RuntimeError } from '../runtime-error.js';
import type { ResolvedExecutionProvider } from './execution-providers.js';
import { providerSettings } from './provider-settings.js';

/** The engine's names of the providers that its library may have built in, and what they need beside it. */
const builtIn: Readonly<Record<string, { readonly engineName: string; readonly needs: string }>> = {
  cuda: {
    engineName: 'CUDAExecutionProvider',
    needs: 'an NVIDIA driver, the CUDA 12 or 13 that the library was built for, and cuDNN 9',
  },
  tensorrt: {
    engineName: 'TensorrtExecutionProvider',
    needs: 'an NVIDIA driver, CUDA, cuDNN 9 and TensorRT 10',
  },
  webgpu: {
    engineName: 'WebGpuExecutionProvider',
    needs: 'a GPU with a driver for Vulkan, Direct3D 12 or Metal (libvulkan1 and the driver of the GPU on Linux)',
  },
};

/**
 * Gives a session its execution providers, the preferred one first.
 *
 * @param native - the `OrtSessionOptions`
 * @throws RuntimeError FAILED_PRECONDITION: `EXECUTION_PROVIDER_MISSING` for what the library does not have, and
 * `EXECUTION_PROVIDER_UNUSABLE` for what this machine cannot run, both with what to install; `NO_SUCH_DEVICE`;
 * INVALID_ARGUMENT `BAD_EXECUTION_PROVIDER_OPTION` for a setting that the provider does not know
 */
export function appendProviders(native: Pointer, providers: readonly ResolvedExecutionProvider[]): void {
  for (const provider of providers) {
    if (provider.library !== undefined) appendPlugin(native, provider, provider.library);
    // The engine has the processor at the end of every list.
    else if (provider.name !== 'cpu') appendBuiltIn(native, provider);
  }
}

/** How many devices a provider has, as far as it can be told before a session is made. */
export function countDevices(provider: ResolvedExecutionProvider): number {
  if (provider.library !== undefined) return pluginDevices(provider, provider.library).length;
  return nvidiaDevices()?.length ?? 0;
}

function appendBuiltIn(native: Pointer, provider: ResolvedExecutionProvider): void {
  const { api } = ortEnv();
  const { engineName, needs } = builtIn[provider.name]!;
  const { providers, path, version } = engineInfo();
  const absent = providers.includes(engineName) ? missingFile(path, provider.name) : undefined;
  if (absent !== undefined || !providers.includes(engineName)) {
    const why =
      absent === undefined
        ? `is not in the ONNX Runtime library ${path}, which has ${providers.join(', ')}`
        : `is not installed: the ONNX Runtime library ${path} looks for it in ${absent} beside it, which is not there`;
    throw new RuntimeError(
      'FAILED_PRECONDITION',
      'EXECUTION_PROVIDER_MISSING',
      `Execution provider ${provider.name} ${why}. ${howToInstall(provider.name, version)}`,
    );
  }
  const settings = providerSettings(provider, deviceMemory);
  const [keys, values] = [nativeNames(Object.keys(settings)), nativeNames(Object.values(settings))];
  const count = Object.keys(settings).length;
  try {
    if (provider.name === 'cuda') {
      withOptions(api.CreateCUDAProviderOptions, api.ReleaseCUDAProviderOptions, (made) => {
        checkSettings(provider, () => api.UpdateCUDAProviderOptions(made, keys.pointers, values.pointers, count));
        check(api, api.SessionOptionsAppendExecutionProvider_CUDA_V2(native, made));
      });
    } else if (provider.name === 'tensorrt') {
      withOptions(api.CreateTensorRTProviderOptions, api.ReleaseTensorRTProviderOptions, (made) => {
        checkSettings(provider, () => api.UpdateTensorRTProviderOptions(made, keys.pointers, values.pointers, count));
        check(api, api.SessionOptionsAppendExecutionProvider_TensorRT_V2(native, made));
      });
    } else {
      check(api, api.SessionOptionsAppendExecutionProvider(native, 'WebGPU', keys.pointers, values.pointers, count));
    }
  } catch (error) {
    throw unusable(provider.name, error, `It needs ${needs}.`);
  }
}

/** The file of a provider that the engine's library does not hold itself, if it is not there. */
function missingFile(library: string, name: string): string | undefined {
  if (name !== 'cuda' && name !== 'tensorrt') return undefined;
  const file = (part: string): string =>
    process.platform === 'win32' ? `onnxruntime_providers_${part}.dll` : `libonnxruntime_providers_${part}.so`;
  return [file('shared'), file(name)].find((each) => !existsSync(join(dirname(library), each)));
}

function withOptions(
  create: (out: BigUint64Array) => Pointer | null,
  release: (made: Pointer) => void,
  use: (made: Pointer) => void,
): void {
  const out = new BigUint64Array(1);
  check(ortEnv().api, create(out));
  const made = out[0] ?? 0n;
  try {
    use(made);
  } finally {
    release(made);
  }
}

function checkSettings(provider: ResolvedExecutionProvider, update: () => Pointer | null): void {
  const status = update();
  if (status === null) return;
  try {
    check(ortEnv().api, status);
  } catch (error) {
    // Settings come first to the library of the provider, which may not be there, or find no driver.
    if (isMachineFailure(error)) throw error;
    throw new RuntimeError(
      'INVALID_ARGUMENT',
      'BAD_EXECUTION_PROVIDER_OPTION',
      `Execution provider ${provider.name} does not take its options: ${withoutPlace((error as Error).message)}`,
      { cause: error },
    );
  }
}

function isMachineFailure(error: unknown): boolean {
  return /load library|cannot open shared object|LoadLibrary|dlopen|CUDA failure/i.test((error as Error).message);
}

function unusable(name: string, error: unknown, advice: string): unknown {
  if ((error as { reason?: unknown }).reason === 'BAD_EXECUTION_PROVIDER_OPTION') return error;
  return new RuntimeError(
    'FAILED_PRECONDITION',
    'EXECUTION_PROVIDER_UNUSABLE',
    `Execution provider ${name} cannot be used: ${withoutPlace((error as Error).message)}. ${advice}`,
    { cause: error },
  );
}

/** The engine's message without the place in its source that it begins with. */
function withoutPlace(message: string): string {
  return message
    .replace(/^.*\[ONNXRuntimeError\] : \d+ : \w+ : /s, '')
    .replace(/^\S+\.(?:cc|cpp|h):\d+ .* was false\. /s, '')
    .replace(/^\S+\.(?:cc|cpp|h):\d+ \w+ /, '')
    .replace(/ ; GPU=.*$/s, '')
    .trim()
    .replace(/\.$/, '');
}

function howToInstall(name: string, version: string): string {
  if (name === 'webgpu') {
    return (
      'Take the library that @servable/runtime comes with (unset SERVABLE_ONNXRUNTIME_PATH), or the plugin library of ' +
      "Python's onnxruntime-ep-webgpu."
    );
  }
  return (
    `Install a build that has it, such as Python's (pip install onnxruntime-gpu==${version}), and name its library by ` +
    'SERVABLE_ONNXRUNTIME_PATH=…/site-packages/onnxruntime/capi/' +
    (process.platform === 'win32' ? 'onnxruntime.dll' : `libonnxruntime.so.${version}`) +
    `; beside it, ${name} needs ${builtIn[name]!.needs}.`
  );
}

function appendPlugin(native: Pointer, provider: ResolvedExecutionProvider, library: string): void {
  const { api, env } = ortEnv();
  const devices = pluginDevices(provider, library);
  const wanted = provider.deviceIds?.[0] ?? 0;
  const chosen = devices[wanted];
  if (chosen === undefined) {
    const kind = provider.deviceType === undefined ? '' : ` of type ${provider.deviceType}`;
    throw new RuntimeError(
      'FAILED_PRECONDITION',
      'NO_SUCH_DEVICE',
      devices.length === 0
        ? `Execution provider ${provider.name} of ${library} found no device${kind} on this machine`
        : `Execution provider ${provider.name} of ${library}: expected a device${kind} from 0 to ${devices.length - 1}, ` +
            `given ${wanted}`,
    );
  }
  const settings = providerSettings(provider, deviceMemory);
  const [keys, values] = [nativeNames(Object.keys(settings)), nativeNames(Object.values(settings))];
  const count = Object.keys(settings).length;
  const address = BigUint64Array.of(chosen.address);
  try {
    check(
      api,
      api.SessionOptionsAppendExecutionProvider_V2(native, env, address, 1, keys.pointers, values.pointers, count),
    );
  } catch (error) {
    throw unusable(provider.name, error, `It is a provider of ${library}.`);
  }
}

/** The devices of a plugin's provider. */
function pluginDevices(provider: ResolvedExecutionProvider, library: string): readonly NativeDevice[] {
  let names: readonly string[];
  try {
    names = registerProviderLibrary(library);
  } catch (error) {
    throw unusable(
      provider.name,
      error,
      `${library} must be a plugin library with execution providers, for ONNX Runtime ${ortEnv().api.version} or older, ` +
        'with all libraries that it needs beside it.',
    );
  }
  const plain = (name: string): string => name.toLowerCase().replace(/executionprovider$/, '');
  const engineName = names.find((name) => plain(name) === plain(provider.name));
  if (engineName === undefined) {
    throw new RuntimeError(
      'FAILED_PRECONDITION',
      'EXECUTION_PROVIDER_MISSING',
      names.length === 0
        ? `The library ${library} has found no device for an execution provider on this machine`
        : `The library ${library} has no execution provider ${provider.name}: expected one of ${names.join(', ')}`,
    );
  }
  return nativeDevices().filter(
    ({ device }) =>
      device.provider === engineName && (provider.deviceType === undefined || device.type === provider.deviceType),
  );
}

function deviceMemory(deviceId: number): number {
  const devices = nvidiaDevices();
  const bytes = devices?.[deviceId]?.memoryBytes;
  if (bytes !== undefined) return bytes;
  throw new RuntimeError(
    'FAILED_PRECONDITION',
    'NO_SUCH_DEVICE',
    `memoryFraction is a part of the memory of device ${deviceId}, which ` +
      (devices === undefined
        ? 'there is not: no NVIDIA driver was found (libcuda)'
        : `is not among the ${devices.length} that the NVIDIA driver shows`),
  );
}
