import koffi from 'koffi';
import { RuntimeError } from '../runtime-error.js';
import { copyMemoryFunction, type CopyMemory } from './copy-memory.js';
import { findLibrary } from './find-library.js';
import { prepareNativeStacks } from './native-stacks.js';
import { switchTelemetryOff } from './no-telemetry.js';
import { ortApiVersion, ortFunctions, type OrtFunction, type OrtFunctions, type Pointer } from './ort-functions.js';

/** The loaded library: its functions and what every call needs. */
export interface OrtApi extends OrtFunctions {
  /** Where it was loaded from. */
  readonly path: string;
  /** Version of ONNX Runtime, such as `1.30.0`. */
  readonly version: string;
  /** The C library's `memcpy`. */
  readonly copyMemory: CopyMemory;
}

let loaded: OrtApi | undefined;

/**
 * Loads ONNX Runtime on first use.
 *
 * @throws RuntimeError FAILED_PRECONDITION: what {@link findLibrary} throws, `ONNXRUNTIME_LOAD_FAILED` when the system
 * cannot load the library, `ONNXRUNTIME_TOO_OLD` when it does not have the API version, `NATIVE_STACK_TOO_SMALL` when
 * other code loaded a library through koffi before and left its stacks small
 */
export function ortApi(): OrtApi {
  loaded ??= load(findLibrary());
  return loaded;
}

function load(path: string): OrtApi {
  prepareNativeStacks('ONNX Runtime');
  switchTelemetryOff();
  let library;
  try {
    library = koffi.load(path);
  } catch (error) {
    throw new RuntimeError(
      'FAILED_PRECONDITION',
      'ONNXRUNTIME_LOAD_FAILED',
      `Cannot load the ONNX Runtime library ${path}: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
  // OrtApiBase: { const OrtApi* (*GetApi)(uint32_t); const char* (*GetVersionString)(); }
  const base = (library.func('OrtGetApiBase', 'void *', []) as unknown as () => Pointer)();
  const getApi = functionAt<(version: number) => Pointer | null>(base, 0, koffi.proto('void *', ['uint32_t']));
  const version = functionAt<() => string>(base, 1, koffi.proto('str', []))();
  // The library complains on stderr about a version it does not have, so old ones are told apart first.
  const minor = Number(version.split('.')[1]);
  const table = version.startsWith('1.') && minor < ortApiVersion ? null : getApi(ortApiVersion);
  if (table === null) {
    throw new RuntimeError(
      'FAILED_PRECONDITION',
      'ONNXRUNTIME_TOO_OLD',
      `The ONNX Runtime library ${path} is too old: expected 1.${ortApiVersion} or newer, given ${version}`,
    );
  }
  const functions: Record<string, unknown> = {};
  for (const [name, [index, result, parameters]] of Object.entries(ortFunctions)) {
    functions[name] = functionAt(table, index, koffi.proto(koffiType(result), parameterTypes(parameters)));
  }
  return Object.freeze({ path, version, copyMemory: copyMemoryFunction(), ...(functions as unknown as OrtFunctions) });
}

/** The function whose pointer lies at an index of a table. */
function functionAt<F = OrtFunction<unknown>>(table: Pointer, index: number, type: ReturnType<typeof koffi.proto>): F {
  const pointer = koffi.decode(table, index * 8, 'void *') as Pointer;
  return koffi.decode(pointer, type) as F;
}

function parameterTypes(parameters: string): string[] {
  return parameters.split(', ').map((parameter) => koffiType(parameter.slice(0, parameter.indexOf(' '))));
}

function koffiType(type: string): string {
  if (type === 'ptr' || type === 'status') return 'void *';
  if (type === 'path') return process.platform === 'win32' ? 'str16' : 'str';
  return type;
}
