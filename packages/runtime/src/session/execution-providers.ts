import { isAbsolute } from 'node:path';
import { badOption, RuntimeError } from '../runtime-error.js';

/** Kinds of devices that a plugin library may have providers for. */
export const deviceTypes = ['cpu', 'gpu', 'npu'] as const;
export type DeviceType = (typeof deviceTypes)[number];

/** What runs the operators of a model, and how. Settings that a provider does not know are refused. */
export interface ExecutionProvider {
  /**
   * `cpu`, `cuda`, `tensorrt` and `webgpu` are those that the engine's library may have built in. With `library` it is a
   * provider of that library, such as `OpenVINO`: its name in any case, with or without `ExecutionProvider` at its end.
   */
  readonly name: string;
  /** Absolute path of a plugin library that has the provider (`onnxruntime_providers_…`). Default: it is built in. */
  readonly library?: string | undefined;
  /**
   * Number of the device, from 0; several are for instances of a model, which take turns. Default 0. Of `cuda`,
   * `tensorrt` and plugins.
   */
  readonly deviceId?: number | readonly number[] | undefined;
  /** What kind of device `deviceId` counts; default all. Of plugins. */
  readonly deviceType?: DeviceType | undefined;
  /** Most bytes that it takes: of `cuda`, of its arena; of `tensorrt`, of the workspace of an engine. Default no limit. */
  readonly memoryLimitBytes?: number | undefined;
  /** The same as part of the device's memory, above 0 and at most 1. Of `cuda`. */
  readonly memoryFraction?: number | undefined;
  /**
   * How the arena grows: `doubling` takes the next power of two (default), `as-needed` what was asked for, so that less of
   * the device's memory is held. Of `cuda`.
   */
  readonly growth?: 'doubling' | 'as-needed' | undefined;
  /** Computes in half precision where that is faster; answers differ by about 1e-3. Default `false`. Of `tensorrt`. */
  readonly fp16?: boolean | undefined;
  /** Absolute path of a directory in which engines are kept from one start to the next. Default: none. Of `tensorrt`. */
  readonly engineCacheDir?: string | undefined;
  /** Other settings, by the provider's own names, such as `use_tf32` of `cuda`. They win over those above. */
  readonly options?: Readonly<Record<string, string>> | undefined;
}

/** An execution provider, or its name alone. */
export type ExecutionProviderInput = ExecutionProvider | string;

/** {@link ExecutionProvider} that has been checked. */
export interface ResolvedExecutionProvider extends Omit<ExecutionProvider, 'deviceId'> {
  readonly deviceIds: readonly number[] | undefined;
}

/** How many copies of a model's sessions there are: a number, or one for each device of its first provider. */
export type Instances = number | 'per-device';

type Setting = Exclude<keyof ExecutionProvider, 'name'>;

/** What each provider that may be built in can be told. */
const builtIn: Readonly<Record<string, readonly Setting[]>> = {
  cpu: [],
  cuda: ['deviceId', 'memoryLimitBytes', 'memoryFraction', 'growth', 'options'],
  tensorrt: ['deviceId', 'memoryLimitBytes', 'fp16', 'engineCacheDir', 'options'],
  webgpu: ['options'],
};
const ofPlugins: readonly Setting[] = ['library', 'deviceId', 'deviceType', 'options'];
const settings: Readonly<Record<Setting, true>> = {
  library: true,
  deviceId: true,
  deviceType: true,
  memoryLimitBytes: true,
  memoryFraction: true,
  growth: true,
  fp16: true,
  engineCacheDir: true,
  options: true,
};

const whole = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/** What each setting takes, for messages, and whether a value is that. */
const checks: Readonly<Record<Setting, readonly [expected: string, isRight: (value: unknown) => boolean]>> = {
  library: ['the absolute path of a library', (value) => typeof value === 'string' && isAbsolute(value)],
  deviceId: [
    'the number of a device, from 0, or a list of different ones',
    (value) =>
      whole(value) ||
      (Array.isArray(value) && value.length > 0 && value.every(whole) && new Set(value).size === value.length),
  ],
  deviceType: ["'cpu', 'gpu' or 'npu'", (value) => (deviceTypes as readonly unknown[]).includes(value)],
  memoryLimitBytes: ['a whole number of bytes, at least 1', (value) => whole(value) && value > 0],
  memoryFraction: ['a number above 0 and at most 1', (value) => typeof value === 'number' && value > 0 && value <= 1],
  growth: ["'doubling' or 'as-needed'", (value) => value === 'doubling' || value === 'as-needed'],
  fp16: ['a boolean', (value) => typeof value === 'boolean'],
  engineCacheDir: ['the absolute path of a directory', (value) => typeof value === 'string' && isAbsolute(value)],
  options: [
    'a map of texts',
    (value) => isMap(value) && Object.values(value).every((entry) => typeof entry === 'string'),
  ],
};

/**
 * Checks a list of execution providers, the preferred one first. Operators that one does not take go to the next; what none
 * takes runs on the processor, whether or not `cpu` is listed.
 *
 * @param given - what a user gave; absent, the processor runs everything
 * @param where - how the user knows the option, for messages
 * @throws RuntimeError INVALID_ARGUMENT `BAD_OPTION` that says which setting is wrong and what it takes
 */
export function resolveExecutionProviders(
  given: unknown,
  where = 'executionProviders',
): readonly ResolvedExecutionProvider[] {
  if (given === undefined) return [];
  if (!Array.isArray(given) || given.length === 0) {
    throw badOption(where, 'a list of execution providers', Array.isArray(given) ? 'an empty list' : given);
  }
  const list = given.map((entry, index) => resolveOne(entry, `${where}[${index}]`));
  list.forEach(({ name, library }, index) => {
    if (list.findIndex((other) => other.name === name && other.library === library) < index) {
      throw badOption(`${where}[${index}]`, 'another provider than those before it', name);
    }
    if (name === 'cpu' && library === undefined && index < list.length - 1) {
      throw badOption(`${where}[${index}]`, 'cpu to be the last, as it takes everything', 'providers after it');
    }
  });
  return Object.freeze(list);
}

function resolveOne(given: unknown, where: string): ResolvedExecutionProvider {
  const entry = typeof given === 'string' ? { name: given } : given;
  const known = Object.keys(builtIn).join(', ');
  if (!isMap(entry) || typeof entry['name'] !== 'string' || entry['name'] === '') {
    throw badOption(where, `one of ${known}, or a map with a name`, isMap(given) ? 'a map without a name' : given);
  }
  const name = entry['name'];
  const isPlugin = entry['library'] !== undefined;
  const taken = isPlugin ? ofPlugins : Object.hasOwn(builtIn, name) ? builtIn[name] : undefined;
  if (taken === undefined) {
    throw badOption(`${where}.name`, `one of ${known}, or a provider of the plugin that library names`, name);
  }
  for (const [key, value] of Object.entries(entry)) {
    if (key === 'name' || value === undefined) continue;
    if (!Object.hasOwn(settings, key)) {
      throw badOption(`${where}.${key}`, `one of the settings name, ${Object.keys(settings).join(', ')}`, key);
    }
    const [expected, isRight] = checks[key as Setting];
    if (!taken.includes(key as Setting)) {
      const has = taken.length === 0 ? 'none' : taken.join(', ');
      throw badOption(`${where}.${key}`, `a setting that ${name} has (${has})`, key);
    }
    if (!isRight(value)) throw badOption(`${where}.${key}`, expected, show(value));
  }
  const { deviceId, ...rest } = entry as unknown as ExecutionProvider;
  if (rest.memoryLimitBytes !== undefined && rest.memoryFraction !== undefined) {
    throw badOption(where, 'either memoryLimitBytes or memoryFraction', 'both');
  }
  return Object.freeze({ ...rest, deviceIds: typeof deviceId === 'number' ? [deviceId] : deviceId });
}

/**
 * Checks a number of instances.
 *
 * @throws RuntimeError INVALID_ARGUMENT `BAD_OPTION`
 */
export function resolveInstances(given: unknown, where = 'instances'): Instances {
  if (given === undefined) return 1;
  if (given === 'per-device' || (whole(given) && given >= 1 && given <= 256)) return given;
  throw badOption(where, "an integer from 1 to 256, or 'per-device'", given);
}

/** Whether models leave the processor. */
export function usesDevice(providers: readonly ResolvedExecutionProvider[]): boolean {
  return providers.some(({ name, library }) => name !== 'cpu' || library !== undefined);
}

/**
 * Whether calls may bring values of which another dimension than the first, the batch, is 0. The kernels of `webgpu` end
 * the process where a product has nothing to sum up.
 */
export function takesEmptyValues(providers: readonly ResolvedExecutionProvider[]): boolean {
  return !sharesDevice(providers);
}

/** Whether native calls must be made one at a time, as sessions of `webgpu` have one device together. */
export function sharesDevice(providers: readonly ResolvedExecutionProvider[]): boolean {
  return providers.some(({ name }) => /^webgpu/i.test(name));
}

/**
 * The providers of every instance: instances take turns with the devices that are listed.
 *
 * @param count - tells how many devices a provider has; asked only for `per-device` without a list of devices
 */
export function instanceProviders(
  providers: readonly ResolvedExecutionProvider[],
  instances: Instances,
  count: (provider: ResolvedExecutionProvider) => number,
): readonly (readonly ResolvedExecutionProvider[])[] {
  const listed = providers.find(({ deviceIds }) => deviceIds !== undefined)?.deviceIds;
  const [first] = providers;
  let devices = listed;
  if (instances === 'per-device' && devices === undefined && first !== undefined && takesDevice(first)) {
    const found = count(first);
    if (found === 0) {
      throw new RuntimeError(
        'FAILED_PRECONDITION',
        'NO_DEVICES',
        `instances 'per-device' of execution provider ${first.name}: expected at least one device, found none`,
      );
    }
    devices = Array.from({ length: found }, (_, index) => index);
  }
  const number = instances === 'per-device' ? (devices?.length ?? 1) : instances;
  return Array.from({ length: number }, (_, instance) =>
    providers.map((provider) => {
      const own = provider.deviceIds ?? devices;
      if (own === undefined || !takesDevice(provider)) return provider;
      return { ...provider, deviceIds: [own[instance % own.length]!] };
    }),
  );
}

function takesDevice({ name, library }: ResolvedExecutionProvider): boolean {
  return library !== undefined || builtIn[name]?.includes('deviceId') === true;
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function show(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : value;
}
