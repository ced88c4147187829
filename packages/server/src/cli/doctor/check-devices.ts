import { availableParallelism } from 'node:os';
import { ServingError } from '@servable/core';
import type { ExecutionProviderInput } from '@servable/runtime';
import { formatBytes } from '../inspect/format-inspection.js';
import type { Check } from './check.js';

/** What models can run on: devices of the engine, and NVIDIA GPUs that it may not have been built for. */
export async function checkDevices(): Promise<Check> {
  const common = { name: 'devices', title: 'Devices' } as const;
  try {
    const { engineDevices, nvidiaDevices, tryExecutionProviders } = await import('@servable/runtime');
    const devices = engineDevices();
    const gpus = nvidiaDevices() ?? [];
    const found = [
      ...devices.map(({ provider, type, vendor }) => `${type} ${vendor || 'of unknown make'} (${provider})`),
      ...gpus.map(({ name, memoryBytes }) => `gpu ${name} with ${formatBytes(memoryBytes)} (NVIDIA driver)`),
    ].join(', ');
    const details = { devices, nvidia: gpus };
    // A GPU that stands idle is worth a word; one that is not there is not.
    if (gpus.length === 0) return { ...common, status: 'ok', found: `${found}; no NVIDIA driver`, details };
    const failure = failureOf(() => tryExecutionProviders(['cuda']));
    if (failure === undefined) return { ...common, status: 'ok', found, details };
    return { ...common, status: 'warning', found, advice: `to run models on it: ${failure.message}`, details };
  } catch (error) {
    const { reason } = ServingError.from(error);
    return { ...common, status: 'ok', found: 'not known without the engine', details: { reason } };
  }
}

/**
 * One check for each provider that was asked for: whether a server could use it.
 *
 * @throws ServingError INVALID_ARGUMENT for a list that is malformed
 */
export async function checkProviders(providers: readonly ExecutionProviderInput[], flag: string): Promise<Check[]> {
  const { resolveExecutionProviders, tryExecutionProviders } = await import('@servable/runtime');
  try {
    resolveExecutionProviders(providers, flag);
  } catch (error) {
    throw ServingError.from(error);
  }
  return providers.map((provider): Check => {
    const { name } = typeof provider === 'string' ? { name: provider } : provider;
    const common = { name: `provider_${name}`, title: `Provider ${name}` };
    const failure = failureOf(() => tryExecutionProviders([provider]));
    if (failure === undefined) return { ...common, status: 'ok', found: 'usable', details: { provider } };
    const { message, reason } = failure;
    return { ...common, status: 'error', found: 'not usable', advice: message, details: { provider, reason } };
  });
}

function failureOf(attempt: () => void): ServingError | undefined {
  try {
    attempt();
    return undefined;
  } catch (error) {
    return ServingError.from(error);
  }
}

/** Threads that calls run on. */
export function checkThreads(poolSize: string | undefined = process.env['UV_THREADPOOL_SIZE']): Check {
  const cores = availableParallelism();
  // libuv's own bounds (src/threadpool.c); one thread is kept for files and names.
  const pool = Math.min(1024, Math.max(1, poolSize === undefined ? 4 : Math.trunc(Number(poolSize)) || 1));
  const calls = Math.max(1, pool - 1);
  const isShort = calls < cores / 2;
  return {
    name: 'threads',
    title: 'Threads',
    status: 'ok',
    found: `${calls} call${calls === 1 ? '' : 's'} of models at the same time (a pool of ${pool}), each spread over the ${cores} usable core${cores === 1 ? '' : 's'}`,
    ...(isShort ? { advice: `set UV_THREADPOOL_SIZE=${cores + 1} for one call on each core` } : {}),
    details: { poolThreads: pool, concurrentCalls: calls, cores },
  };
}
