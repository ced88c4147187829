import { readString } from './address.js';
import { ortEnv } from './ort-env.js';
import type { Pointer } from './ort-functions.js';
import { check } from './ort-status.js';

/** A device that a provider of the engine can run models on. */
export interface EngineDevice {
  /** The engine's name of the provider, such as `CPUExecutionProvider`. */
  readonly provider: string;
  readonly type: 'cpu' | 'gpu' | 'npu';
  /** Who made the device, as far as it is known. */
  readonly vendor: string;
  /** PCI numbers; 0 where there are none. */
  readonly vendorId: number;
  readonly deviceId: number;
  /** What else the system tells of it. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** `OrtHardwareDeviceType`. */
const types = ['cpu', 'gpu', 'npu'] as const;

/**
 * The devices that the engine has found, for the providers that are built into its library and those of the plugin
 * libraries that have been registered. `cuda` and `tensorrt` of a library that has them built in are not among them.
 *
 * @throws RuntimeError FAILED_PRECONDITION when the engine's library is missing, too old, or cannot be loaded
 */
export function engineDevices(): readonly EngineDevice[] {
  return nativeDevices().map(({ device }) => device);
}

/** A device and its `OrtEpDevice`, which the engine keeps until a plugin is registered. */
export interface NativeDevice {
  readonly address: Pointer;
  readonly device: EngineDevice;
}

export function nativeDevices(): readonly NativeDevice[] {
  const { api, env } = ortEnv();
  const out = new BigUint64Array(1);
  const count = new BigUint64Array(1);
  check(api, api.GetEpDevices(env, out, count));
  return pointersAt(out[0] ?? 0n, Number(count[0] ?? 0n)).map((address) => {
    const hardware = api.EpDevice_Device(address) ?? 0n;
    return {
      address,
      device: {
        provider: api.EpDevice_EpName(address),
        type: types[api.HardwareDevice_Type(hardware)] ?? 'cpu',
        vendor: api.HardwareDevice_Vendor(hardware),
        vendorId: api.HardwareDevice_VendorId(hardware),
        deviceId: api.HardwareDevice_DeviceId(hardware),
        metadata: pairsAt(api.HardwareDevice_Metadata(hardware) ?? 0n),
      },
    };
  });
}

function pairsAt(pairs: Pointer): Record<string, string> {
  const { api } = ortEnv();
  const [keys, values, count] = [new BigUint64Array(1), new BigUint64Array(1), new BigUint64Array(1)];
  if (pairs === 0n) return {};
  api.GetKeyValuePairs(pairs, keys, values, count);
  const number = Number(count[0] ?? 0n);
  const texts = pointersAt(values[0] ?? 0n, number).map(readString);
  return Object.fromEntries(
    pointersAt(keys[0] ?? 0n, number).map((key, index) => [readString(key), texts[index] ?? '']),
  );
}

function pointersAt(address: Pointer, count: number): readonly Pointer[] {
  const pointers = new BigUint64Array(Math.max(1, count));
  if (count > 0) ortEnv().api.copyMemory(pointers, address, 8 * count);
  return [...pointers.subarray(0, count)];
}

const registered = new Map<string, readonly string[]>();

/**
 * Registers a plugin library, once per process.
 *
 * @returns names of the providers that it has brought
 * @throws RuntimeError what the engine says of a library that it cannot load
 */
export function registerProviderLibrary(path: string): readonly string[] {
  const known = registered.get(path);
  if (known !== undefined) return known;
  const { api, env } = ortEnv();
  const before = new Set(nativeDevices().map(({ address }) => address));
  check(api, api.RegisterExecutionProviderLibrary(env, path, path));
  const brought = nativeDevices().filter(({ address }) => !before.has(address));
  const names = [...new Set(brought.map(({ device }) => device.provider))];
  registered.set(path, names);
  return names;
}
