import koffi from 'koffi';

/** An NVIDIA GPU, as the driver sees it. */
export interface NvidiaDevice {
  readonly name: string;
  readonly memoryBytes: number;
}

type Out = Int32Array | BigUint64Array | Uint8Array;

/** Functions of the driver's C API (`cuda.h`) that need no CUDA toolkit. */
interface Driver {
  cuInit(flags: number): number;
  cuDeviceGetCount(count: Out): number;
  cuDeviceGet(device: Out, ordinal: number): number;
  cuDeviceTotalMem_v2(bytes: Out, device: number): number;
  cuDeviceGetName(name: Out, length: number, device: number): number;
}

const signatures = {
  cuInit: 'int cuInit(unsigned int flags)',
  cuDeviceGetCount: 'int cuDeviceGetCount(void *count)',
  cuDeviceGet: 'int cuDeviceGet(void *device, int ordinal)',
  cuDeviceTotalMem_v2: 'int cuDeviceTotalMem_v2(void *bytes, int device)',
  cuDeviceGetName: 'int cuDeviceGetName(void *name, int length, int device)',
} as const;

let driver: Driver | undefined;
let isLoaded = false;

/**
 * The GPUs that the NVIDIA driver shows to this process, in its order (`CUDA_VISIBLE_DEVICES` counts).
 *
 * @returns `undefined` when there is no driver
 */
export function nvidiaDevices(): readonly NvidiaDevice[] | undefined {
  if (!isLoaded) driver = loadDriver();
  isLoaded = true;
  if (driver === undefined || driver.cuInit(0) !== 0) return undefined;
  const number = new Int32Array(1);
  if (driver.cuDeviceGetCount(number) !== 0) return undefined;
  const devices: NvidiaDevice[] = [];
  for (let ordinal = 0, count = number[0] ?? 0; ordinal < count; ordinal++) {
    const [bytes, name] = [new BigUint64Array(1), new Uint8Array(256)];
    if (driver.cuDeviceGet(number, ordinal) !== 0) continue;
    const device = number[0] ?? 0;
    driver.cuDeviceTotalMem_v2(bytes, device);
    driver.cuDeviceGetName(name, name.length, device);
    devices.push({
      name: new TextDecoder().decode(name.subarray(0, name.indexOf(0))),
      memoryBytes: Number(bytes[0] ?? 0n),
    });
  }
  return devices;
}

function loadDriver(): Driver | undefined {
  try {
    const library = koffi.load(process.platform === 'win32' ? 'nvcuda.dll' : 'libcuda.so.1');
    const functions = Object.entries(signatures).map(([name, signature]) => [name, library.func(signature)]);
    return Object.fromEntries(functions) as Driver;
  } catch {
    return undefined;
  }
}
