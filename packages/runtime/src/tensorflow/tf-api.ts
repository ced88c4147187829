import koffi from 'koffi';
import { copyMemoryFunction, type CopyMemory } from '../native/copy-memory.js';
import { prepareNativeStacks } from '../native/native-stacks.js';
import type { Pointer } from '../native/ort-functions.js';
import { RuntimeError } from '../runtime-error.js';
import { findTensorFlow } from './find-tensorflow.js';
import { tfFunctions, type TfFunctions } from './tf-functions.js';

/** TensorFlow's loaded library. */
export interface TfApi extends TfFunctions {
  /** Where it was loaded from. */
  readonly path: string;
  /** Version of TensorFlow, such as `2.21.0`. */
  readonly version: string;
  readonly copyMemory: CopyMemory;
}

/** TensorFlow's library as found and loaded. */
export interface TensorFlowLibrary {
  readonly path: string;
  /** Such as `2.21.0`. */
  readonly version: string;
}

/** TensorFlow writes progress to stderr unless told otherwise; what fails is thrown as well. */
const logLevelVariable = 'TF_CPP_MIN_LOG_LEVEL';
const onlyErrors = '2';

let loading: Promise<TfApi> | undefined;

/**
 * Finds and loads TensorFlow's library, once. The file is large (about 1 GB): the system maps it on a pool thread.
 *
 * @throws RuntimeError FAILED_PRECONDITION: what `findTensorFlow` throws, `TENSORFLOW_LOAD_FAILED` when the system cannot
 * load the library, `TENSORFLOW_TOO_OLD` when it lacks a function, `NATIVE_STACK_TOO_SMALL`
 */
export function tfApi(): Promise<TfApi> {
  loading ??= findTensorFlow()
    .then(load)
    .catch((error: unknown) => {
      // It may be installed by the time of the next attempt.
      loading = undefined;
      throw error;
    });
  return loading;
}

/**
 * Says which TensorFlow library models would run on, after loading it.
 *
 * @throws RuntimeError FAILED_PRECONDITION with where it was looked for and what to install
 */
export async function tensorFlowLibrary(): Promise<TensorFlowLibrary> {
  const { path, version } = await tfApi();
  return { path, version };
}

async function load(path: string): Promise<TfApi> {
  prepareNativeStacks('TensorFlow');
  process.env[logLevelVariable] ??= onlyErrors;
  await mapLibrary(path);
  let library: ReturnType<typeof koffi.load>;
  try {
    library = koffi.load(path);
  } catch (error) {
    throw new RuntimeError(
      'FAILED_PRECONDITION',
      'TENSORFLOW_LOAD_FAILED',
      `Cannot load the TensorFlow library ${path}: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
  const functions: Record<string, unknown> = {};
  for (const [name, [result, parameters]] of Object.entries(tfFunctions)) {
    try {
      functions[name] = library.func(name, koffiType(result), parameterTypes(parameters));
    } catch (error) {
      throw new RuntimeError(
        'FAILED_PRECONDITION',
        'TENSORFLOW_TOO_OLD',
        `The library ${path} has no function ${name}: expected TensorFlow 2.5 or newer`,
        { cause: error },
      );
    }
  }
  const api = functions as unknown as TfFunctions;
  return Object.freeze({ ...api, path, version: api.TF_Version(), copyMemory: copyMemoryFunction() });
}

function parameterTypes(parameters: string): string[] {
  if (parameters === '') return [];
  return parameters.split(', ').map((parameter) => koffiType(parameter.slice(0, parameter.indexOf(' '))));
}

function koffiType(type: string): string {
  return type === 'ptr' ? 'void *' : type;
}

/** `RTLD_NOW | RTLD_LOCAL` of `dlfcn.h`. */
const openFlags: Readonly<Record<string, number>> = { linux: 2, darwin: 2 | 4 };

/**
 * Has the system map and relocate the library on a pool thread, which takes a second or more when its file is not in
 * memory; loading it once more on the calling thread is then a matter of a reference count. A failure is left to that.
 */
async function mapLibrary(path: string): Promise<void> {
  const flags = openFlags[process.platform];
  if (flags === undefined) return;
  const dlopen = koffi.load(null).func('dlopen', 'void *', ['str', 'int']) as unknown as {
    async(path: string, flags: number, done: (error: unknown, handle: Pointer | null) => void): void;
  };
  await new Promise<void>((resolve) => dlopen.async(path, flags, () => resolve()));
}
